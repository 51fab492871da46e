/* exit.c - looks up wherever a process may still run code while it ends. `exit HOW`: `return`, `exit`, `thread`
 * (exit by another thread than the first), `quick`, `busy` (exit while other threads look up),
 * `first` (the first look-up of all is the one at the end). */
#include "host.h"
#include <pthread.h>

void leaver_ready(void);

static void look_up(void) {
    CHECK(uid_of("ada") == 70001 && uid_of("nemo") == ABSENT);
    CHECK(getgrgid(71000) && getpwuid(70001));
}

static void look_up_for_thread(void *nothing) { (void)nothing; look_up(); }

__attribute__((destructor)) static void leaving(void) { look_up(); }

static void *looking_up(void *nothing) {
    for (;;) CHECK(uid_of("ada") == 70001);
    return nothing;
}

static void *ending(void *nothing) {
    pthread_key_t key;
    CHECK(!pthread_key_create(&key, look_up_for_thread));
    CHECK(!pthread_setspecific(key, &key));
    look_up();
    return nothing;
}

static void *exiting(void *nothing) {
    (void)nothing;
    exit(0);
}

int main(int argc, char **argv) {
    pthread_t thread;
    CHECK(argc == 2);
    leaver_ready();
    CHECK(!atexit(look_up) && !at_quick_exit(look_up));
    if (!strcmp(argv[1], "first")) return 0;
    look_up();
    /* registered after the library is there: handlers run in the opposite order */
    CHECK(!atexit(look_up));
    CHECK(!pthread_create(&thread, NULL, ending, NULL) && !pthread_join(thread, NULL));
    /* a library that comes later leaves earlier, and one that is let go of leaves now */
    CHECK(dlopen("/var/lib/test/late.so", RTLD_NOW));
    void *gone = dlopen("/var/lib/test/gone.so", RTLD_NOW);
    CHECK(gone && !dlclose(gone));
    if (!strcmp(argv[1], "busy"))
        for (int i = 0; i < 4; i++) CHECK(!pthread_create(&thread, NULL, looking_up, NULL));
    if (!strcmp(argv[1], "thread")) {
        CHECK(!pthread_create(&thread, NULL, exiting, NULL));
        pthread_join(thread, NULL);
    }
    if (!strcmp(argv[1], "quick")) quick_exit(0);
    if (strcmp(argv[1], "return")) exit(0);
    return 0;
}
