/* static.c - a statically linked program: glibc loads the library with a second C library beside the program's
 * own. A list for which there is room is complete; one that would have to grow in the other's
 * memory is complete or not there, but never a part of it and never the program's death. */
#include "host.h"

int main(void) {
    static gid_t list[20000];
    int count = 1;
    CHECK(uid_of("ada") == 70001);
    CHECK(uid_of("nemo") == ABSENT);
    getgrouplist("ada", 70001, list, &count);
    CHECK(count == 10001 || count == 1);
    count = 20000;
    CHECK(getgrouplist("ada", 70001, list, &count) == 10001 && count == 10001);
    struct group *team = getgrnam("engineers");
    CHECK(team && team->gr_gid == 71000 && !strcmp(team->gr_mem[0], "ada"));
    int users = 0;
    while (getpwent()) users++;
    CHECK(users > 1);
    endpwent();
    return 0;
}
