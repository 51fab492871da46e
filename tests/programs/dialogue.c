/* dialogue.c - programs that ask PAM in their own ways, through the service `locker`.
 *
 *   dialogue together USER PASSWORD USER PASSWORD   two threads, both asked before either answers; says both codes
 *   dialogue wait USER FILE                         makes FILE when the password is asked for, and never answers */
#include <fcntl.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct person {
    const char *name, *password, *file;
    int code;
};

static pthread_barrier_t both;

static int answer(int count, const struct pam_message **messages, struct pam_response **responses, void *data) {
    struct person *person = data;
    *responses = calloc(count, sizeof **responses);
    for (int i = 0; i < count; i++) {
        if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF) continue;
        if (person->file) {
            close(open(person->file, O_CREAT | O_WRONLY, 0600));
            for (;;) pause();
        }
        pthread_barrier_wait(&both);
        (*responses)[i].resp = strdup(person->password);
    }
    return PAM_SUCCESS;
}

static void *login(void *data) {
    struct person *person = data;
    struct pam_conv conversation = {answer, person};
    pam_handle_t *handle;
    person->code = pam_start("locker", person->name, &conversation, &handle);
    if (person->code) return NULL;
    person->code = pam_authenticate(handle, 0);
    if (!person->code) person->code = pam_acct_mgmt(handle, 0);
    pam_end(handle, person->code);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc == 4 && !strcmp(argv[1], "wait")) {
        struct person person = {argv[2], NULL, argv[3], 0};
        login(&person);
        return 1;
    }
    if (argc != 6 || strcmp(argv[1], "together")) return 2;
    struct person people[2] = {{argv[2], argv[3], NULL, 0}, {argv[4], argv[5], NULL, 0}};
    pthread_t threads[2];
    alarm(60);
    pthread_barrier_init(&both, NULL, 2);
    for (int i = 0; i < 2; i++) pthread_create(threads + i, NULL, login, people + i);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    printf("%d %d\n", people[0].code, people[1].code);
    return 0;
}
