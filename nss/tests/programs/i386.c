/* i386.c - a 32-bit program: hits, misses, groups, a list that has to grow, enumeration. */
#include "host.h"

int main(void) {
    static gid_t list[20000];
    int count = 1;
    CHECK(sizeof(void *) == 4);
    CHECK(uid_of("ada") == 70001);
    CHECK(uid_of("nemo") == ABSENT);
    struct passwd *ada = getpwuid(70001);
    CHECK(ada && !strcmp(ada->pw_name, "ada"));
    getgrouplist("ada", 70001, list, &count);
    CHECK(count == 10001);
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
