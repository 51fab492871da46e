/* jump.c - a host that leaves look-ups by siglongjmp(3) from a handler, as old programs do for want of a time-out: out of
 * readers that are counted in, and at any point while snapshots are exchanged. What was held is
 * lost, but every later look-up is answered from the newest snapshot. */
#include "generation.h"
#include "held.h"
#include "publish.h"
#include <setjmp.h>
#include <sys/time.h>

enum { JUMPS = 20, READY = 40, STORM = 2000 };

static sigjmp_buf out;

static void jump(void) { siglongjmp(out, 1); }

static void on_alarm(int number) { siglongjmp(out, number); }

static void jump_out_of_readers(void) {
    prepare_to_hold();
    meanwhile = jump;
    for (unsigned generation = 1; generation <= JUMPS; generation++) {
        publish(generation);
        if (!sigsetjmp(out, 1)) {
            reading(0);
            CHECK(!"the jump did not come");
        }
        CHECK(look_up_at_doors(generation % USERS) == generation);
    }
}

/* Each round a newer snapshot and an alarm a little later than in the round before. */
static void jump_out_of_exchanges(void) {
    static struct passwd user;
    static char buffer[1024];
    static int error;
    struct itimerval never = {0};
    signal(SIGALRM, on_alarm);
    for (volatile unsigned round = 0; round < STORM; round++) {
        struct itimerval soon = {{0, 0}, {0, 1 + round % 100}};
        if (round % 10 == 0) publish(1 + round % READY);
        if (!sigsetjmp(out, 1)) {
            CHECK(!setitimer(ITIMER_REAL, &soon, NULL));
            /* the bare door: glibc's own calls must not be jumped out of */
            for (;;) door_by_name("u1", &user, buffer, sizeof buffer, &error);
        }
        CHECK(!setitimer(ITIMER_REAL, &never, NULL));
        CHECK(look_up_at_doors(round % USERS) == 1 + (round - round % 10) % READY);
    }
}

int main(void) {
    open_doors();
    jump_out_of_readers();
    jump_out_of_exchanges();
    return 0;
}
