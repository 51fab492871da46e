/* kill_at.c - `kill_at N[@M] PROGRAM WORD…` runs a server and kills it, as SIGKILL does, when it is about to make its N-th
 * system call after it has taken its first connection, or its M-th. It says `killed` if it came to that. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    char *rest;
    long left = strtol(argv[1], &rest, 10), awaited = *rest == '@' ? atol(rest + 1) : 1;
    int status;
    pid_t server = fork();
    if (!server) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (waitpid(server, &status, 0) != server || !WIFSTOPPED(status)) return 1;
    ptrace(PTRACE_SETOPTIONS, server, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    for (int signal = 0;;) {
        struct __ptrace_syscall_info call;
        ptrace(PTRACE_SYSCALL, server, 0, signal);
        if (waitpid(server, &status, 0) != server || !WIFSTOPPED(status)) return 1;
        signal = WSTOPSIG(status);
        if (signal != (SIGTRAP | 0x80)) continue;
        signal = 0;
        static long number;
        if (ptrace(PTRACE_GET_SYSCALL_INFO, server, sizeof call, &call) <= 0) return 1;
        if (call.op == PTRACE_SYSCALL_INFO_ENTRY) {
            number = call.entry.nr;
            if (awaited <= 0 && --left == 0) break;
        } else if (number == SYS_accept4 && !call.exit.is_error) awaited--;
    }
    kill(server, SIGKILL);
    waitpid(server, &status, 0);
    return puts("killed") < 0;
}
