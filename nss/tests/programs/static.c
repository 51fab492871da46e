/* static.c - a statically linked program: glibc loads the library with a second C library beside the
 * program's own, and the lists that they hand to each other grow. */
#include "host.h"

int main(void) {
    static gid_t list[20000];
    int count = 1;
    CHECK(uid_of("ada") == 70001);
    CHECK(uid_of("nemo") == ABSENT);
    CHECK(getgrouplist("ada", 70001, list, &count) == -1 && count == 10001);
    CHECK(getgrouplist("ada", 70001, list, &count) == 10001 && count == 10001);
    struct group *team = getgrnam("engineers");
    CHECK(team && team->gr_gid == 71000 && !strcmp(team->gr_mem[0], "ada"));
    int users = 0;
    while (getpwent()) users++;
    CHECK(users > 1);
    endpwent();
    return 0;
}
