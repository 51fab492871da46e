/* memory.c - there is no memory left, not a byte: hits go on, and a miss that the broker would have to be asked about is
 * "could not ask" and not the end of the process. `memory UID`: what the broker says may be heard, too. */
#include "host.h"
#include <malloc.h>
#include <sys/resource.h>

static void *kept;

/* Keeps what it takes reachable, so that nothing of it is optimized away. */
static int take(size_t bytes) {
    void **block = malloc(bytes);
    if (!block) return 0;
    *block = kept;
    kept = block;
    return 1;
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    const struct rlimit little = {1, RLIM_INFINITY};
    open_doors();
    CHECK(uid_at_door("ada") == 70001);
    /* no more space for the heap, and what there is is taken */
    CHECK(!setrlimit(RLIMIT_AS, &little));
    for (size_t bytes = 1 << 20; bytes >= sizeof kept; bytes /= 2)
        while (take(bytes)) {}
    CHECK(uid_at_door("ada") == 70001);
    long nemo = uid_at_door("nemo");
    CHECK(nemo == UNAVAILABLE || nemo == atol(argv[1]));
    CHECK(uid_at_door("ada") == 70001);
    return 0;
}
