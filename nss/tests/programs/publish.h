/* publish.h - replaces the snapshot as the publisher does: the word in the old file first, then the
 * rename. The generations lie ready as /var/lib/test/g1, g2 and so on. */
#include <fcntl.h>
#include <sys/stat.h>

#define SNAPSHOT "/var/lib/muster/public/snapshot"

static void publish(unsigned generation) {
    static char bytes[8 << 20];
    const uint32_t look_again = 1;
    char path[64];
    snprintf(path, sizeof path, "/var/lib/test/g%u", generation);
    int from = open(path, O_RDONLY);
    ssize_t length = read(from, bytes, sizeof bytes);
    CHECK(length > 0 && !close(from));
    int to = open(SNAPSHOT ".new", O_WRONLY | O_CREAT | O_EXCL, 0644);
    CHECK(write(to, bytes, length) == length && !close(to));
    int old = open(SNAPSHOT, O_WRONLY);
    if (old >= 0) CHECK(pwrite(old, &look_again, 4, 12) == 4 && !close(old));
    CHECK(!rename(SNAPSHOT ".new", SNAPSHOT));
}

/* How many mappings of snapshots this process has. */
UNUSED static int mappings(void) {
    char line[512];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps);
    while (fgets(line, sizeof line, maps)) count += strstr(line, "/muster/public/") != NULL;
    fclose(maps);
    return count;
}
