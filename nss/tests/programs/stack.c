/* stack.c - looks up on a thread with the smallest stack that there may be.
 * `stack NAME UID`; UID is what a hit gives, or -2 for "could not ask". */
#include "host.h"
#include <limits.h>
#include <pthread.h>

static char **words;

static void *looking_up(void *nothing) {
    CHECK(uid_at_door(words[1]) == atol(words[2]));
    return nothing;
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    words = argv;
    open_doors();
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(!pthread_attr_init(&attributes));
    CHECK(!pthread_attr_setstacksize(&attributes, 16384));
    for (int round = 0; round < 2; round++) {
        CHECK(!pthread_create(&thread, &attributes, looking_up, NULL));
        CHECK(!pthread_join(thread, NULL));
    }
    return 0;
}
