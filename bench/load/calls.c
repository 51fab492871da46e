/* The doors to names, the questions put through them, and whether the answer is right. */
#include "load.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum nss_status status;
enum door { NONE, GLIBC, MODULE };
enum question { NAME, UID, UNKNOWN, FRESH, UNANSWERED, GROUPS, MEMBERS, LIST };

static const char *const questions[] = {"name", "uid", "unknown", "fresh", "unanswered", "groups", "members", "list"};

static struct {
    status (*by_name)(const char *, struct passwd *, char *, size_t, int *);
    status (*by_id)(uid_t, struct passwd *, char *, size_t, int *);
    status (*group)(const char *, struct group *, char *, size_t, int *);
    status (*groups)(const char *, gid_t, long *, long *, gid_t **, long, int *);
    status (*begin)(int), (*end)(void);
    status (*next)(struct passwd *, char *, size_t, int *);
} module;

static enum door door;
static enum question question;
static struct user { char *name; uid_t uid; } *users;
static unsigned long user_count;
/* The one name that is asked for again and again, and what is known of it. */
static char subject[64];
/* Unknown names that are repeated: several, since one alone may be lucky in a hash table. */
enum { UNKNOWNS = 64 };
static char unknowns[UNKNOWNS][72];
static gid_t primary;
static unsigned long expected;

/* A module's allocations come here, since the program is searched first. */
extern void *__libc_malloc(size_t), *__libc_realloc(void *, size_t), *__libc_calloc(size_t, size_t);
__thread unsigned long allocations;
void *malloc(size_t n) { allocations++; return __libc_malloc(n); }
void *realloc(void *p, size_t n) { allocations++; return __libc_realloc(p, n); }
void *calloc(size_t n, size_t m) { allocations++; return __libc_calloc(n, m); }

static void stop(const char *why, const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, why);
    exit(1);
}

static void *function(void *library, const char *service, const char *name) {
    char symbol[128];
    snprintf(symbol, sizeof symbol, "_nss_%s_%s", service, name);
    /* `files` lies in glibc itself, under a version that is not for others. */
    return strcmp(service, "files") ? dlsym(library, symbol) : dlvsym(library, symbol, "GLIBC_PRIVATE");
}

static void open_module(const char *service) {
    char file[128];
    snprintf(file, sizeof file, strcmp(service, "files") ? "libnss_%s.so.2" : "libc.so.6", service);
    void *library = dlopen(file, RTLD_NOW);
    if (!library) stop(dlerror(), file);
    module.by_name = function(library, service, "getpwnam_r");
    module.by_id = function(library, service, "getpwuid_r");
    module.group = function(library, service, "getgrnam_r");
    module.groups = function(library, service, "initgroups_dyn");
    module.begin = function(library, service, "setpwent");
    module.next = function(library, service, "getpwent_r");
    module.end = function(library, service, "endpwent");
    if (!module.by_name || !module.by_id || !module.group) stop("a function is missing", file);
    if (question == GROUPS && !module.groups) stop("no initgroups_dyn", file);
}

/* Lines of a name and an id. */
static void read_users(const char *file) {
    FILE *lines = fopen(file, "r");
    char name[64];
    unsigned uid;
    if (!lines) stop("cannot be read", file);
    for (unsigned long room = 0; fscanf(lines, "%63s %u", name, &uid) == 2; user_count++) {
        if (user_count == room) users = realloc(users, (room = room * 2 + 1024) * sizeof *users);
        users[user_count] = (struct user){strdup(name), uid};
    }
    fclose(lines);
    if (!user_count) stop("holds nobody", file);
}

void prepare(const char *through, const char *what, const char *argument) {
    while (question <= LIST && strcmp(questions[question], what)) question++;
    if (question > LIST) stop("no such question", what);
    if (question == NAME || question == UID) read_users(argument);
    else if (question == LIST) expected = strtoul(argument, NULL, 10);
    else if (sscanf(argument, "%63[^:]:%u:%lu", subject, &primary, &expected) < 1) stop("no name", what);
    for (int i = 0; i < UNKNOWNS; i++) snprintf(unknowns[i], sizeof *unknowns, "%s%02d", subject, i);
    door = !strcmp(through, "none") ? NONE : !strcmp(through, "glibc") ? GLIBC : MODULE;
    if (door == MODULE) open_module(through);
}

struct caller new_caller(void) {
    static unsigned long callers;
    unsigned long own = __atomic_add_fetch(&callers, 1, __ATOMIC_RELAXED);
    long room = 16384;
    unsigned long seed = (nanoseconds() ^ own << 20) % 0xffffff;
    return (struct caller){malloc(ROOM), malloc(room * sizeof(gid_t)), room, own * 7919, seed};
}

static status by_name(struct caller *caller, const char *name, struct passwd *user) {
    int error;
    struct passwd *found = NULL;
    switch (door) {
    case NONE: user->pw_uid = users ? users[caller->turn % user_count].uid : 0; return NSS_STATUS_SUCCESS;
    case MODULE: return module.by_name(name, user, caller->buffer, ROOM, &error);
    default: error = getpwnam_r(name, user, caller->buffer, ROOM, &found);
        return found ? NSS_STATUS_SUCCESS : error ? NSS_STATUS_UNAVAIL : NSS_STATUS_NOTFOUND;
    }
}

static status by_id(struct caller *caller, uid_t uid, struct passwd *user) {
    int error;
    struct passwd *found = NULL;
    switch (door) {
    case NONE: user->pw_uid = uid; return NSS_STATUS_SUCCESS;
    case MODULE: return module.by_id(uid, user, caller->buffer, ROOM, &error);
    default: getpwuid_r(uid, user, caller->buffer, ROOM, &found);
        return found ? NSS_STATUS_SUCCESS : NSS_STATUS_NOTFOUND;
    }
}

/* How many groups the subject has besides the primary one. */
static unsigned long groups(struct caller *caller) {
    if (door == GLIBC) {
        int size = caller->group_room;
        return getgrouplist(subject, primary, caller->groups, &size) < 0 ? 0 : size - 1;
    }
    long start = 1;
    int error;
    caller->groups[0] = primary;
    if (door == MODULE)
        module.groups(subject, primary, &start, &caller->group_room, &caller->groups, -1, &error);
    return door == NONE ? expected : (unsigned long)start - 1;
}

static unsigned long members(struct caller *caller) {
    struct group group, *found = NULL;
    int error;
    if (door == NONE) return expected;
    if (door == GLIBC) getgrnam_r(subject, &group, caller->buffer, ROOM, &found);
    else if (module.group(subject, &group, caller->buffer, ROOM, &error) == NSS_STATUS_SUCCESS) found = &group;
    /* The last pointer is looked at and not the whole list, which would be the loop's own work. */
    return found && found->gr_mem[expected - 1] && !found->gr_mem[expected] ? expected : 0;
}

static unsigned long list(struct caller *caller) {
    struct passwd user, *found;
    unsigned long seen = 0;
    int error;
    if (door == GLIBC) {
        setpwent();
        while (!getpwent_r(&user, caller->buffer, ROOM, &found)) seen++;
        endpwent();
    } else if (door == MODULE && module.next) {
        module.begin(0);
        while (module.next(&user, caller->buffer, ROOM, &error) == NSS_STATUS_SUCCESS) seen++;
        module.end();
    }
    return door == NONE ? expected : seen;
}

/* A name that nobody has asked for before; cheap, since its making is counted with the call. */
static const char *fresh(unsigned long seed, unsigned long turn) {
    static __thread char name[96];
    char *end = stpcpy(name, subject);
    for (seed = seed << 24 | (turn & 0xffffff); seed; seed >>= 4) *end++ = 'a' + (seed & 15);
    *end = 0;
    return name;
}

int ask(struct caller *caller) {
    struct passwd answer;
    const struct user *user;
    unsigned long turn = caller->turn++;
    switch (question) {
    case NAME: user = &users[turn % user_count];
        return by_name(caller, user->name, &answer) == NSS_STATUS_SUCCESS && (answer.pw_uid == user->uid || door == NONE);
    case UID: user = &users[turn % user_count];
        return by_id(caller, user->uid, &answer) == NSS_STATUS_SUCCESS && answer.pw_uid == user->uid;
    case FRESH: return by_name(caller, fresh(caller->seed, turn), &answer) == NSS_STATUS_NOTFOUND || door == NONE;
    case UNKNOWN: return by_name(caller, unknowns[turn % UNKNOWNS], &answer) == NSS_STATUS_NOTFOUND || door == NONE;
    case UNANSWERED: return by_name(caller, subject, &answer) == NSS_STATUS_UNAVAIL || door == NONE;
    case GROUPS: return groups(caller) == expected;
    case MEMBERS: return members(caller) == expected;
    default: return list(caller) == expected;
    }
}

unsigned long subjects(void) {
    return question == NAME || question == UID ? user_count : question == UNKNOWN ? UNKNOWNS : 1;
}

unsigned long answers(void) { return question == LIST ? expected : 1; }

void must(struct caller *caller) {
    if (!ask(caller)) stop("not the expected answer", questions[question]);
}
