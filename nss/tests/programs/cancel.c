/* cancel.c - threads are cancelled while they look up: hits, misses that the broker is asked about, first uses.
 * `cancel NAME UID` looks NAME up in each thread; UID is what a hit gives, or -2 for "could not ask".
 * Deferred cancellation acts in glibc's own calls; inside the library it would take the process with it. */
#include "host.h"
#include <pthread.h>

enum { ROUNDS = 100 };

static const char *name;
static long expected;

static void *looking_up(void *ready) {
    __atomic_store_n((int *)ready, 1, __ATOMIC_RELEASE);
    for (;;) {
        CHECK(uid_at_door(name) == expected);
        pthread_testcancel();
    }
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    name = argv[1];
    expected = atol(argv[2]);
    open_doors();
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t thread;
        int ready = 0;
        void *end;
        CHECK(!pthread_create(&thread, NULL, looking_up, &ready));
        while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE)) {}
        for (int pause = round % 50; pause; pause--) usleep(1);
        CHECK(!pthread_cancel(thread));
        CHECK(!pthread_join(thread, &end) && end == PTHREAD_CANCELED);
    }
    CHECK(uid_at_door(name) == expected);
    CHECK(dup(0) == 3);
    return 0;
}
