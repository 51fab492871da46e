/* Asks glibc's reentrant calls as programs do, by one NSS service alone.
 *
 *   names SERVICE answers SKEW KEYS  one line for each key, as getent prints it; "-" for nobody
 *   names SERVICE sizes SKEW KEYS    the least buffer that each key needs, after every size was tried
 *   names SERVICE walk SKEW          the same for getpwent_r and getgrent_r, from the first record to the last
 *
 * SKEW is how far the buffer lies from a multiple of 16. KEYS is a file; a key is "passwd NAME", "uid N", "group NAME", "gid N" or "list USER GID" (getgrouplist; answers only).
 * A buffer too small must be ERANGE and nothing else, a larger one never worse than a smaller one, nothing
 * outside of it written, and all of the answer inside. What breaks that is said on stderr, and ends with 1. */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int __nss_configure_lookup(const char *database, const char *service);

enum {
    MARGIN = 64,
    MARK = 0xa5,
    LARGEST = 512 << 10,
    EACH = 1200, /* up to here and around the least size every size is tried, and in between each STRIDEth */
    AROUND = 100,
    STRIDE = 251
};

struct answer {
    char *line; /* malloc's; null if nobody was found */
    int error;
};

static char *room;          /* LARGEST bytes, and a margin on both sides */
static size_t skew, given;  /* the buffer starts at room + MARGIN + skew and has this many bytes */

static void fail(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(1);
}

static char *buffer(size_t size)
{
    given = size;
    memset(room, MARK, MARGIN + skew + size + MARGIN);
    return room + MARGIN + skew;
}

static void check_margins(const char *key)
{
    const unsigned char *bytes = (unsigned char *)room;
    for (size_t i = 0; i < MARGIN + skew; i++)
        if (bytes[i] != MARK)
            fail("%s: a byte before the buffer of %zu was written", key, given);
    for (size_t i = 0; i < MARGIN; i++)
        if (bytes[MARGIN + skew + given + i] != MARK)
            fail("%s: byte %zu behind the buffer of %zu was written", key, i, given);
}

static const char *inside(const char *key, const void *pointer, size_t least)
{
    const char *start = room + MARGIN + skew, *text = pointer;
    if (text < start || text + least > start + given)
        fail("%s: a pointer leads outside of the buffer of %zu", key, given);
    return text;
}

static const char *text(const char *key, const char *pointer)
{
    inside(key, pointer, 1);
    if (!memchr(pointer, 0, room + MARGIN + skew + given - pointer))
        fail("%s: a text does not end in the buffer of %zu", key, given);
    return pointer;
}

static char *line_of_user(const char *key, const struct passwd *user)
{
    char *line;
    if (asprintf(&line, "%s:%s:%u:%u:%s:%s:%s", text(key, user->pw_name), text(key, user->pw_passwd), user->pw_uid,
                 user->pw_gid, text(key, user->pw_gecos), text(key, user->pw_dir), text(key, user->pw_shell)) < 0)
        fail("no memory");
    return line;
}

static char *line_of_group(const char *key, const struct group *group)
{
    char *line;
    size_t length;
    FILE *out = open_memstream(&line, &length);
    fprintf(out, "%s:%s:%u:", text(key, group->gr_name), text(key, group->gr_passwd), group->gr_gid);
    for (char **member = group->gr_mem; inside(key, member, sizeof *member) && *member; member++)
        fprintf(out, "%s%s", member == group->gr_mem ? "" : ",", text(key, *member));
    fclose(out);
    return line;
}

static struct answer found_user(const char *key, int error, const struct passwd *found, const struct passwd *user)
{
    check_margins(key);
    if (found && (error || found != user))
        fail("%s: both a user and error %d", key, error);
    return (struct answer){found ? line_of_user(key, found) : NULL, error};
}

static struct answer found_group(const char *key, int error, const struct group *found, const struct group *group)
{
    check_margins(key);
    if (found && (error || found != group))
        fail("%s: both a group and error %d", key, error);
    return (struct answer){found ? line_of_group(key, found) : NULL, error};
}

static struct answer ask(const char *key, size_t size)
{
    const char *what = strchr(key, ' ') + 1;
    unsigned id = strtoul(what, NULL, 10);
    char *start = buffer(size);
    struct passwd user, *found = NULL;
    struct group group, *team = NULL;
    int error;
    if (!strncmp(key, "passwd ", 7))
        error = getpwnam_r(what, &user, start, size, &found);
    else if (!strncmp(key, "uid ", 4))
        error = getpwuid_r(id, &user, start, size, &found);
    else if (!strncmp(key, "group ", 6))
        error = getgrnam_r(what, &group, start, size, &team);
    else
        error = getgrgid_r(id, &group, start, size, &team);
    return team ? found_group(key, error, team, &group) : found_user(key, error, found, &user);
}

/* Whose next record it is stays the same until it fits. */
static struct answer next_user(const char *key, size_t size)
{
    struct passwd user, *found = NULL;
    char *start = buffer(size);
    int error = getpwent_r(&user, start, size, &found);
    return found_user(key, error, found, &user);
}

static struct answer next_group(const char *key, size_t size)
{
    struct group group, *found = NULL;
    char *start = buffer(size);
    int error = getgrent_r(&group, start, size, &found);
    return found_group(key, error, found, &group);
}

static int fits(struct answer (*call)(const char *, size_t), const char *key, size_t size, const char *line)
{
    struct answer answer = call(key, size);
    if (!answer.line && answer.error != ERANGE)
        fail("%s: error %d with %zu bytes", key, answer.error, size);
    if (answer.line && line && strcmp(answer.line, line))
        fail("%s: %s with %zu bytes, and %s with many", key, answer.line, size, line);
    int fits = answer.line != NULL;
    free(answer.line);
    return fits;
}

/* The least size that is enough, by halves; then every size around it, and every small one, is tried. */
static size_t least(const char *key, const char *line)
{
    size_t low = 0, high = LARGEST;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (fits(ask, key, middle, line))
            high = middle;
        else
            low = middle;
    }
    for (size_t size = 0; size < high + AROUND; size += size < EACH || size + AROUND + STRIDE > high ? 1 : STRIDE)
        if (fits(ask, key, size, line) != (size >= high))
            fail("%s: %zu bytes are enough, and it is otherwise with %zu", key, high, size);
    return high;
}

static void sizes(const char *key)
{
    struct answer answer = ask(key, LARGEST);
    if (!answer.line)
        fail("%s: nobody, error %d", key, answer.error);
    printf("%s %zu\n", key, least(key, answer.line));
    free(answer.line);
}

static void walk(const char *database, struct answer (*next)(const char *, size_t))
{
    for (;;) {
        size_t size = 0;
        struct answer answer = next(database, size);
        while (!answer.line && answer.error == ERANGE) {
            size += size < EACH ? 1 : STRIDE;
            answer = next(database, size);
        }
        if (!answer.line && answer.error == ENOENT)
            return;
        if (!answer.line)
            fail("%s: error %d with %zu bytes", database, answer.error, size);
        printf("%s\n", answer.line);
        free(answer.line);
    }
}

static void list(const char *key)
{
    char user[64];
    unsigned gid;
    int count = 1 << 16;
    static gid_t groups[1 << 16];
    if (sscanf(key, "list %63s %u", user, &gid) != 2 || getgrouplist(user, gid, groups, &count) < 0)
        fail("%s: more groups than there are", key);
    printf("%s", user);
    for (int i = 0; i < count; i++)
        printf(" %u", groups[i]);
    putchar('\n');
}

static void answer(const char *key)
{
    if (!strncmp(key, "list ", 5)) {
        list(key);
        return;
    }
    struct answer answer = {NULL, ERANGE};
    for (size_t size = 1024; answer.error == ERANGE && size <= LARGEST; size *= 2)
        answer = ask(key, size);
    if (!answer.line && answer.error)
        fail("%s: error %d", key, answer.error);
    puts(answer.line ? answer.line : "-");
    free(answer.line);
}

int main(int count, char **words)
{
    if (count < 4)
        fail("usage: names SERVICE answers|sizes|walk SKEW [KEYS]");
    const char *databases[] = {"passwd", "group", "initgroups"};
    for (int i = 0; i < 3; i++)
        if (__nss_configure_lookup(databases[i], words[1]))
            fail("%s: no such service", words[1]);
    skew = strtoul(words[3], NULL, 10);
    room = malloc(LARGEST + 2 * MARGIN + skew);
    if (!room)
        fail("no memory");
    if (!strcmp(words[2], "walk")) {
        walk("getpwent_r", next_user);
        walk("getgrent_r", next_group);
        return 0;
    }
    FILE *keys = fopen(words[4], "r");
    if (!keys)
        fail("%s: no such file", words[4]);
    char key[256];
    while (fgets(key, sizeof key, keys)) {
        key[strcspn(key, "\n")] = 0;
        if (!strcmp(words[2], "sizes"))
            sizes(key);
        else
            answer(key);
    }
    return 0;
}
