/* room.c - the address space is limited, as by `ulimit -v`: `room BYTES` with a snapshot of so many bytes as
 * generation 1 and a small one as generation 2. Too little for the map is "could not ask", just enough
 * is answered, and a newer one that does not fit leaves the old one serving. */
#include "host.h"
#include "publish.h"
#include <sys/resource.h>
#include <time.h>

static size_t used(void) {
    unsigned long pages;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%lu", &pages) == 1 && !fclose(file));
    return pages * 4096;
}

static void allow(size_t more) {
    const struct rlimit limit = {used() + more, RLIM_INFINITY};
    CHECK(!setrlimit(RLIMIT_AS, &limit));
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    size_t bytes = (atol(argv[1]) + 4095) / 4096 * 4096;
    const size_t page = 4096; /* with the readers' counters */
    open_doors();
    CHECK(uid_of("ada") == UNAVAILABLE);
    publish(1);
    allow(0);
    CHECK(uid_at_door("ada") == UNAVAILABLE);
    allow(bytes - 4096);
    CHECK(uid_at_door("ada") == UNAVAILABLE && uid_of("ada") == UNAVAILABLE);
    allow(bytes + page);
    CHECK(uid_at_door("ada") == 70001 && uid_of("ada") == 70001);
    allow(0);
    CHECK(uid_at_door("ada") == 70001 && uid_at_door("bob") == ABSENT);
    publish(2);
    CHECK(uid_at_door("ada") == 70001 && uid_at_door("bob") == ABSENT && mappings() == 1);
    allow(1 << 20);
    for (time_t start = time(NULL); uid_at_door("bob") != 70002; usleep(10000)) CHECK(time(NULL) - start < 20);
    CHECK(mappings() == 1);
    return 0;
}
