/* full.c - no descriptor is left: through glibc the first look-up is "could not ask" and a mapped snapshot is answered;
 * a newer one is followed as soon as there is a descriptor again. */
#include "generation.h"
#include "publish.h"
#include <sys/resource.h>
#include <time.h>

static int taken[64];

static void fill(void) {
    for (int i = 0; i < 64; i++) taken[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK(taken[63] < 0 && errno == EMFILE);
}

static void free_all(void) {
    for (int i = 0; i < 64 && taken[i] >= 0; i++) close(taken[i]);
}

int main(void) {
    const struct rlimit limit = {64, 64};
    CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
    /* glibc loads the library now; there is no snapshot yet */
    open_doors();
    CHECK(uid_of("u1") == UNAVAILABLE);
    publish(1);
    fill();
    CHECK(uid_of("u1") == UNAVAILABLE && uid_at_door("u1") == UNAVAILABLE);
    free_all();
    look_up_everything(1);
    fill();
    look_up_everything(2);
    free_all();
    publish(2);
    fill();
    CHECK(look_up_at_doors(3) == 1);
    free_all();
    for (time_t start = time(NULL); look_up_at_doors(3) == 1; usleep(10000)) CHECK(time(NULL) - start < 20);
    CHECK(look_up_at_doors(3) == 2);
    return 0;
}
