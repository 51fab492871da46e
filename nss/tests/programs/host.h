/* host.h - what the programs of these tests share: look-ups through glibc, the library's own
 * doors, and a loud way to fail. A program that succeeds says nothing and ends with 0. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))
#define CHECK(holds)                                                                   \
    do {                                                                               \
        if (!(holds)) {                                                                \
            dprintf(2, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #holds, errno);   \
            _exit(1);                                                                  \
        }                                                                              \
    } while (0)

enum { ABSENT = -1, UNAVAILABLE = -2 };

/* The uid of `name` through glibc, or why there is none. */
UNUSED static long uid_of(const char *name) {
    struct passwd user, *found = NULL;
    char buffer[1024];
    int error = getpwnam_r(name, &user, buffer, sizeof buffer, &found);
    if (error) return UNAVAILABLE;
    return found ? (long)found->pw_uid : ABSENT;
}

typedef enum nss_status by_name(const char *, struct passwd *, char *, size_t, int *);
typedef enum nss_status by_id(uid_t, struct passwd *, char *, size_t, int *);
typedef enum nss_status group_by_name(const char *, struct group *, char *, size_t, int *);
typedef enum nss_status list_of(const char *, gid_t, long *, long *, gid_t **, long, int *);

/* The library's own doors, for where glibc's locks would be in the way. */
UNUSED static by_name *door_by_name;
UNUSED static by_id *door_by_id;
UNUSED static group_by_name *door_group;
UNUSED static list_of *door_list;

UNUSED static void open_doors(void) {
    void *library = dlopen("libnss_muster.so.2", RTLD_NOW);
    CHECK(library);
    door_by_name = (by_name *)dlsym(library, "_nss_muster_getpwnam_r");
    door_by_id = (by_id *)dlsym(library, "_nss_muster_getpwuid_r");
    door_group = (group_by_name *)dlsym(library, "_nss_muster_getgrnam_r");
    door_list = (list_of *)dlsym(library, "_nss_muster_initgroups_dyn");
    CHECK(door_by_name && door_by_id && door_group && door_list);
}

/* The uid of `name` at the library's own door, or why there is none; errno is always set. */
UNUSED static long uid_at_door(const char *name) {
    struct passwd user;
    char buffer[1024];
    int error = 12345;
    enum nss_status status = door_by_name(name, &user, buffer, sizeof buffer, &error);
    CHECK(error == (status == NSS_STATUS_SUCCESS ? 0 : status == NSS_STATUS_NOTFOUND ? ENOENT : EIO));
    if (status == NSS_STATUS_SUCCESS) return user.pw_uid;
    return status == NSS_STATUS_NOTFOUND ? ABSENT : UNAVAILABLE;
}
