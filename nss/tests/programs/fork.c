/* fork.c - forks over and over while threads look up through glibc and somebody replaces the snapshot: the handlers around
 * fork(2) look up, each child does at once, by itself and through glibc, and a vfork child does before it
 * executes another program. */
#include "generation.h"
#include <pthread.h>
#include <sys/wait.h>

enum { THREADS = 4, FORKS = 150 };

static volatile int done;

static void *looking_up(void *nothing) {
    for (unsigned i = 0; !done; i++) look_up_everything(i % USERS);
    return nothing;
}

static void wait_for(pid_t child) {
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void child_of_a_child(unsigned i) {
    pid_t child = fork();
    if (!child) {
        look_up_at_doors(i % USERS);
        _exit(0);
    }
    wait_for(child);
}

static void around_fork(void) { look_up_at_doors(9); }

int main(void) {
    pthread_t threads[THREADS];
    open_doors();
    CHECK(!pthread_atfork(around_fork, around_fork, around_fork));
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], NULL, looking_up, NULL));
    for (unsigned i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (!child) {
            alarm(20);
            look_up_at_doors(i % USERS);
            look_up_everything(i % USERS);
            if (i % 10 == 0) child_of_a_child(i);
            _exit(0);
        }
        wait_for(child);
        child = vfork();
        if (!child) {
            look_up_at_doors(i % USERS);
            execl("/bin/true", "true", (char *)NULL);
            _exit(1);
        }
        wait_for(child);
    }
    done = 1;
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_join(threads[i], NULL));
    return 0;
}
