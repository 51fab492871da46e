/* threads.c - 64 threads look up through glibc and at the library's doors while the snapshot is replaced a thousand
 * times, each time as soon as one of them has seen the newest; each answer belongs wholly to one
 * generation. Then nothing is left but the mapping that counts. */
#include "generation.h"
#include "publish.h"
#include <pthread.h>
#include <semaphore.h>

enum { THREADS = 64, READY = 40, GENERATIONS = 1000 };

static volatile int done;
static unsigned awaited;
static sem_t was_seen;

static void *looking_up(void *which) {
    for (unsigned long i = (unsigned long)which; !done; i++) {
        unsigned generation = look_up_at_doors(i % USERS);
        if (__atomic_compare_exchange_n(&awaited, &generation, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            CHECK(!sem_post(&was_seen));
        if (i % 8 == 0) look_up_everything(i % USERS);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    open_doors();
    CHECK(!sem_init(&was_seen, 0, 0));
    publish(1);
    for (long i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], NULL, looking_up, (void *)i));
    for (unsigned i = 1; i <= GENERATIONS; i++) {
        publish(1 + i % READY);
        __atomic_store_n(&awaited, 1 + i % READY, __ATOMIC_SEQ_CST);
        CHECK(!sem_wait(&was_seen));
    }
    done = 1;
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_join(threads[i], NULL));
    /* whoever was the last to read an old mapping, the next exchange releases it */
    for (unsigned generation = 1; generation < 3; generation++) {
        publish(generation);
        CHECK(look_up_at_doors(1) == generation);
    }
    CHECK(mappings() == 1 && dup(0) == 3);
    return 0;
}
