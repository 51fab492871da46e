/* leaver.c - a library whose destructor looks up. `leaver_ready` ties a program to it. */
#include "host.h"

void leaver_ready(void);
void leaver_ready(void) {}

__attribute__((destructor)) static void leaving(void) {
    CHECK(uid_of("ada") == 70001 && uid_of("nemo") == ABSENT);
    if (door_by_name) CHECK(uid_at_door("ada") == 70001);
}
