/* reader.c - a host that lives through many snapshots: `reader NAME LAST` looks NAME up again and again, ends with 1 when it
 * is not answered even once, and with 0 when LAST is somebody. */
#include <pwd.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    while (!getpwnam(argv[2])) {
        if (!getpwnam(argv[1])) return 1;
        usleep(1000);
    }
    return 0;
}
