/* allocates.c - counts the allocations of look-ups: the first one, warm ones, those that exchange the snapshot, and those that
 * map it for themselves alone. There may be none: a host may be in the middle of one of its own. */
#include "generation.h"
#include "held.h"
#include "publish.h"

extern void *__libc_malloc(size_t), *__libc_realloc(void *, size_t), *__libc_calloc(size_t, size_t);

static unsigned long allocations;

/* The library's allocations come here, since the program is searched first. */
void *malloc(size_t n) { allocations++; return __libc_malloc(n); }
void *realloc(void *p, size_t n) { allocations++; return __libc_realloc(p, n); }
void *calloc(size_t n, size_t m) { allocations++; return __libc_calloc(n, m); }

static void look_up(unsigned generation) {
    unsigned long before = allocations;
    struct passwd user;
    char buffer[16];
    int error;
    for (int times = 0; times < 10; times++) {
        CHECK(look_up_at_doors(times) == generation);
        CHECK(uid_at_door("nemo") == ABSENT && uid_at_door("") == ABSENT);
        CHECK(door_by_id(4711, &user, buffer, sizeof buffer, &error) == NSS_STATUS_NOTFOUND);
    }
    CHECK(allocations == before);
}

int main(void) {
    pthread_t readers[READERS];
    open_doors();
    CHECK(allocations > 0); /* the loader's: what is counted is what is called */
    unsigned long before = allocations;
    CHECK(uid_at_door("u1") == UNAVAILABLE && allocations == before);
    publish(1);
    look_up(1);
    publish(2);
    look_up(2);
    prepare_to_hold();
    for (long i = 0; i < READERS; i++) {
        publish(3 + i);
        readers[i] = held(i);
    }
    publish(3 + READERS);
    look_up(3 + READERS);
    let_go = 1;
    for (long i = 0; i < READERS; i++) CHECK(!pthread_join(readers[i], NULL));
    return 0;
}
