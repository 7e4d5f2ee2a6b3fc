/* A33, A34: the terminal on 0, by every name that it may have, the one that $SANDBOX_ATTACK_TERMINAL says included, and
 * `other=`, a terminal of the host that was not handed over. `of=others` tries the latter. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attempt.h"

static long control(int terminal, unsigned long command, const void* argument) {
    return terminal < 0 ? -1 : syscall(SYS_ioctl, terminal, command, argument);
}
static int terminal_at(const char* path) {
    return open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* Where dev.tty.legacy_tiocsti is 0, the kernel lets nobody but root do it. */
static long put_key(int terminal, unsigned long more) {
    return control(terminal, TIOCSTI | more, "X");
}
static long put_key_0(void) {
    return put_key(0, 0);
}
static long put_key_tty(void) {
    return put_key(terminal_at("/dev/tty"), 0);
}
static long put_key_self(void) {
    return put_key(terminal_at("/proc/self/fd/0"), 0);
}
static long put_key_pts(void) {
    return put_key(terminal_at(getenv("SANDBOX_ATTACK_TERMINAL")), 0);
}
static long put_key_0_high(void) {
    return put_key(0, 1UL << 32);
}
static long put_key_tty_high(void) {
    return put_key(terminal_at("/dev/tty"), 1UL << 63);
}
static long put_key_self_high(void) {
    return put_key(terminal_at("/proc/self/fd/0"), 0xffffffffUL << 32);
}

/* Pasting what is selected, which only a virtual console does. */
static long paste(void) {
    const char selection = 3;
    return control(0, TIOCLINUX, &selection);
}
static long paste_high(void) {
    const char selection = 3;
    return control(0, TIOCLINUX | (1UL << 40), &selection);
}
static long set_discipline(void) {
    const int discipline = 0;
    return control(0, TIOCSETD, &discipline);
}
static long set_discipline_tty(void) {
    const int discipline = 0;
    return control(terminal_at("/dev/tty"), TIOCSETD, &discipline);
}
static long set_discipline_high(void) {
    const int discipline = 0;
    return control(0, TIOCSETD | (1UL << 32), &discipline);
}
/* As the leader of a session without a terminal, from the one that has it. */
static long steal(void) {
    return setsid() < 0 ? -1 : control(0, TIOCSCTTY, (void*)1);
}
static long steal_high(void) {
    return setsid() < 0 ? -1 : control(0, TIOCSCTTY | (1UL << 32), (void*)1);
}

static long write_to_other(void) {
    return write_text(given("other"), O_WRONLY, "attack");
}
static long read_other(void) {
    return can_open(given("other"), O_RDWR) < 0 && errno != EAGAIN ? -1 : 0;
}
static long see_other(void) {
    struct stat state;
    return stat(given("other"), &state);
}
static long put_key_into_other(void) {
    return put_key(terminal_at(given("other")), 0);
}
static long other_by_node(void) {
    const char* number = strrchr(given("other"), '/') + 1;
    unsigned minor = 0;
    char path[64];
    if (sscanf(number, "%u", &minor) != 1) {
        return refused(ENOMSG);
    }
    snprintf(path, sizeof path, "/dev/shm/sandbox-attack-%d", (int)getpid());
    if (mknod(path, S_IFCHR | 0600, makedev(136, minor)) != 0) {
        return -1;
    }
    unlink(path);
    return 0;
}

int main(int argc, char** argv) {
    static const struct attempt own[] = {
        {"TIOCSTI by 0", "seccomp", put_key_0, {0}, needs_kernel},
        {"TIOCSTI by /dev/tty", "seccomp", put_key_tty, {0}, needs_kernel},
        {"TIOCSTI by /proc/self/fd/0", "seccomp", put_key_self, {0}, needs_kernel},
        {"TIOCSTI by /dev/pts/N", "mounts", put_key_pts, {0}, needs_kernel},
        {"TIOCSTI by 0 with high bits", "seccomp", put_key_0_high, {0}, needs_kernel},
        {"TIOCSTI by /dev/tty with high bits", "seccomp", put_key_tty_high, {0}, needs_kernel},
        {"TIOCSTI by /proc/self/fd/0 with high bits", "seccomp", put_key_self_high, {0}, needs_kernel},
        {"TIOCLINUX", "seccomp", paste, {0}, needs_kernel},
        {"TIOCLINUX with high bits", "seccomp", paste_high, {0}, needs_kernel},
        {"TIOCSETD", "seccomp", set_discipline, {0}, 0},
        {"TIOCSETD by /dev/tty", "seccomp", set_discipline_tty, {0}, 0},
        {"TIOCSETD with high bits", "seccomp", set_discipline_high, {0}, 0},
        {"TIOCSCTTY", "ownership", steal, {0}, needs_root},
        {"TIOCSCTTY with high bits", "ownership", steal_high, {0}, needs_root},
    };
    static const struct attempt others[] = {
        {"see another terminal", "mounts", see_other, {0}, 0},
        {"write to another terminal", "mounts", write_to_other, {0}, 0},
        {"read another terminal", "mounts", read_other, {0}, 0},
        {"TIOCSTI into another terminal", "mounts", put_key_into_other, {0}, needs_root},
        {"mknod another terminal", "ownership", other_by_node, {SYS_mknodat}, needs_root},
    };
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "of=others") == 0) {
            return RUN_ATTEMPTS(argc, argv, others);
        }
    }
    return RUN_ATTEMPTS(argc, argv, own);
}
