/* fork_inside.c - a signal's handler forks in the middle of a look-up; the child looks up newer snapshots in the
 * handler and then returns into the look-up that was interrupted, as the parent does. */
#include "generation.h"
#include "held.h"
#include "publish.h"
#include <sys/wait.h>

static pid_t child;

static void fork_and_look_up(void) {
    child = fork();
    if (child) {
        int status;
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
        CHECK(look_up_at_doors(3) == 3);
        return;
    }
    publish(2);
    CHECK(look_up_at_doors(3) == 2);
    publish(3);
    CHECK(look_up_at_doors(3) == 3);
    signal(SIGSEGV, SIG_DFL);
}

int main(void) {
    open_doors();
    prepare_to_hold();
    publish(1);
    meanwhile = fork_and_look_up;
    CHECK((long)reading(0) == 1);
    return 0;
}
