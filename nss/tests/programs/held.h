/* held.h - keeps a reader inside: its buffer is a page that may not be written yet, so that it faults in
 * the middle of the copy, counted in, and waits in the handler until it is let go. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

/* More than the library can have seats for. */
enum { READERS = 10 };

static char *pages[READERS];
static volatile int inside[READERS], let_go;
/* What the handler does, in the thread of the reader, before that may go on. */
static void (*meanwhile)(void);

static void on_fault(int number, siginfo_t *fault, void *context) {
    (void)number, (void)context;
    for (int i = 0; i < READERS; i++) {
        if ((uintptr_t)fault->si_addr - (uintptr_t)pages[i] >= 4096) continue;
        inside[i] = 1;
        if (meanwhile) meanwhile();
        else while (!let_go) usleep(100);
        CHECK(!mprotect(pages[i], 4096, PROT_READ | PROT_WRITE));
        return;
    }
    CHECK(!"a fault that is nobody's");
}

static void prepare_to_hold(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK(!sigaction(SIGSEGV, &action, NULL));
    for (int i = 0; i < READERS; i++) {
        pages[i] = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(pages[i] != MAP_FAILED);
    }
}

/* Looks the group up into page `which`: its members are read from the snapshot after the fault. The generation that was found. */
static void *reading(void *which) {
    struct group group;
    int error;
    CHECK(door_group("team", &group, pages[(long)which], 4096, &error) == NSS_STATUS_SUCCESS);
    return (void *)(long)of_group(&group);
}

/* Starts a reader on page `which`; returns when it is inside. */
UNUSED static pthread_t held(long which) {
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, reading, (void *)which));
    while (!inside[which]) usleep(100);
    return thread;
}
