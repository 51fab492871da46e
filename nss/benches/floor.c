/* libnss_floor.so.2: the cheapest look-up by name that we can think of, to
 * measure the module against. It trusts its file, never looks again, and
 * answers getpwnam_r only; nobody should use it for names. */
#include <errno.h>
#include <fcntl.h>
#include <nss.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file: places, then slots, then records; written by names.rs. */
struct slot { uint32_t hash, at; };
struct head { uint32_t mask, unused; struct slot slots[]; };
struct record { uint32_t uid, gid, length, gecos, home, shell; char text[]; };

static const char *volatile kept;

static const char *map(void) {
    const char *file = kept;
    if (__builtin_expect(file != NULL, 1)) return file;
    int fd = open("/var/lib/floor", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    struct stat status;
    fstat(fd, &status);
    file = mmap(NULL, status.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    return kept = file == MAP_FAILED ? NULL : file;
}

static uint32_t hash(const char *name) {
    uint64_t h = 14695981039346656037u;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h ^ h >> 32;
}

enum nss_status _nss_floor_getpwnam_r(const char *name, struct passwd *user, char *buffer,
                                      size_t length, int *error) {
    const char *file = map();
    if (!file) { *error = ENOENT; return NSS_STATUS_UNAVAIL; }
    const struct head *head = (const void *)file;
    uint32_t h = hash(name);
    for (uint32_t i = h & head->mask; head->slots[i].at; i = (i + 1) & head->mask) {
        if (head->slots[i].hash != h) continue;
        const struct record *r = (const void *)(file + head->slots[i].at);
        if (strcmp(name, r->text)) continue;
        if (r->length > length) { *error = ERANGE; return NSS_STATUS_TRYAGAIN; }
        memcpy(buffer, r->text, r->length);
        *user = (struct passwd){ buffer, buffer + r->gecos - 2, r->uid, r->gid,
                                 buffer + r->gecos, buffer + r->home, buffer + r->shell };
        return NSS_STATUS_SUCCESS;
    }
    *error = ENOENT;
    return NSS_STATUS_NOTFOUND;
}
