/* expects.c - a process that has looked nobody up before: `expects STREAMS NAME UID NAME UID …`, -1 for "there is no such user",
 * -2 for "could not ask". With STREAMS `closed` it has no stdin, stdout and stderr, and nothing
 * may be left open in their places. */
#include "host.h"
#include <fcntl.h>

int main(int argc, char **argv) {
    CHECK(argc > 3);
    int closed = !strcmp(argv[1], "closed");
    open_doors();
    for (int stream = 0; closed && stream < 3; stream++) CHECK(!close(stream));
    for (int i = 2; i + 1 < argc; i += 2) {
        if (uid_at_door(argv[i]) != atol(argv[i + 1])) return 10 + i;
        if (uid_of(argv[i]) != atol(argv[i + 1])) return 30 + i;
        for (int stream = closed ? 0 : 3; stream < 10; stream++)
            if (fcntl(stream, F_GETFD) != -1) return 60 + stream;
    }
    return 0;
}
