/* gains.c - a setuid program, as its file's owner wants it: `gains FILE NAME UID NAME UID …` looks each name up and then
 * tries to read FILE, which is root's alone. It ends with 0 if it could, and with 3 if it could not: then
 * it has gained nothing. */
#include "host.h"
#include <fcntl.h>

int main(int argc, char **argv) {
    CHECK(argc > 1);
    for (int i = 2; i + 1 < argc; i += 2) CHECK(uid_of(argv[i]) == atol(argv[i + 1]));
    return open(argv[1], O_RDONLY) >= 0 ? 0 : 3;
}
