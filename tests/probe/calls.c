/* Makes the system calls that the filter has an opinion about, with arguments that do no harm where it has none: one
 * line each, `NAME: done` or `NAME: ERRNO`. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

static void tell(const char* name, long result) {
    const char* word = result >= 0 ? "done" : strerrorname_np(errno);
    printf("%s: %s\n", name, word != NULL ? word : "?");
    fflush(stdout);
}

/* Nothing here is valid: a kernel that looks at it says EINVAL, EFAULT, EBADF, ENOENT or that a capability is missing.
 */
static const struct {
    const char* name;
    long number;
} invalid[] = {
    {"mount", SYS_mount},
    {"umount2", SYS_umount2},
    {"pivot_root", SYS_pivot_root},
    {"mount_setattr", SYS_mount_setattr},
    {"move_mount", SYS_move_mount},
    {"open_tree", SYS_open_tree},
    {"fsopen", SYS_fsopen},
    {"fsconfig", SYS_fsconfig},
    {"fsmount", SYS_fsmount},
    {"fspick", SYS_fspick},
    {"setns", SYS_setns},
    {"bpf", SYS_bpf},
    {"perf_event_open", SYS_perf_event_open},
    {"userfaultfd", SYS_userfaultfd},
    {"io_uring_setup", SYS_io_uring_setup},
    {"io_uring_enter", SYS_io_uring_enter},
    {"io_uring_register", SYS_io_uring_register},
    {"keyctl", SYS_keyctl},
    {"add_key", SYS_add_key},
    {"request_key", SYS_request_key},
    {"open_by_handle_at", SYS_open_by_handle_at},
    {"kexec_load", SYS_kexec_load},
    {"init_module", SYS_init_module},
    {"finit_module", SYS_finit_module},
    {"delete_module", SYS_delete_module},
    {"swapon", SYS_swapon},
    {"swapoff", SYS_swapoff},
    {"quotactl", SYS_quotactl},
    {"quotactl_fd", SYS_quotactl_fd},
    {"acct", SYS_acct},
    {"reboot", SYS_reboot},
    {"settimeofday", SYS_settimeofday},
    {"clock_settime", SYS_clock_settime},
    {"adjtimex", SYS_adjtimex},
    {"clock_adjtime", SYS_clock_adjtime},
    {"lookup_dcookie", SYS_lookup_dcookie},
    {"syslog", SYS_syslog},
    {"fanotify_init", SYS_fanotify_init},
    {"move_pages", SYS_move_pages},
    {"migrate_pages", SYS_migrate_pages},
#if defined(__x86_64__)
    {"iopl", SYS_iopl},
    {"ioperm", SYS_ioperm},
    {"modify_ldt", SYS_modify_ldt},
#endif
    {"a number without a call", 1999},
};

static void try_invalid(void) {
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; ++i) {
        tell(invalid[i].name, syscall(invalid[i].number, -1L, -1L, -1L, -1L, -1L, -1L));
    }
}

static void try_socket(const char* name, int family, int type, int protocol) {
    int descriptor = socket(family, type | SOCK_CLOEXEC, protocol);
    tell(name, descriptor);
    if (descriptor >= 0) {
        close(descriptor);
    }
}

static void try_sockets(void) {
    try_socket("socket unix", AF_UNIX, SOCK_STREAM, 0);
    try_socket("socket inet", AF_INET, SOCK_STREAM, 0);
    try_socket("socket inet6", AF_INET6, SOCK_DGRAM, 0);
    try_socket("socket netlink route", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    try_socket("socket netlink audit", AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
    try_socket("socket netlink netfilter", AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    try_socket("socket netlink xfrm", AF_NETLINK, SOCK_RAW, NETLINK_XFRM);
    try_socket("socket alg", AF_ALG, SOCK_SEQPACKET, 0);
    try_socket("socket packet", AF_PACKET, SOCK_RAW, 0);
    try_socket("socket packet by inet", AF_INET, SOCK_PACKET, 0);
    try_socket("socket vsock", AF_VSOCK, SOCK_STREAM, 0);
    try_socket("socket rxrpc", AF_RXRPC, SOCK_DGRAM, AF_INET);
    try_socket("socket tipc", AF_TIPC, SOCK_STREAM, 0);
    try_socket("socket can", AF_CAN, SOCK_RAW, 1);
    try_socket("socket key", AF_KEY, SOCK_RAW, 2);
    try_socket("socket xdp", 44, SOCK_RAW, 0);
    int pair[2];
    tell("socketpair unix", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    tell("socketpair tipc", socketpair(AF_TIPC, SOCK_STREAM, 0, pair));
}

/* In a process of its own: one that succeeds must not change what the next one finds. */
static void try_clone(const char* name, unsigned long flags) {
    pid_t child = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        _exit(0);
    }
    int error = errno;
    if (child > 0) {
        waitpid(child, NULL, 0);
    }
    errno = error;
    tell(name, child);
}
static void try_unshare(const char* name, int flags) {
    pid_t child = fork();
    if (child == 0) {
        tell(name, unshare(flags));
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void* think(void* thought) {
    return thought;
}

/* As a debugger does. */
static long trace_child(void) {
    static volatile long secret = 1;
    pid_t child = fork();
    if (child == 0) {
        secret = 42;
        raise(SIGSTOP);
        _exit(0);
    }
    int status = 0;
    long result = -1;
    long seen = 0;
    if (ptrace(PTRACE_SEIZE, child, 0, 0) == 0 && waitpid(child, &status, WUNTRACED) == child) {
        struct iovec here = {&seen, sizeof seen};
        struct iovec there = {(void*)(uintptr_t)&secret, sizeof seen};
        errno = 0;
        if (ptrace(PTRACE_PEEKDATA, child, &secret, 0) == 42 &&
            process_vm_readv(child, &here, 1, &there, 1, 0) == (ssize_t)sizeof seen) {
            seen += 1;
            if (process_vm_writev(child, &here, 1, &there, 1, 0) == (ssize_t)sizeof seen) {
                result = ptrace(PTRACE_PEEKDATA, child, &secret, 0) == 43 ? 0 : -1;
            }
        }
    }
    int error = errno;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    errno = error;
    return result;
}

static void try_processes(void) {
    try_clone("clone", 0);
    try_clone("clone user", CLONE_NEWUSER);
    try_clone("clone net", CLONE_NEWNET);
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) {
        _exit(0);
    }
    tell("clone3", child);
    try_unshare("unshare files", CLONE_FILES | CLONE_FS);
    try_unshare("unshare user", CLONE_NEWUSER);
    try_unshare("unshare mnt", CLONE_NEWNS);
    pthread_t thread;
    errno = pthread_create(&thread, NULL, think, NULL);
    tell("thread", errno == 0 ? 0 : -1);
    if (errno == 0) {
        pthread_join(thread, NULL);
    }
    tell("trace a child", trace_child());
    tell("kcmp", syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0));
    tell("chroot", chroot("/"));
    tell("sethostname", sethostname("tried", 5));
    tell("memfd_secret", syscall(SYS_memfd_secret, 0));
    tell("get_mempolicy", syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0));
    tell("personality question", personality(0xffffffff));
    tell("personality fixed addresses", personality(ADDR_NO_RANDOMIZE));
    tell("personality executable stack", personality(READ_IMPLIES_EXEC));
    tell("personality linux", personality(0));
}

static void try_ioctls(void) {
    /* The kernel takes the low half of a command. */
    tell("ioctl FIONREAD", syscall(SYS_ioctl, 0, (1UL << 32) | FIONREAD, &(int){0}));
    tell("ioctl TIOCSTI", ioctl(0, TIOCSTI, "x"));
    tell("ioctl TIOCSTI and more", syscall(SYS_ioctl, 0, (1UL << 32) | TIOCSTI, "x"));
    tell("ioctl TIOCSETD", ioctl(0, TIOCSETD, &(int){0}));
}

/* A kernel without 32-bit programs has no such interrupt, and ends the process. */
static void try_int80(void) {
#if defined(__x86_64__)
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        long result = 0;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L /* getpid */) : "memory", "r8", "r9", "r10", "r11");
        errno = result < 0 ? (int)-result : 0;
        tell("int 0x80", result < 0 ? -1 : 0);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        printf("int 0x80: ended by signal %d\n", WTERMSIG(status));
    }
#endif
}

static void try_foreign_tables(void) {
    try_int80();
#if defined(__x86_64__)
    tell("x32", syscall(0x40000000L | SYS_getpid));
#endif
}

int main(void) {
    try_invalid();
    try_sockets();
    try_processes();
    try_ioctls();
    try_foreign_tables();
    return 0;
}
