/* descent.c - a child of a child of a child …, each of which follows newer snapshots by itself: whatever they inherit
 * keeps nobody from the newest, and no process has more mappings than ancestors and itself. */
#include "generation.h"
#include "publish.h"
#include <sys/wait.h>

enum { DEPTH = 8 };

int main(void) {
    unsigned generation = 0;
    open_doors();
    for (int depth = 1; depth <= DEPTH; depth++) {
        for (int times = 0; times < 3; times++) {
            publish(++generation);
            CHECK(look_up_at_doors(times) == generation);
            look_up_everything(times);
        }
        CHECK(mappings() <= depth);
        pid_t child = fork();
        if (!child) continue;
        int status;
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
        /* the youngest has published the last one */
        CHECK(look_up_at_doors(1) == 3 * DEPTH);
        return 0;
    }
    return 0;
}
