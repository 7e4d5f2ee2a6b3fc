// Init: pid 1 of the outer pid namespace. See floor.h.
#include "floor.h"

#include <linux/sched.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void bring_loopback_up(void) {
    const int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    struct ifreq request = {.ifr_name = "lo"};
    must(ioctl(fd, SIOCGIFFLAGS, &request), "lo");
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
    must(ioctl(fd, SIOCSIFFLAGS, &request), "lo");
    close(fd);
}

static void write_guest_maps(const char* pid) {
    const int directory = must(openat(host_proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC), pid);
    write_file(directory, "uid_map", "0 0 1\n");
    write_file(directory, "gid_map", "0 0 1\n");
    close(directory);
}

static _Noreturn void supervise(int signals) {
    char status[12] = {4};
    struct pollfd watched[] = {
        {orders[0], POLLIN, 0}, {launcher_pidfd, POLLIN, 0}, {signals, POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
    must(poll(watched, 5, -1), "poll");
    if (watched[2].revents == 0) {
        _exit(125);
    }
    struct signalfd_siginfo heard;
    while (read(signals, &heard, sizeof heard) == sizeof heard) {
    }
    siginfo_t info = {0};
    must(waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG), "waitid");
    status[4] = (char)info.si_status;
    must(write(statuses[1], status, sizeof status), "status");
    _exit(0);
}

// Until there is an order, or the launcher is gone.
static void await(int fd) {
    struct pollfd watched[] = {{fd, POLLIN, 0}, {launcher_pidfd, POLLIN, 0}, {-1, POLLIN, 0}};
    must(poll(watched, 3, -1), "poll");
}

_Noreturn void be_init(void) {
    char buffer[24] = {0};
    close_range((unsigned)orders[1], (unsigned)orders[1], 0);
    close_range((unsigned)statuses[0], (unsigned)statuses[0], 0);
    close_range((unsigned)reports[0], (unsigned)reports[0], 0);
    close_range((unsigned)launcher_pidfd + 1, ~0U, 0);
    const struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &plain, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    await(orders[0]);
    if (read(orders[0], buffer, 8) != 8) {
        _exit(125);
    }
    for (int fd = 0; fd <= 2; ++fd) {
        fcntl(fd, F_GETFD);
    }
    host_proc = must(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), "/proc");
    host_cwd = must(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), ".");
    init_pidfd = must(syscall(SYS_pidfd_open, getpid(), 0), "pidfd_open");
    must(chdir("/"), "/");
    must(pipe2(announce, O_CLOEXEC), "pipe2");
    must(pipe2(proceed, O_CLOEXEC), "pipe2");
    struct clone_args arguments = {.flags = CLONE_NEWPID | CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
    if (must(syscall(SYS_clone3, &arguments, sizeof arguments), "clone3") == 0) {
        become_command();
    }
    close(announce[1]);
    close(proceed[0]);
    close(reports[1]);
    close(host_cwd);
    close(init_pidfd);
    must(close_range(0, 2, 0), "close_range");
    must(unshare(CLONE_NEWNET), "network");
    bring_loopback_up();
    must(write(proceed[1], "", 1), "proceed");
    await(announce[0]);
    if (read(announce[0], buffer, sizeof buffer - 1) <= 0) {
        _exit(125);
    }
    write_guest_maps(buffer);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    const int signals = must(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
    int directory = must(openat(host_proc, buffer, O_PATH | O_DIRECTORY | O_CLOEXEC), buffer);
    must(openat(directory, "status", O_RDONLY | O_CLOEXEC), "status");
    close(directory);
    directory = must(openat(host_proc, buffer, O_PATH | O_DIRECTORY | O_CLOEXEC), buffer);
    must(openat(directory, "syscall", O_RDONLY | O_CLOEXEC), "syscall");
    close(directory);
    close(host_proc);
    prctl(PR_SET_NAME, "sandbox-init", 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    close(announce[0]);
    const char started[12] = {1};
    must(write(statuses[1], started, sizeof started), "started");
    confine_init();
    must(write(proceed[1], "", 1), "proceed");
    supervise(signals);
}
