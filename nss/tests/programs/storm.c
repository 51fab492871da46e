/* storm.c - a timer's signal every 100 microseconds, whose handler itself looks up, on a small stack of its own, while the main
 * program looks up and somebody replaces the snapshot. `storm SECONDS NAME`: NAME has to be asked about and cannot be, in time. */
#include "generation.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t storms;

static void on_alarm(int number) {
    int kept = errno;
    CHECK(number == SIGALRM);
    look_up_at_doors(storms++ % USERS);
    errno = kept;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void storm(int microseconds) {
    const struct itimerval every = {{0, microseconds}, {0, microseconds}};
    CHECK(!setitimer(ITIMER_REAL, &every, NULL));
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    open_doors();
    sigset_t mask, before;
    /* no SA_RESTART: every call that can be interrupted is */
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK}, kept;
    const stack_t small = {.ss_sp = malloc(32768), .ss_size = 32768};
    CHECK(small.ss_sp && !sigaltstack(&small, NULL));
    CHECK(!sigaction(SIGALRM, &action, NULL) && !sigprocmask(SIG_SETMASK, NULL, &before));
    storm(100);
    double end = now() + atof(argv[1]);
    for (unsigned i = 0; now() < end; i++) {
        look_up_at_doors(i % USERS);
        look_up_everything(i % USERS);
    }
    double start = now();
    CHECK(uid_at_door(argv[2]) == UNAVAILABLE && now() - start < 5);
    storm(0);
    CHECK(storms > 100);
    CHECK(!sigaction(SIGALRM, NULL, &kept) && kept.sa_handler == on_alarm);
    CHECK(!sigprocmask(SIG_SETMASK, NULL, &mask) && !memcmp(&mask, &before, sizeof(long)));
    return 0;
}
