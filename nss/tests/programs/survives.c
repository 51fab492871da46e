/* survives.c - asks everything of a snapshot that may say anything: it has to come to an end, without a word, whatever the answers are;
 * what is called found lies inside the buffer and ends there. */
#include "generation.h"

static char buffer[8192];

static void inside(const char *text) {
    CHECK(text >= buffer && text < buffer + sizeof buffer);
    CHECK(memchr(text, 0, buffer + sizeof buffer - text));
}

static void judge_user(enum nss_status status, const struct passwd *user) {
    if (status != NSS_STATUS_SUCCESS) return;
    inside(user->pw_name), inside(user->pw_passwd), inside(user->pw_gecos), inside(user->pw_dir), inside(user->pw_shell);
    CHECK(user->pw_uid >= 1000 && user->pw_gid >= 1000);
}

static void judge_group(enum nss_status status, const struct group *group) {
    if (status != NSS_STATUS_SUCCESS) return;
    inside(group->gr_name), inside(group->gr_passwd);
    CHECK(group->gr_gid >= 1000);
    for (char **member = group->gr_mem; *member; member++) inside(*member);
}

int main(void) {
    struct passwd user;
    struct group group;
    char name[16];
    int error;
    open_doors();
    for (unsigned i = 0; i <= USERS; i++) {
        long start = 1, size = 1;
        gid_t *list = malloc(sizeof *list);
        snprintf(name, sizeof name, "u%u", i);
        judge_user(door_by_name(name, &user, buffer, sizeof buffer, &error), &user);
        judge_user(door_by_id(100100 + i, &user, buffer, sizeof buffer, &error), &user);
        CHECK(door_list(name, 80000 + i, &start, &size, &list, -1, &error) != NSS_STATUS_SUCCESS || list);
        free(list);
    }
    judge_group(door_group("team", &group, buffer, sizeof buffer, &error), &group);
    for (int records = 0; getpwent(); records++) CHECK(records < 1000);
    for (int records = 0; getgrent(); records++) CHECK(records < 1000);
    CHECK(getpwuid(0) && !strcmp(getpwuid(0)->pw_name, "root"));
    return 0;
}
