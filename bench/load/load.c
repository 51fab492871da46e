/* load - what names cost, through glibc or at a module's own door.
 *
 *   load instructions CALLS   DOOR WHAT ARGUMENT    instructions a call, by single steps (slow)
 *   load entries CALLS        DOOR WHAT ARGUMENT    allocations and system calls a call
 *   load calls CALLS          DOOR WHAT ARGUMENT    nothing: for callgrind to count
 *   load time MILLISECONDS    DOOR WHAT ARGUMENT    median and smallest nanoseconds a call
 *   load threads N:MILLISECONDS, load processes N:… the same words: calls a second, all together
 *   load futex N              DOOR WHAT ARGUMENT    futex calls of N threads with 10,000 calls each
 *   load once 1               DOOR WHAT ARGUMENT    nanoseconds of the first call of a process
 *   load program 1            COMMAND …             system calls of a whole program
 *   load spawn ROUNDS         COMMAND …             median and smallest nanoseconds of a whole program
 *
 * DOOR: `glibc`, a service (its libnss_SERVICE.so.2), or `none`: the loop alone.
 * WHAT: `name FILE`, `uid FILE` (lines of a name and an id), `unknown PREFIX` (a few, again and
 * again), `fresh PREFIX` (no name twice), `unanswered NAME` (cannot tell), `groups USER:GID:COUNT`, `members GROUP:0:COUNT`, `list COUNT`. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void once(void) {
    struct caller caller = new_caller();
    uint64_t start = nanoseconds();
    must(&caller);
    printf("%lu\n", (unsigned long)(nanoseconds() - start));
}

static void repeat(unsigned calls) {
    struct caller caller = new_caller();
    while (calls--) must(&caller);
}

int main(int argc, char **argv) {
    if (argc < 4) return fprintf(stderr, "load: too few words; load.c says which\n"), 2;
    const char *mode = argv[1], *behind = strchr(argv[2], ':');
    unsigned number = strtoul(argv[2], NULL, 10), milliseconds = behind ? strtoul(behind + 1, NULL, 10) : 0;
    if (!strcmp(mode, "program")) return count_program(argv + 3), 0;
    if (!strcmp(mode, "spawn")) return time_program(number, argv + 3), 0;
    if (argc != 6) return fprintf(stderr, "load: a door, a question and its argument are needed\n"), 2;
    prepare(argv[3], argv[4], argv[5]);
    if (!strcmp(mode, "instructions")) count_instructions(number);
    else if (!strcmp(mode, "entries")) count_entries(number);
    else if (!strcmp(mode, "calls")) repeat(number);
    else if (!strcmp(mode, "time")) measure(number);
    else if (!strcmp(mode, "threads")) crowd(number, milliseconds, 0);
    else if (!strcmp(mode, "processes")) crowd(number, milliseconds, 1);
    else if (!strcmp(mode, "futex")) futexes(number);
    else if (!strcmp(mode, "once")) once();
    else return fprintf(stderr, "load: no such mode: %s\n", mode), 2;
    return 0;
}
