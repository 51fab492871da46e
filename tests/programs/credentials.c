/* credentials.c - every pam_* function with every flag through the service `flags`, each on a handle of its own and
 * pam_setcred once more behind a login, and what is left in the process afterwards.
 *
 *   credentials USER PASSWORD
 *
 * says for each: FUNCTION FLAGS CODE TEXTS LEFT, where TEXTS counts what the person was told, and LEFT is `nothing`
 * or names what has changed between pam_start and the end of pam_end. */
#include <dirent.h>
#include <errno.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct person {
    const char *name, *password;
    int texts;
};

struct state {
    int descriptors, threads, variables;
    mode_t mask;
    uid_t uid, effective;
    void (*handlers[32])(int);
    sigset_t blocked;
    char folder[4096];
};

struct call {
    const char *name;
    int (*function)(pam_handle_t *, int);
    int flags;
};

static int answer(int count, const struct pam_message **messages, struct pam_response **responses, void *data) {
    struct person *person = data;
    *responses = calloc(count, sizeof **responses);
    for (int i = 0; i < count; i++) {
        int style = messages[i]->msg_style;
        if (style == PAM_PROMPT_ECHO_OFF) (*responses)[i].resp = strdup(person->password);
        if (style == PAM_ERROR_MSG || style == PAM_TEXT_INFO) person->texts++;
    }
    return PAM_SUCCESS;
}

static int entries(const char *path) {
    DIR *folder = opendir(path);
    int count = 0;
    while (folder && readdir(folder)) count++;
    closedir(folder);
    return count;
}

static void look(struct state *state) {
    memset(state, 0, sizeof *state);
    state->descriptors = entries("/proc/self/fd");
    state->threads = entries("/proc/self/task");
    while (environ[state->variables]) state->variables++;
    state->mask = umask(022);
    umask(state->mask);
    state->uid = getuid();
    state->effective = geteuid();
    for (int i = 1; i < 32; i++) {
        struct sigaction action;
        sigaction(i, NULL, &action);
        state->handlers[i] = action.sa_handler;
    }
    sigprocmask(SIG_BLOCK, NULL, &state->blocked);
    if (!getcwd(state->folder, sizeof state->folder)) exit(3);
}

static int is_mapped(const char *name) {
    char line[4096];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) found |= strstr(line, name) != NULL;
    fclose(maps);
    return found;
}

static const char *left(const struct state *before, char **variables) {
    struct state after;
    look(&after);
    if (after.descriptors != before->descriptors) return "a descriptor";
    if (after.threads != before->threads) return "a thread";
    if (after.variables != before->variables) return "a variable of the process";
    if (after.mask != before->mask) return "a mask";
    if (after.uid != before->uid || after.effective != before->effective) return "another uid";
    if (memcmp(after.handlers, before->handlers, sizeof after.handlers)) return "a signal's handler";
    if (memcmp(&after.blocked, &before->blocked, sizeof after.blocked)) return "a blocked signal";
    if (strcmp(after.folder, before->folder)) return "another folder";
    if (variables && *variables) return "a variable of PAM's";
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD) return "a child";
    if (is_mapped("pam_muster")) return "the module";
    return "nothing";
}

static void run(const struct call *call, struct person *person, int login) {
    struct pam_conv conversation = {answer, person};
    struct state before;
    pam_handle_t *handle;
    look(&before);
    if (pam_start("flags", person->name, &conversation, &handle)) exit(3);
    int code = login ? pam_authenticate(handle, PAM_SILENT) : PAM_SUCCESS;
    person->texts = 0;
    if (!code) code = call->function(handle, call->flags);
    int texts = person->texts;
    char **variables = pam_getenvlist(handle);
    pam_end(handle, code);
    printf("%s%s %#x %d %d %s\n", login ? "login+" : "", call->name, call->flags, code, texts, left(&before, variables));
}

int main(int argc, char **argv) {
    static const struct call calls[] = {
        {"authenticate", pam_authenticate, 0},
        {"authenticate", pam_authenticate, PAM_DISALLOW_NULL_AUTHTOK},
        {"setcred", pam_setcred, 0},
        {"setcred", pam_setcred, PAM_ESTABLISH_CRED},
        {"setcred", pam_setcred, PAM_DELETE_CRED},
        {"setcred", pam_setcred, PAM_REINITIALIZE_CRED},
        {"setcred", pam_setcred, PAM_REFRESH_CRED},
        {"acct_mgmt", pam_acct_mgmt, 0},
        {"acct_mgmt", pam_acct_mgmt, PAM_DISALLOW_NULL_AUTHTOK},
        {"open_session", pam_open_session, 0},
        {"close_session", pam_close_session, 0},
        {"chauthtok", pam_chauthtok, 0},
        {"chauthtok", pam_chauthtok, PAM_CHANGE_EXPIRED_AUTHTOK},
    };
    if (argc != 3) return 2;
    struct person person = {argv[1], argv[2], 0};
    alarm(100);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (int silent = 0; silent < 2; silent++) {
            struct call call = calls[i];
            call.flags |= silent ? PAM_SILENT : 0;
            run(&call, &person, 0);
            if (call.function == pam_setcred) run(&call, &person, 1);
        }
    }
    return 0;
}
