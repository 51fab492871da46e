/* count.c - lists through glibc: `count users N` walks all users thrice and finds each of u0 … uN-1 once, all of one
 * generation a walk; `count together N` the same by four threads at once; `count groups` asks for groups with
 * 0, 1 and 100,000 members; `count lists` for a user in 10,000 groups. */
#include "host.h"
#include <pthread.h>

enum { THREADS = 4 };

static unsigned char *seen;
static unsigned users, found;
static unsigned generation;
static pthread_mutex_t judging = PTHREAD_MUTEX_INITIALIZER;

/* Judges one of ours; local users have smaller ids. */
static void judge(const struct passwd *user) {
    unsigned of, i;
    if (user->pw_uid < 100000) return;
    CHECK(sscanf(user->pw_name, "u%u", &i) == 1 && i < users && user->pw_uid == 100000 + i);
    CHECK(sscanf(user->pw_gecos, "generation %u", &of) == 1);
    pthread_mutex_lock(&judging);
    if (!generation) generation = of;
    CHECK(of == generation && !seen[i]);
    seen[i] = 1;
    found++;
    pthread_mutex_unlock(&judging);
}

static void begin(void) {
    memset(seen, 0, users);
    found = generation = 0;
}

static void walk(void) {
    struct passwd *user;
    begin();
    while ((user = getpwent())) judge(user);
    CHECK(found == users);
}

static void *walk_with_others(void *nothing) {
    struct passwd room, *user;
    char buffer[1024];
    while (!getpwent_r(&room, buffer, sizeof buffer, &user)) judge(user);
    return nothing;
}

static void walk_together(void) {
    pthread_t threads[THREADS];
    begin();
    setpwent();
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], NULL, walk_with_others, NULL));
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_join(threads[i], NULL));
    CHECK(found == users);
}

static void ask_for_group(const char *name, gid_t gid, unsigned members) {
    struct group *both[] = {getgrnam(name), NULL};
    for (int way = 0; way < 2; way++) {
        const struct group *group = way ? getgrgid(gid) : both[0];
        char expected[32];
        unsigned count = 0;
        CHECK(group && group->gr_gid == gid && !strcmp(group->gr_name, name));
        for (; group->gr_mem[count]; count++) {
            snprintf(expected, sizeof expected, "u%u", count);
            CHECK(!strcmp(group->gr_mem[count], expected));
        }
        CHECK(count == members);
    }
}

static void list_groups(void) {
    unsigned groups = 0, members = 0;
    struct group *group;
    while ((group = getgrent())) {
        if (group->gr_gid < 90000 || group->gr_gid > 90002) continue;
        groups++;
        for (char **member = group->gr_mem; *member; member++) members++;
    }
    endgrent();
    CHECK(groups == 3 && members == 100001);
}

static void ask_for_list(void) {
    static gid_t list[10001];
    int count = 5;
    CHECK(getgrouplist("ada", 70001, list, &count) == -1 && count == 10001);
    CHECK(getgrouplist("ada", 70001, list, &count) == 10001);
    CHECK(list[0] == 70001);
    for (int i = 1; i < count; i++) CHECK(list[i] == 1000000u + i - 1);
}

int main(int argc, char **argv) {
    CHECK(argc > 1);
    users = argc > 2 ? atoi(argv[2]) : 0;
    seen = malloc(users + 1);
    if (!strcmp(argv[1], "users")) {
        walk(); /* without setpwent */
        CHECK(!getpwent());
        setpwent();
        for (unsigned i = 0; i < 500; i++) CHECK(getpwent());
        setpwent(); /* and from the start again */
        walk();
        endpwent();
        walk();
    } else if (!strcmp(argv[1], "together")) {
        walk_together();
    } else if (!strcmp(argv[1], "groups")) {
        ask_for_group("none", 90000, 0);
        ask_for_group("one", 90001, 1);
        ask_for_group("all", 90002, 100000);
        list_groups();
    } else ask_for_list();
    return 0;
}
