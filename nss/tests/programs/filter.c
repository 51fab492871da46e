/* filter.c - a seccomp filter kills the process for any system call that the library has no need of: `filter cold` before
 * the first look-up, `filter warm` after it, when not a single one is allowed. `filter proof` shows that it
 * does kill, and `filter old` is a kernel that does not know what the library asks for on forks. */
#include "generation.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define ALLOW(number)                                        \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),       \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static void forbid(struct sock_filter *rules, unsigned short count) {
    const struct sock_fprog program = {count, rules};
    CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/* Hits, and misses of complete directories, by every key. */
static int answers(void) {
    struct passwd user;
    struct group group;
    char buffer[4096];
    gid_t places[64], *list = places;
    long start = 1, size = 64;
    int error;
    unsigned generation = look_up_at_doors(7);
    return door_by_id(100007 + generation * 100, &user, buffer, sizeof buffer, &error) == NSS_STATUS_SUCCESS
        && door_by_id(4711, &user, buffer, sizeof buffer, &error) == NSS_STATUS_NOTFOUND
        && door_by_name("nemo", &user, buffer, sizeof buffer, &error) == NSS_STATUS_NOTFOUND
        && door_by_name("u1", &user, buffer, 4, &error) == NSS_STATUS_TRYAGAIN
        && door_group("nemo", &group, buffer, sizeof buffer, &error) == NSS_STATUS_NOTFOUND
        && door_list("nemo", 4711, &start, &size, &list, -1, &error) == NSS_STATUS_NOTFOUND;
}

int main(int argc, char **argv) {
    struct sock_filter cold[] = {
        NUMBER, ALLOW(SYS_openat), ALLOW(SYS_fstat), ALLOW(SYS_newfstatat), ALLOW(SYS_mmap), ALLOW(SYS_munmap),
        ALLOW(SYS_madvise), ALLOW(SYS_close), ALLOW(SYS_exit_group), KILL,
    };
    struct sock_filter old[] = {
        NUMBER, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_filter warm[] = {NUMBER, ALLOW(SYS_exit_group), KILL};
    CHECK(argc == 2);
    open_doors();
    if (!strcmp(argv[1], "cold")) forbid(cold, sizeof cold / sizeof *cold);
    else if (!strcmp(argv[1], "old")) forbid(old, sizeof old / sizeof *old);
    else {
        CHECK(answers());
        forbid(warm, sizeof warm / sizeof *warm);
    }
    if (!strcmp(argv[1], "proof")) getppid();
    int right = answers();
    syscall(SYS_exit_group, !right);
}
