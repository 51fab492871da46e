/* leaks.c - ten million look-ups of every kind and ten thousand generations, and what they leave behind: no descriptor,
 * thread, mapping or byte. */
#include "generation.h"
#include "publish.h"
#include <dirent.h>
#include <malloc.h>

enum { LOOK_UPS = 10 * 1000 * 1000, GENERATIONS = 10 * 1000 };

struct held { int descriptors, threads, lines; size_t bytes; };

static int entries(const char *path) {
    int count = 0;
    DIR *folder = opendir(path);
    CHECK(folder);
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

static struct held held(void) {
    struct held held = {entries("/proc/self/fd"), entries("/proc/self/task"), 0, 0};
    int byte;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps);
    while ((byte = fgetc(maps)) != EOF) held.lines += byte == '\n';
    fclose(maps);
    struct mallinfo2 info = mallinfo2();
    held.bytes = info.uordblks + info.hblkhd;
    return held;
}

static void one_of_each_kind(unsigned i) {
    struct passwd user;
    struct group group;
    char buffer[4096], name[16];
    gid_t places[64] = {80000 + i % USERS}, *list = places;
    long start = 1, size = 64;
    int error;
    snprintf(name, sizeof name, "u%u", i % USERS);
    CHECK(door_by_name(name, &user, buffer, sizeof buffer, &error) == NSS_STATUS_SUCCESS);
    CHECK(door_by_id(user.pw_uid, &user, buffer, sizeof buffer, &error) == NSS_STATUS_SUCCESS);
    CHECK(door_by_name("nemo", &user, buffer, sizeof buffer, &error) == NSS_STATUS_NOTFOUND);
    CHECK(door_by_id(4711, &user, buffer, sizeof buffer, &error) == NSS_STATUS_NOTFOUND);
    CHECK(door_by_name(name, &user, buffer, 8, &error) == NSS_STATUS_TRYAGAIN && error == ERANGE);
    CHECK(door_group("team", &group, buffer, sizeof buffer, &error) == NSS_STATUS_SUCCESS);
    CHECK(door_group("nobodys", &group, buffer, sizeof buffer, &error) == NSS_STATUS_NOTFOUND);
    CHECK(door_list(name, 80000 + i % USERS, &start, &size, &list, -1, &error) == NSS_STATUS_SUCCESS);
}

static void walk(void) {
    int users = 0;
    setpwent();
    while (getpwent()) users++;
    endpwent();
    CHECK(users > USERS);
}

int main(void) {
    enum { KINDS = 8 };
    open_doors();
    publish(1);
    for (unsigned i = 0; i < 2 * USERS; i++) look_up_everything(i % USERS);
    walk();
    publish(2);
    look_up_at_doors(0);
    held(); /* stdio's own */
    struct held before = held();
    for (unsigned i = 0; i < LOOK_UPS / KINDS; i++) one_of_each_kind(i);
    for (unsigned i = 0; i < GENERATIONS; i++) {
        publish(1 + i % 2);
        CHECK(look_up_at_doors(i % USERS) == 1 + i % 2);
        if (i % 1000 == 0) walk();
    }
    struct held after = held();
    CHECK(before.descriptors == after.descriptors && before.threads == after.threads);
    CHECK(before.lines == after.lines && before.bytes == after.bytes);
    return 0;
}
