/* broker.c - stands where the broker listens, and is not well: `broker HOW [TEXT [UID]]`. `deaf` takes no call; `full` has no
 * room for one more; `silent` takes calls and says nothing; `drips` sends TEXT byte by byte, over and over;
 * `says` sends TEXT and a NUL. With UID the socket is root's, but it is that user who listens. It says `ready` once it
 * listens, and stays until it is killed. */
#include "host.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct sockaddr_un place = {AF_UNIX, "/run/muster/lookup.sock"};
static const char *how, *text;

static void fill(void) {
    int caller;
    do caller = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    while (!connect(caller, (const struct sockaddr *)&place, sizeof place));
    CHECK(errno == EAGAIN);
}

static void *serve(void *taken) {
    int caller = (int)(intptr_t)taken;
    char call[512];
    if (read(caller, call, sizeof call) > 0 && !strcmp(how, "says")) send(caller, text, strlen(text) + 1, MSG_NOSIGNAL);
    for (size_t at = 0; !strcmp(how, "drips"); at++) {
        if (send(caller, text + at % strlen(text), 1, MSG_NOSIGNAL) != 1) break;
        usleep(10000);
    }
    while (read(caller, call, sizeof call) > 0) {}
    close(caller);
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc > 1);
    how = argv[1];
    text = argc > 2 ? argv[2] : "";
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(place.sun_path);
    CHECK(!bind(listener, (const struct sockaddr *)&place, sizeof place));
    CHECK(argc < 4 || !seteuid(atoi(argv[3])));
    CHECK(!listen(listener, strcmp(how, "full") ? 128 : 0));
    if (!strcmp(how, "full")) fill();
    CHECK(puts("ready") > 0 && !fflush(stdout));
    if (!strcmp(how, "full") || !strcmp(how, "deaf")) pause();
    for (;;) {
        pthread_t thread;
        int caller = accept(listener, NULL, NULL);
        if (caller < 0) continue;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)caller)) close(caller);
        else pthread_detach(thread);
    }
}
