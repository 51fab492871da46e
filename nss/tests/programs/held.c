/* held.c - readers that stay inside while their snapshots are replaced, and processes forked meanwhile. */
#include "generation.h"
#include "held.h"
#include "publish.h"
#include <sys/wait.h>

static void wait_for(pid_t child) {
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
}

int main(void) {
    pthread_t readers[READERS];
    unsigned generation = 0;
    open_doors();
    prepare_to_hold();
    for (long i = 0; i < READERS; i++) {
        publish(++generation);
        readers[i] = held(i);
        CHECK(look_up_at_doors(3) == generation);
    }
    /* every seat is taken, and still the newest is answered */
    for (generation++; generation <= READERS + 2; generation++) {
        publish(generation);
        CHECK(look_up_at_doors(3) == generation);
    }

    /* a child has none of the readers; it follows all the same, and what it has mapped does not grow */
    pid_t child = fork();
    if (!child) {
        int inherited = mappings();
        for (; generation <= READERS + 10; generation++) {
            publish(generation);
            CHECK(look_up_at_doors(4) == generation);
        }
        CHECK(mappings() <= inherited + 1);
        _exit(0);
    }
    wait_for(child);
    generation = READERS + 11;
    CHECK(look_up_at_doors(6) == generation - 1);

    /* each reader got what it had begun with, and the next exchange releases all of it */
    let_go = 1;
    for (long i = 0; i < READERS; i++) {
        void *found;
        CHECK(!pthread_join(readers[i], &found) && (long)found == i + 1);
    }
    publish(generation);
    CHECK(look_up_at_doors(7) == generation);
    publish(++generation);
    CHECK(look_up_at_doors(8) == generation && mappings() == 1);
    return 0;
}
