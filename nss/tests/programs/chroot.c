/* chroot.c - a host that changes its root to an empty folder: `chroot FOLDER before` the first look-up, where nothing can
 * be asked, or `after` it, where all that is mapped is answered. */
#include "generation.h"

int main(int argc, char **argv) {
    CHECK(argc == 3);
    open_doors();
    int after = !strcmp(argv[2], "after");
    if (after) look_up_everything(1);
    CHECK(!chroot(argv[1]) && !chdir("/"));
    if (after) {
        look_up_at_doors(2);
        look_up_everything(3);
        CHECK(uid_at_door("nemo") == ABSENT);
    } else CHECK(uid_at_door("u1") == UNAVAILABLE && uid_at_door("nemo") == UNAVAILABLE);
    return 0;
}
