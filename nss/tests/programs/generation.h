/* generation.h - judges answers from the snapshots of `of_generation` in common/mod.rs: every
 * part of them tells its generation, and a mixture of two fails. */
#include "host.h"

enum { USERS = 50 };

/* The generation of user `i`. */
UNUSED static unsigned of_user(const struct passwd *user, unsigned i) {
    char expected[64];
    unsigned generation = (user->pw_uid - 100000) / 100;
    CHECK(user->pw_uid == 100000 + generation * 100 + i && user->pw_gid == 80000 + i);
    snprintf(expected, sizeof expected, "u%u", i);
    CHECK(!strcmp(user->pw_name, expected) && !strcmp(user->pw_passwd, "*"));
    snprintf(expected, sizeof expected, "generation %u", generation);
    CHECK(!strcmp(user->pw_gecos, expected));
    snprintf(expected, sizeof expected, "/home/%u/u%u", generation, i);
    CHECK(!strcmp(user->pw_dir, expected));
    snprintf(expected, sizeof expected, "/bin/g%u", generation);
    CHECK(!strcmp(user->pw_shell, expected));
    return generation;
}

/* The generation of the group `team`. */
UNUSED static unsigned of_group(const struct group *group) {
    char expected[64];
    unsigned generation = 0, count = 0;
    CHECK(group->gr_gid == 90000 && !strcmp(group->gr_name, "team"));
    CHECK(sscanf(group->gr_mem[0], "g%um0", &generation) == 1);
    for (; group->gr_mem[count]; count++) {
        snprintf(expected, sizeof expected, "g%um%u", generation, count);
        CHECK(!strcmp(group->gr_mem[count], expected));
    }
    CHECK(count == 10 + generation % 10);
    return generation;
}

/* The generation of the list of user `i`. */
UNUSED static unsigned of_list(const gid_t *list, long count, unsigned i) {
    CHECK(count > 1 && list[0] == 80000 + i);
    unsigned generation = (list[1] - 1000000) / 100;
    CHECK(count == 1 + 10 + generation % 10);
    for (long k = 1; k < count; k++) CHECK(list[k] == 1000000 + generation * 100 + k - 1);
    return generation;
}

/* Looks up user `i`, the group and the list through glibc. */
UNUSED static void look_up_everything(unsigned i) {
    char name[16], buffer[4096];
    struct passwd user, *found = NULL;
    struct group group, *team = NULL;
    gid_t list[64];
    int count = 64;
    snprintf(name, sizeof name, "u%u", i);
    CHECK(!getpwnam_r(name, &user, buffer, sizeof buffer, &found) && found);
    of_user(found, i);
    CHECK(!getgrnam_r("team", &group, buffer, sizeof buffer, &team) && team);
    of_group(team);
    CHECK(getgrouplist(name, 80000 + i, list, &count) > 0);
    of_list(list, count, i);
}

/* The same at the library's own doors: no allocation, no lock, as handlers and children need it. */
UNUSED static unsigned look_up_at_doors(unsigned i) {
    char name[16], buffer[4096];
    struct passwd user;
    struct group group;
    gid_t places[64] = {80000 + i}, *list = places;
    long start = 1, size = 64;
    int error = -1;
    snprintf(name, sizeof name, "u%u", i);
    CHECK(door_by_name(name, &user, buffer, sizeof buffer, &error) == NSS_STATUS_SUCCESS && !error);
    unsigned generation = of_user(&user, i);
    CHECK(door_group("team", &group, buffer, sizeof buffer, &error) == NSS_STATUS_SUCCESS && !error);
    of_group(&group);
    CHECK(door_list(name, 80000 + i, &start, &size, &list, -1, &error) == NSS_STATUS_SUCCESS && !error);
    CHECK(list == places);
    of_list(list, start, i);
    return generation;
}
