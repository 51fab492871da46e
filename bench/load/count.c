/* Counting without hardware counters: a child is stepped through its calls one instruction at a
 * time. Exact; what runs in the vDSO counts too, and a repeated string instruction counts once. */
#include "load.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Parent and child on one processor: each step is a switch between the two. */
static void share_a_processor(void) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
}

static unsigned long place(pid_t child) {
#ifdef __x86_64__
    return ptrace(PTRACE_PEEKUSER, child, (void *)offsetof(struct user_regs_struct, rip), 0);
#else
    static unsigned long steps;
    (void)child;
    return ++steps;
#endif
}

/* Whether the child goes on; it ends, or raises SIGUSR2 when it is through. */
static int goes_on(int status) { return WIFSTOPPED(status) && WSTOPSIG(status) != SIGUSR2; }

/* Steps to the child's end. */
static unsigned long instructions(pid_t child, int *status) {
    unsigned long steps = 0, before = 0;
    while (goes_on(*status)) {
        unsigned long now = place(child);
        steps += now != before;
        before = now;
        ptrace(PTRACE_SINGLESTEP, child, 0, 0);
        waitpid(child, status, __WALL);
    }
    return steps;
}

/* The same for entries into the kernel; each shows twice. */
static unsigned long system_calls(pid_t child, int *status) {
    unsigned long stops = 0;
    while (goes_on(*status)) {
        stops += WSTOPSIG(*status) == (SIGTRAP | 0x80);
        ptrace(PTRACE_SYSCALL, child, 0, 0);
        waitpid(child, status, __WALL);
    }
    return stops / 2;
}

typedef unsigned long counter(pid_t, int *);

/* A child that ends badly has counted nothing. */
static unsigned long traced(pid_t child, counter *what) {
    int status;
    waitpid(child, &status, __WALL);
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    unsigned long seen = what(child, &status);
    if (!WIFSTOPPED(status) && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) exit(1);
    if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        waitpid(child, &status, __WALL);
    }
    return seen;
}

/* What a warm child needs for `calls` calls. */
static unsigned long calling(unsigned calls, counter *what) {
    pid_t child = fork();
    if (!child) {
        struct caller caller = new_caller();
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        for (unsigned i = 0; i < subjects() && i < 64; i++) must(&caller);
        caller.turn = 0;
        raise(SIGUSR1);
        for (unsigned i = 0; i < calls; i++) must(&caller);
        raise(SIGUSR2);
        _exit(0);
    }
    return traced(child, what);
}

void count_instructions(unsigned calls) {
    share_a_processor();
    double steps = calling(calls, instructions) - calling(0, instructions);
    printf("%.2f\n", steps / calls / answers());
}

void count_entries(unsigned calls) {
    struct caller caller = new_caller();
    for (unsigned i = 0; i < subjects() && i < 64; i++) must(&caller);
    unsigned long before = allocations;
    for (unsigned i = 0; i < calls; i++) must(&caller);
    double allocated = allocations - before;
    double entries = calling(calls, system_calls) - calling(0, system_calls);
    printf("%.2f %.2f\n", allocated / calls / answers(), entries / calls / answers());
}

static pid_t start(char **words) {
    pid_t child = fork();
    if (!child) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        if (!freopen("/dev/null", "w", stdout)) _exit(126);
        execvp(words[0], words);
        _exit(127);
    }
    return child;
}

void count_program(char **words) { printf("%lu\n", traced(start(words), system_calls)); }
