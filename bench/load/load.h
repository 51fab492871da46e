/* What the parts of the load program share: doors, questions, one call. */
#pragma once
#define _GNU_SOURCE
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Room for a group of 10,000 members and more. */
#define ROOM (1 << 20)

/* Whoever calls: a thread's own buffer, list of groups and turn. */
struct caller {
    char *buffer;
    gid_t *groups;
    long group_room;
    unsigned long turn;
    /* Unknown names that nobody has asked before start with it. */
    unsigned long seed;
};

/* Sets the door and the question; ends the program with a sentence if it cannot. */
void prepare(const char *door, const char *what, const char *argument);

/* A caller with memory of its own; each with another seed. */
struct caller new_caller(void);

/* One call. 0 when the answer was not the one expected. */
int ask(struct caller *caller);

/* How many different names or ids the question is about, in turn. */
unsigned long subjects(void);

/* How many answers one call of the question gives: users for a listing, else 1. */
unsigned long answers(void);

/* The same, and an unexpected answer ends the program. */
void must(struct caller *caller);

/* malloc, calloc and realloc of this thread so far. */
extern __thread unsigned long allocations;

/* Nanoseconds of the monotonic clock. */
uint64_t nanoseconds(void);

/* Prints the instructions of one call, stepped through one by one. */
void count_instructions(unsigned calls);

/* Prints allocations and system calls of one call. */
void count_entries(unsigned calls);

/* Prints the system calls of a whole program. */
void count_program(char **words);

/* Prints the median and the smallest wall time of a program, in nanoseconds. */
void time_program(unsigned rounds, char **words);

/* Prints the median and the smallest time of a call, in nanoseconds. */
void measure(unsigned milliseconds);

/* Prints calls a second of so many threads or processes at once. */
void crowd(unsigned callers, unsigned milliseconds, int processes);

/* Prints how many futex calls so many threads make in 10,000 calls each. */
void futexes(unsigned threads);
