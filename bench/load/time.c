/* Times: of a call, by batches; of a whole program; of many callers at once. */
#include "load.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint64_t nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(double *times, unsigned count) {
    qsort(times, count, sizeof *times, ascending);
    printf("%.1f %.1f\n", times[count / 2], times[0]);
}

/* Nanoseconds of a call, of a batch that long. */
static double batch(struct caller *caller, unsigned calls) {
    uint64_t start = nanoseconds();
    for (unsigned i = 0; i < calls; i++) must(caller);
    return (double)(nanoseconds() - start) / calls / answers();
}

void measure(unsigned milliseconds) {
    enum { MOST = 20000 };
    struct caller caller = new_caller();
    static double times[MOST];
    /* Everybody once, so that pages are mapped and caches filled, if that does not take too long. */
    uint64_t enough = nanoseconds() + 500000000;
    for (unsigned long i = 0; i < subjects() + 2 && nanoseconds() < enough; i++) must(&caller);
    double each = batch(&caller, 4) * answers();
    unsigned calls = each > 50000 ? 1 : 50000 / each, done = 0;
    uint64_t end = nanoseconds() + milliseconds * 1000000ull;
    do times[done++] = batch(&caller, calls);
    while (done < MOST && nanoseconds() < end);
    print(times, done);
}

static double run(char **words) {
    uint64_t start = nanoseconds();
    pid_t child = fork();
    if (!child) {
        if (!freopen("/dev/null", "w", stdout)) _exit(126);
        execvp(words[0], words);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    return nanoseconds() - start;
}

void time_program(unsigned rounds, char **words) {
    double *times = calloc(rounds, sizeof *times);
    for (unsigned i = 0; i < rounds; i++) times[i] = run(words);
    print(times, rounds);
}

/* Callers at once: shared by threads and by forked processes alike. */
static struct crowd {
    volatile unsigned ready, go, stop, left;
    unsigned long futexes;
    struct { volatile unsigned long calls; char apart[56]; } of[64];
} *shared;

static void *worker(void *number) {
    struct caller caller = new_caller();
    unsigned long own = (unsigned long)number, calls = 0;
    must(&caller);
    __atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
    while (!shared->go) usleep(100);
    while (!shared->stop) {
        for (int i = 0; i < 16; i++) must(&caller);
        shared->of[own].calls = calls += 16;
    }
    return NULL;
}

void crowd(unsigned callers, unsigned milliseconds, int processes) {
    pthread_t threads[64];
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (unsigned long i = 0; i < callers; i++) {
        if (!processes) pthread_create(&threads[i], NULL, worker, (void *)i);
        else if (!fork()) { worker((void *)i); _exit(0); }
    }
    while (shared->ready < callers) usleep(100);
    uint64_t start = nanoseconds();
    shared->go = 1;
    usleep(milliseconds * 1000);
    unsigned long calls = 0;
    for (unsigned i = 0; i < callers; i++) calls += shared->of[i].calls;
    double seconds = (nanoseconds() - start) / 1e9;
    shared->stop = 1;
    for (unsigned i = 0; i < callers; i++)
        if (processes) wait(NULL); else pthread_join(threads[i], NULL);
    printf("%.0f\n", calls / seconds);
}

static void count_futex(int signal) {
    (void)signal;
    __atomic_add_fetch(&shared->futexes, 1, __ATOMIC_SEQ_CST);
}

/* From here on a futex call of this thread is not made but counted. */
static void catch_futexes(void) {
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog all = {sizeof program / sizeof *program, program};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all)) perror("seccomp"), exit(1);
}

static void *watched(void *unused) {
    struct caller caller = new_caller();
    must(&caller);
    catch_futexes();
    __atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
    while (!shared->go) usleep(100);
    for (int i = 0; i < 10000; i++) must(&caller);
    __atomic_add_fetch(&shared->left, 1, __ATOMIC_SEQ_CST);
    for (;;) pause();
    return unused;
}

void futexes(unsigned threads) {
    pthread_t thread;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSYS, &(struct sigaction){.sa_handler = count_futex}, NULL);
    for (unsigned i = 0; i < threads; i++) pthread_create(&thread, NULL, watched, NULL);
    while (shared->ready < threads) usleep(100);
    shared->go = 1;
    while (shared->left < threads) usleep(100);
    printf("%lu\n", shared->futexes);
    fflush(stdout);
    _exit(0); /* joining would need a futex */
}
