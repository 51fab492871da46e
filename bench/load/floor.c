/* libnss_floor.so.2: the cheapest answers that we can think of, to measure the module against. It
 * trusts its file, checks nothing, never looks again, and is no use for anything else.
 *
 * The file (bench/src/floor.rs writes it): a header, four tables of slots that are at most half full,
 * users with their texts, their lists of groups, groups with their texts and members' offsets. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct slot { uint32_t hash, unit; }; /* unit 0: empty; units are 8 bytes from the start */
struct table { uint32_t unit, mask; };
struct header { struct table user_names, uids, group_names, gids; uint32_t first, end; };
struct user { uint32_t uid, gid, length, gecos, home, shell, groups, group_count; char text[]; };
struct group_record { uint32_t gid, count, length, offsets; char text[]; };

#define AT(file, unit) ((const void *)((file) + (uint64_t)(unit) * 8))
#define HEADER ((const struct header *)file)
#define OPEN const char *file = map(); if (!file) { *error = ENOENT; return NSS_STATUS_UNAVAIL; }

static const char *volatile kept;

static const char *map(void) {
    const char *file = kept;
    if (__builtin_expect(file != NULL, 1)) return file;
    int descriptor = open("/var/lib/floor/file", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return NULL;
    struct stat status;
    fstat(descriptor, &status);
    file = mmap(NULL, status.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
    close(descriptor);
    return kept = file == MAP_FAILED ? NULL : file;
}

static uint32_t hash_name(const char *name) {
    uint64_t h = 14695981039346656037u;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h ^ h >> 32;
}

static uint32_t hash_id(uint32_t id) { return id * 0x9e3779b97f4a7c15u >> 32; }

/* The record whose key has this hash and whose name, at `text`, or else whose id is the one wanted. */
static const void *find(const char *file, struct table table, uint32_t hash, const char *name, size_t text, uint32_t id) {
    const struct slot *slots = AT(file, table.unit);
    for (uint32_t i = hash & table.mask; slots[i].unit; i = (i + 1) & table.mask) {
        if (slots[i].hash != hash) continue;
        const char *record = AT(file, slots[i].unit);
        if (name ? !strcmp(name, record + text) : *(const uint32_t *)record == id) return record;
    }
    return NULL;
}

#define USER_CALLED(name) find(file, HEADER->user_names, hash_name(name), name, offsetof(struct user, text), 0)

static enum nss_status give_user(const struct user *r, struct passwd *user, char *buffer, size_t size, int *error) {
    if (!r) { *error = ENOENT; return NSS_STATUS_NOTFOUND; }
    if (r->length > size) { *error = ERANGE; return NSS_STATUS_TRYAGAIN; }
    memcpy(buffer, r->text, r->length);
    *user = (struct passwd){ buffer, buffer + r->gecos - 2, r->uid, r->gid,
                             buffer + r->gecos, buffer + r->home, buffer + r->shell };
    return NSS_STATUS_SUCCESS;
}

static enum nss_status give_group(const char *file, const struct group_record *r, struct group *group, char *buffer,
                                  size_t size, int *error) {
    if (!r) { *error = ENOENT; return NSS_STATUS_NOTFOUND; }
    size_t skipped = -(uintptr_t)buffer & 7, pointers = skipped + (r->count + 1) * sizeof(char *);
    if (pointers + r->length > size) { *error = ERANGE; return NSS_STATUS_TRYAGAIN; }
    char **members = (char **)(buffer + skipped), *text = buffer + pointers;
    const uint32_t *offsets = AT(file, r->offsets);
    memcpy(text, r->text, r->length);
    for (uint32_t i = 0; i < r->count; i++) members[i] = text + offsets[i];
    members[r->count] = NULL;
    *group = (struct group){ text, text + strlen(text) + 1, r->gid, members };
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_floor_getpwnam_r(const char *name, struct passwd *user, char *buffer, size_t size, int *error) {
    OPEN
    return give_user(USER_CALLED(name), user, buffer, size, error);
}

enum nss_status _nss_floor_getpwuid_r(uid_t uid, struct passwd *user, char *buffer, size_t size, int *error) {
    OPEN
    return give_user(find(file, HEADER->uids, hash_id(uid), NULL, 0, uid), user, buffer, size, error);
}

enum nss_status _nss_floor_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size, int *error) {
    OPEN
    size_t text = offsetof(struct group_record, text);
    return give_group(file, find(file, HEADER->group_names, hash_name(name), name, text, 0), group, buffer, size, error);
}

enum nss_status _nss_floor_getgrgid_r(gid_t gid, struct group *group, char *buffer, size_t size, int *error) {
    OPEN
    return give_group(file, find(file, HEADER->gids, hash_id(gid), NULL, 0, gid), group, buffer, size, error);
}

enum nss_status _nss_floor_initgroups_dyn(const char *name, gid_t primary, long *start, long *size, gid_t **groups,
                                          long limit, int *error) {
    OPEN
    const struct user *user = USER_CALLED(name);
    if (!user) { *error = ENOENT; return NSS_STATUS_NOTFOUND; }
    const gid_t *own = AT(file, user->groups);
    for (uint32_t i = 0; i < user->group_count; i++) {
        if (own[i] == primary) continue;
        if (limit > 0 && *start >= limit) break;
        if (*start == *size) {
            gid_t *grown = realloc(*groups, (*size + user->group_count) * sizeof **groups);
            if (!grown) { *error = ENOMEM; return NSS_STATUS_TRYAGAIN; }
            *groups = grown;
            *size += user->group_count;
        }
        (*groups)[(*start)++] = own[i];
    }
    return NSS_STATUS_SUCCESS;
}

static __thread uint32_t walked;

enum nss_status _nss_floor_setpwent(int stay_open) {
    (void)stay_open;
    walked = 0;
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_floor_endpwent(void) { return _nss_floor_setpwent(0); }

enum nss_status _nss_floor_getpwent_r(struct passwd *user, char *buffer, size_t size, int *error) {
    OPEN
    if (!walked) walked = HEADER->first;
    const struct user *r = walked < HEADER->end ? AT(file, walked) : NULL;
    enum nss_status status = give_user(r, user, buffer, size, error);
    if (status == NSS_STATUS_SUCCESS) walked += (sizeof *r + r->length + 7) / 8;
    return status;
}
