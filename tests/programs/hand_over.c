/* hand_over.c - the broker's side of a publication: `hand_over FILE [amendment]` gives the candidate in FILE to the publisher,
 * says what that answers, and ends with 0 if it was published. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
    const struct sockaddr_un place = {AF_UNIX, "/run/muster/publish.sock"};
    static char greeting[64];
    static char answer[1 << 18];
    struct stat status;
    size_t length = 0;
    ssize_t got;
    if (argc != 2 && argc != 3) return 2;
    const char *what = argc == 3 ? argv[2] : "", *space = *what ? " " : "";
    snprintf(greeting, sizeof greeting, "muster-publish 1%s%s\n", space, what);
    alarm(20);
    int file = open(argv[1], O_RDONLY);
    int candidate = memfd_create("candidate", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    if (file < 0 || candidate < 0 || fstat(file, &status)) return 3;
    if (sendfile(candidate, file, NULL, status.st_size) != status.st_size) return 4;
    if (fcntl(candidate, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)) return 5;

    int publisher = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(publisher, (const struct sockaddr *)&place, sizeof place)) return 6;
    union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr head; } control = {0};
    struct iovec bytes = {greeting, strlen(greeting)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.head = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), &candidate, sizeof candidate);
    if (sendmsg(publisher, &message, MSG_NOSIGNAL) < 0) return 7;
    while (length < sizeof answer - 1 && (got = read(publisher, answer + length, sizeof answer - 1 - length)) > 0) length += got;
    puts(answer);
    return !strstr(answer, "\"generation\"");
}
