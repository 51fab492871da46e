/* round_trip - the least that asking anybody over a socket costs: connect, a call, an answer, close.
 *
 *   round_trip MILLISECONDS    median and smallest nanoseconds of a round trip
 *
 * A server of its own in a child, woken for each connection, as any broker is. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALL = 64, ANSWER = 64, MOST = 200000 };

static struct sockaddr_un address = {AF_UNIX, "/tmp/round-trip.sock"};

static void serve(int listener) {
    char buffer[CALL];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        int peer = accept(listener, NULL, NULL);
        if (recv(peer, buffer, CALL, MSG_WAITALL) == CALL) send(peer, buffer, ANSWER, MSG_NOSIGNAL);
        close(peer);
    }
}

static uint64_t nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void ask(void) {
    char buffer[CALL] = "who";
    int own = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(own, (void *)&address, sizeof address) || send(own, buffer, CALL, MSG_NOSIGNAL) != CALL ||
        recv(own, buffer, ANSWER, MSG_WAITALL) != ANSWER) {
        perror("round_trip");
        exit(1);
    }
    close(own);
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    static uint64_t times[MOST];
    unsigned done = 0;
    if (argc != 2) return fprintf(stderr, "usage: round_trip MILLISECONDS\n"), 2;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(address.sun_path);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 16)) return perror("round_trip"), 1;
    pid_t server = fork();
    if (!server) serve(listener);
    uint64_t end = nanoseconds() + strtoul(argv[1], NULL, 10) * 1000000ull;
    do {
        uint64_t start = nanoseconds();
        ask();
        times[done++] = nanoseconds() - start;
    } while (done < MOST && nanoseconds() < end);
    qsort(times, done, sizeof *times, ascending);
    printf("%lu.0 %lu.0\n", (unsigned long)times[done / 2], (unsigned long)times[0]);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    unlink(address.sun_path);
    return 0;
}
