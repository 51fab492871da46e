/* lookup - what a look-up by name costs.
 *
 *   lookup time LIBRARY|glibc PREFIX COUNT FIRST     nanoseconds a call, best of many batches
 *   lookup count LIBRARY|glibc PREFIX COUNT FIRST    instructions, allocations and system calls a call
 *
 * Names are PREFIX and five digits, FIRST to FIRST + COUNT - 1, in a scattered
 * order. LIBRARY is called at its own door, `glibc` through getpwnam_r.
 * "count" steps a child through the calls one instruction at a time: exact,
 * and what runs in the vDSO counts too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <nss.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef enum nss_status look_up(const char *, struct passwd *, char *, size_t, int *);
extern void *__libc_malloc(size_t), *__libc_realloc(void *, size_t), *__libc_calloc(size_t, size_t);

static look_up *module;
static char (*names)[64];
static unsigned name_count, turn;
static unsigned long allocations;

/* The library's allocations come here, since the program is searched first. */
void *malloc(size_t n) { allocations++; return __libc_malloc(n); }
void *realloc(void *p, size_t n) { allocations++; return __libc_realloc(p, n); }
void *calloc(size_t n, size_t m) { allocations++; return __libc_calloc(n, m); }

static void call(void) {
    static char buffer[4096];
    struct passwd user, *found = NULL;
    const char *name = names[turn++ * 7919u % name_count];
    int error, ok;
    if (module) ok = module(name, &user, buffer, sizeof buffer, &error) == NSS_STATUS_SUCCESS;
    else ok = !getpwnam_r(name, &user, buffer, sizeof buffer, &found) && found;
    if (!ok) { fprintf(stderr, "%s was not found\n", name); _exit(1); }
}

static double nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static void measure_time(void) {
    double best = 1e18;
    for (int batch = 0; batch < 400; batch++) {
        double start = nanoseconds();
        for (int i = 0; i < 500; i++) call();
        double each = (nanoseconds() - start) / 500;
        if (each < best) best = each;
    }
    printf("%.1f\n", best);
}

/* Whether the child is about to enter the kernel: the bytes 0f 05, syscall. */
static int at_system_call(pid_t child) {
#ifdef __x86_64__
    struct user_regs_struct r;
    ptrace(PTRACE_GETREGS, child, 0, &r);
    return (ptrace(PTRACE_PEEKTEXT, child, (void *)r.rip, 0) & 0xffff) == 0x050f;
#else
    (void)child;
    return 0;
#endif
}

/* Instructions and system calls of `calls` calls, warm, in a child of its own. */
static void step(int calls, unsigned long *steps, unsigned long *system_calls) {
    pid_t child = fork();
    if (!child) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        for (int i = 0; i < 5; i++) call();
        raise(SIGUSR1);
        for (int i = 0; i < calls; i++) call();
        raise(SIGUSR2);
        _exit(0);
    }
    int status;
    *steps = *system_calls = 0;
    waitpid(child, &status, 0);
    while (WIFSTOPPED(status) && WSTOPSIG(status) != SIGUSR2) {
        *steps += 1;
        *system_calls += at_system_call(child);
        ptrace(PTRACE_SINGLESTEP, child, 0, 0);
        waitpid(child, &status, 0);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

static void measure_counts(void) {
    enum { CALLS = 40 };
    unsigned long one, many, one_system, many_system, before;
    step(1, &one, &one_system);
    step(1 + CALLS, &many, &many_system);
    call();
    before = allocations;
    for (int i = 0; i < CALLS; i++) call();
    printf("%.0f %.2f %.2f\n", (double)(many - one) / CALLS,
           (double)(allocations - before) / CALLS, (double)(many_system - one_system) / CALLS);
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    name_count = atoi(argv[4]);
    names = calloc(name_count, sizeof *names);
    for (unsigned i = 0; i < name_count; i++)
        snprintf(names[i], sizeof *names, "%s%05u", argv[3], i + atoi(argv[5]));
    if (strcmp(argv[2], "glibc")) {
        void *library = dlopen(argv[2], RTLD_NOW);
        if (!library) { fprintf(stderr, "%s\n", dlerror()); return 1; }
        module = (look_up *)dlsym(library, "_nss_muster_getpwnam_r");
        if (!module) module = (look_up *)dlsym(library, "_nss_floor_getpwnam_r");
        if (!module) return 1;
    }
    call();
    if (!strcmp(argv[1], "time")) measure_time();
    else measure_counts();
    return 0;
}
