// The floor of `sandbox enter`: what that asks of the kernel, asked by a plain C program that does nothing else. It
// decides nothing: it is told the process whose namespaces it joins, and reads the entry of the registry without a look
// at it. The system calls are those of `sandbox enter NAME -- COMMAND` (compare with `strace -f`), so the difference in
// time is what deciding costs. What it does and nsenter(1) does not: processes that are recognised, namespaces that are
// compared, capabilities that are dropped, two filters, and a process beside the command that waits for it, passes
// signals on, and ends it when the launcher is gone.
//
//   bench_floor_enter PID ENTRY COMMAND [ARG]...
#include "floor/floor.h"

#include <linux/nsfs.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/wait.h>

static const char* const kinds[] = {"mnt", "pid", "ipc", "net", "cgroup", "uts", "user"};
enum { kind_count = sizeof kinds / sizeof *kinds, of_setup = 5, guest = 6 };

char** command;
int landlock_abi;
int orders[2], statuses[2], reports[2], announce[2], proceed[2];
int launcher_pidfd, host_proc, host_cwd;
static int namespaces[kind_count], setup, self;

_Noreturn void fail(const char* what) {
    dprintf(2, "bench_floor_enter: %s: %s\n", what, strerror(errno));
    _exit(125);
}

static void read_whole(const char* path, int must_be_there) {
    char text[4096];
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (must_be_there) {
            fail(path);
        }
        return;
    }
    while (read(fd, text, sizeof text) > 0) {
    }
    close(fd);
}

static int open_process(const char* pid) {
    char path[64];
    const int fd = must(syscall(SYS_pidfd_open, atoi(pid), 0), "pidfd_open");
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    read_whole(path, 1);
    struct pollfd ended = {fd, POLLIN, 0};
    must(poll(&ended, 1, 0), "poll");
    return fd;
}

// The directories of the registry, the entry, and its three processes.
static void find(const char* pid, const char* entry) {
    struct stat status;
    read_whole("/proc/sys/kernel/random/boot_id", 1);
    for (int directory = 0; directory < 3; ++directory) {
        const int fd = must(open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), "/tmp");
        fstat(fd, &status);
        close(fd);
    }
    read_whole(entry, 1);
    open_process(pid);
    open_process(pid);
    open_process(pid);
}

static void open_namespaces(const char* pid) {
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%s/ns", pid);
    const int directory = must(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), path);
    for (int kind = 0; kind < kind_count; ++kind) {
        snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[kind]);
        must(stat(path, &status), path);
        namespaces[kind] = must(openat(directory, kinds[kind], O_RDONLY | O_CLOEXEC), kinds[kind]);
        must(fstat(namespaces[kind], &status), kinds[kind]);
    }
    const int quotas = must(ioctl(namespaces[guest], NS_GET_PARENT), "parent");
    setup = must(ioctl(quotas, NS_GET_PARENT), "parent");
    close(quotas);
    close(directory);
}

// What is open, as far as a plan for entering asks for it.
static void look_at_streams(void) {
    struct stat status;
    struct statfs system;
    char path[64];
    char link[8];
    for (int fd = 0; fd <= 2; ++fd) {
        fcntl(fd, F_GETFL);
        fstat(fd, &status);
        snprintf(path, sizeof path, "/proc/thread-self/fd/%d", fd);
        must(readlink(path, link, sizeof link), path);
        fstatfs(fd, &system);
    }
    read_whole("/dev/tty", 0);
}

static int take_signals(void) {
    sigset_t all;
    struct sigaction former;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int signal = 1; signal < 64; ++signal) {
        sigaction(signal, NULL, &former);
    }
    return must(signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
}

_Noreturn void become_command(void) {
    char byte;
    char pid[24];
    close(announce[0]);
    close(proceed[1]);
    close(orders[0]);
    close(statuses[1]);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const mode_t mask = umask(0);
    syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL);
    must(setpgid(0, 0), "setpgid");
    must(setns(namespaces[guest], 0), "guest");
    must(setns(namespaces[of_setup], 0), "uts");
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const int length = must(readlinkat(host_proc, "self", pid, sizeof pid - 1), "self");
    must(write(announce[1], pid, (size_t)length), "announce");
    must(chdir("/"), "/");
    umask(mask);
    must(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
    const struct rlimit core = {1, 1};
    setrlimit(RLIMIT_CORE, &core);
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    limit_capabilities();
    if (read(proceed[0], &byte, 1) != 1) {
        _exit(125);
    }
    filter_command();
    static const char report[24] = {3};
    must(write(reports[1], report, sizeof report), "report");
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(command[0], command);
    fail(command[0]);
}

static int open_below(const char* pid, const char* name) {
    const int directory = must(openat(host_proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC), pid);
    const int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    close(directory);
    return fd;
}

static void watch(int events, int fd) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
    must(epoll_ctl(events, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static _Noreturn void supervise(int events, int signals, int children, pid_t child) {
    char text[128];
    siginfo_t info = {0};
    struct epoll_event event;
    char status[12] = {1};
    do {
        must(epoll_wait(events, &event, 1, -1), "epoll_wait");
        if (event.data.fd == announce[0]) {  // exec has closed its other end
            must(write(statuses[1], status, sizeof status), "started");
        }
    } while (event.data.fd != signals);
    while (read(signals, text, sizeof text) > 0) {
    }
    must(waitid(P_PID, (id_t)child, &info, WEXITED), "waitid");
    status[0] = 4;
    status[4] = (char)info.si_status;
    must(write(statuses[1], status, sizeof status), "status");
    must(pread(children, text, sizeof text, 0), "children");
    waitid(P_ALL, 0, &info, WEXITED);
    _exit(0);
}

_Noreturn void be_init(void) {
    char pid[24] = {0};
    for (int fd = 3; fd <= self; ++fd) {
        if (fd == orders[1] || fd == statuses[0] || fd == reports[0]) {
            close(fd);
        }
    }
    const struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &plain, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    struct pollfd go = {orders[0], POLLIN, 0};
    must(poll(&go, 1, -1), "poll");
    if (read(orders[0], pid, 8) != 8) {
        _exit(125);
    }
    for (int fd = 0; fd <= 2; ++fd) {
        fcntl(fd, F_GETFD);
    }
    host_proc = must(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), "/proc");
    host_cwd = must(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), ".");
    must(syscall(SYS_pidfd_open, getpid(), 0), "pidfd_open");
    must(chdir("/"), "/");
    must(pipe2(announce, O_CLOEXEC), "pipe2");
    must(pipe2(proceed, O_CLOEXEC), "pipe2");
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    must(setns(setup, 0), "setup");
    for (int kind = 0; kind < of_setup; ++kind) {
        must(setns(namespaces[kind], 0), kinds[kind]);
    }
    struct clone_args arguments = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
    const pid_t child = must(syscall(SYS_clone3, &arguments, sizeof arguments), "clone3");
    if (child == 0) {
        become_command();
    }
    close(announce[1]);
    close(proceed[0]);
    close(reports[1]);
    close(host_cwd);
    close(setup);
    for (int kind = 0; kind < kind_count; ++kind) {
        close(namespaces[kind]);
    }
    must(close_range(0, 2, 0), "close_range");
    struct pollfd announced = {announce[0], POLLIN, 0};
    must(poll(&announced, 1, -1), "poll");
    if (read(announce[0], pid, sizeof pid - 1) <= 0) {
        _exit(125);
    }
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    const int signals = must(signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
    open_below(pid, "status");
    open_below(pid, "syscall");
    const int children = open_below("thread-self", "children");
    close(host_proc);
    prctl(PR_SET_NAME, "sandbox-init", 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    const int events = must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    watch(events, launcher_pidfd);
    watch(events, announce[0]);
    watch(events, signals);
    watch(events, orders[0]);
    confine_init();
    must(write(proceed[1], "", 1), "proceed");
    supervise(events, signals, children, child);
}

// Until the command runs, and until it has ended.
static int supervise_init(int init, int signals) {
    char message[24];
    siginfo_t info = {0};
    struct pollfd started[] = {{statuses[0], POLLIN, 0}, {init, POLLIN, 0}, {signals, POLLIN, 0}};
    must(poll(started, 3, -1), "poll");
    if (read(statuses[0], message, 12) != 12) {
        return 125;
    }
    while (read(reports[0], message, sizeof message) > 0) {
    }
    close(setup);
    for (int kind = 0; kind < kind_count; ++kind) {
        close(namespaces[kind]);
    }
    must(poll(started, 3, -1), "poll");
    if (read(statuses[0], message, 12) != 12) {
        return 125;
    }
    must(waitid(P_PIDFD, (id_t)init, &info, WEXITED | __WALL), "waitid");
    return message[4];
}

int main(int argc, char** argv) {
    if (argc < 4) {
        dprintf(2, "usage: bench_floor_enter PID ENTRY COMMAND [ARG]...\n");
        return 125;
    }
    command = argv + 3;
    for (int fd = 0; fd <= 2; ++fd) {
        fcntl(fd, F_GETFD);
    }
    find(argv[1], argv[2]);
    open_namespaces(argv[1]);
    look_at_streams();
    const int signals = take_signals();
    int terminal;
    for (int fd = 0; fd <= 2; ++fd) {
        ioctl(fd, TIOCGPGRP, &terminal);
    }
    read_whole("/dev/tty", 0);
    must(pipe2(orders, O_CLOEXEC), "pipe2");
    must(pipe2(statuses, O_CLOEXEC), "pipe2");
    must(pipe2(reports, O_CLOEXEC), "pipe2");
    launcher_pidfd = must(syscall(SYS_pidfd_open, getpid(), 0), "pidfd_open");
    self = launcher_pidfd;
    int init = -1;
    struct clone_args arguments = {.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND, .pidfd = (uintptr_t)&init};
    if (must(syscall(SYS_clone3, &arguments, sizeof arguments), "clone3") == 0) {
        be_init();
    }
    close(orders[0]);
    close(statuses[1]);
    close(reports[1]);
    must(write(orders[1], "\0\0\0\0\0\0\0", 8), "go");
    return supervise_init(init, signals);
}
