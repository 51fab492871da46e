/* login - what logging in through a PAM service costs: pam_start, pam_authenticate, pam_acct_mgmt, pam_end.
 *
 *   login rate SERVICE PEOPLE MILLISECONDS PROCESSES   logins a second, median ns, 99 % ns, how many failed
 *   login crowd SERVICE PEOPLE COUNT                   how many got in, ns until the last had, ns of the median
 *   login once SERVICE NAME PASSWORD                   PAM code and ns of authentication, PAM code and ns of account
 *
 * PEOPLE is a file with a name at the start of each line; everybody's password is `password-` and the name. `rate`
 * takes the first twenty in turn; `crowd` starts COUNT processes, each of which logs in another one at the same time. */
#define _GNU_SOURCE
#include <security/pam_appl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NAME = 64, PEOPLE = 1000, IN_TURN = 20, MOST = 100000, PROCESSES = 64, CODES = 64 };

struct outcome {
    int authenticated, accounted;
    uint64_t authentication, account;
};

static char names[PEOPLE][NAME];
static unsigned known;

static uint64_t nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "login: %s\n", what);
    exit(1);
}

static void *shared(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail("no memory");
    return memory;
}

static void read_names(const char *path) {
    char line[256];
    FILE *file = fopen(path, "re");
    if (!file) fail(path);
    while (known < PEOPLE && fgets(line, sizeof line, file))
        if (sscanf(line, "%63s", names[known]) == 1) known++;
    fclose(file);
    if (!known) fail("nobody to log in");
}

static int answer(int count, const struct pam_message **messages, struct pam_response **responses, void *password) {
    *responses = calloc(count, sizeof **responses);
    if (!*responses) return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        int style = messages[i]->msg_style;
        if (style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON) (*responses)[i].resp = strdup(password);
    }
    return PAM_SUCCESS;
}

static struct outcome login(const char *service, const char *name, const char *password) {
    struct pam_conv conversation = {answer, (void *)password};
    struct outcome outcome = {PAM_SYSTEM_ERR, PAM_SYSTEM_ERR, 0, 0};
    pam_handle_t *handle;
    uint64_t start = nanoseconds(), between;
    if (pam_start(service, name, &conversation, &handle)) return outcome;
    outcome.authenticated = pam_authenticate(handle, PAM_SILENT);
    between = nanoseconds();
    outcome.accounted = pam_acct_mgmt(handle, PAM_SILENT);
    pam_end(handle, outcome.accounted);
    outcome.authentication = between - start;
    outcome.account = nanoseconds() - between;
    return outcome;
}

/* 0 when the person did not get in: then `code` says why. */
static uint64_t timed(const char *service, const char *name, int *code) {
    char password[NAME + 16];
    snprintf(password, sizeof password, "password-%s", name);
    struct outcome outcome = login(service, name, password);
    *code = outcome.authenticated ? outcome.authenticated : outcome.accounted;
    if (*code) return 0;
    return outcome.authentication + outcome.account;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The times of one process. */
struct times {
    unsigned done, failed;
    uint64_t taken[MOST];
};

static void log_in_until(const char *service, uint64_t end, unsigned first, struct times *times) {
    unsigned turns = known < IN_TURN ? known : IN_TURN;
    for (unsigned turn = first; times->done < MOST && nanoseconds() < end; turn++) {
        int code;
        uint64_t took = timed(service, names[turn % turns], &code);
        if (took)
            times->taken[times->done++] = took;
        else
            times->failed++;
    }
}

static int rate(const char *service, unsigned milliseconds, unsigned processes) {
    if (!processes || processes > PROCESSES) fail("1 to 64 processes");
    struct times *times = shared(processes * sizeof *times);
    uint64_t start = nanoseconds(), end = start + milliseconds * 1000000ull;
    for (unsigned i = 0; i < processes; i++)
        if (!fork()) {
            log_in_until(service, end, i, times + i);
            _exit(0);
        }
    while (wait(NULL) > 0) {}
    double seconds = (nanoseconds() - start) / 1e9;
    unsigned done = 0, failed = 0;
    for (unsigned i = 0; i < processes; i++) done += times[i].done, failed += times[i].failed;
    uint64_t *all = malloc((done + 1) * sizeof *all);
    if (!all || !done) fail("nobody got in");
    for (unsigned i = 0, at = 0; i < processes; at += times[i++].done)
        memcpy(all + at, times[i].taken, times[i].done * sizeof *all);
    qsort(all, done, sizeof *all, ascending);
    printf("%.1f %lu %lu %u\n", done / seconds, (unsigned long)all[done / 2],
           (unsigned long)all[(unsigned)((done - 1) * .99)], failed);
    return 0;
}

static int crowd(const char *service, unsigned count) {
    int gate[2];
    char nothing;
    if (count > known || pipe(gate)) fail("a crowd has at most as many as there are people");
    uint64_t *taken = shared(count * sizeof *taken);
    int *codes = shared(count * sizeof *codes), refused[CODES] = {0};
    for (unsigned i = 0; i < count; i++) {
        pid_t child = fork();
        if (child < 0) fail("fork");
        if (!child) {
            close(gate[1]);
            if (read(gate[0], &nothing, 1) == 0) taken[i] = timed(service, names[i], codes + i);
            _exit(0);
        }
    }
    uint64_t start = nanoseconds();
    close(gate[1]); /* and off they go */
    while (wait(NULL) > 0) {}
    uint64_t all = nanoseconds() - start;
    unsigned in = 0;
    for (unsigned i = 0; i < count; i++) in += taken[i] > 0, refused[(unsigned)codes[i] % CODES]++;
    for (int code = 1; code < CODES; code++)
        if (refused[code]) fprintf(stderr, "login: %d times PAM's code %d\n", refused[code], code);
    qsort(taken, count, sizeof *taken, ascending);
    printf("%u %lu %lu\n", in, (unsigned long)all, in ? (unsigned long)taken[count - 1 - (in - 1) / 2] : 0);
    return 0;
}

static int once(const char *service, const char *name, const char *password) {
    struct outcome outcome = login(service, name, password);
    printf("%d %lu %d %lu\n", outcome.authenticated, (unsigned long)outcome.authentication, outcome.accounted,
           (unsigned long)outcome.account);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 5 && !strcmp(argv[1], "once")) return once(argv[2], argv[3], argv[4]);
    if (argc > 3) read_names(argv[3]);
    if (argc == 6 && !strcmp(argv[1], "rate")) return rate(argv[2], atoi(argv[4]), atoi(argv[5]));
    if (argc == 5 && !strcmp(argv[1], "crowd")) return crowd(argv[2], atoi(argv[4]));
    return fprintf(stderr, "usage: login rate SERVICE PEOPLE MILLISECONDS PROCESSES | crowd SERVICE PEOPLE COUNT | "
                           "once SERVICE NAME PASSWORD\n"), 2;
}
