/* A14: a namespace that is new, or another than the sandbox's. In one of its own the command would have every
 * capability again, and with them parts of the kernel that are closed to it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempt.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static long cloned(long child) {
    if (child == 0) {
        _exit(0);
    }
    if (child > 0) {
        waitpid((pid_t)child, NULL, 0);
    }
    return child;
}

static long unshare_user(void) {
    return unshare(CLONE_NEWUSER);
}
static long unshare_mnt(void) {
    return unshare(CLONE_NEWNS);
}
static long unshare_pid(void) {
    return unshare(CLONE_NEWPID);
}
static long unshare_net(void) {
    return unshare(CLONE_NEWNET);
}
static long unshare_ipc(void) {
    return unshare(CLONE_NEWIPC);
}
static long unshare_uts(void) {
    return unshare(CLONE_NEWUTS);
}
static long unshare_cgroup(void) {
    return unshare(CLONE_NEWCGROUP);
}
static long unshare_time(void) {
    return unshare(CLONE_NEWTIME);
}
static long unshare_user_and_all(void) {
    return unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
}
static long clone_user(void) {
    return cloned(syscall(SYS_clone, (long)(CLONE_NEWUSER | SIGCHLD), 0, 0, 0, 0));
}
static long clone_mnt(void) {
    return cloned(syscall(SYS_clone, (long)(CLONE_NEWNS | SIGCHLD), 0, 0, 0, 0));
}
static long clone_net(void) {
    return cloned(syscall(SYS_clone, (long)(CLONE_NEWNET | SIGCHLD), 0, 0, 0, 0));
}
static long clone3_with(uint64_t flags) {
    struct clone_args arguments = {.flags = flags, .exit_signal = SIGCHLD};
    return cloned(syscall(SYS_clone3, &arguments, sizeof arguments));
}
static long clone3_user(void) {
    return clone3_with(CLONE_NEWUSER);
}
static long clone3_mnt(void) {
    return clone3_with(CLONE_NEWNS);
}

static long enter(const char* kind, int flag) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    return descriptor < 0 ? -1 : setns(descriptor, flag);
}
static long enter_mnt(void) {
    return enter("mnt", CLONE_NEWNS);
}
static long enter_net(void) {
    return enter("net", CLONE_NEWNET);
}
static long enter_ipc(void) {
    return enter("ipc", CLONE_NEWIPC);
}
static long enter_pid(void) {
    return enter("pid_for_children", CLONE_NEWPID);
}
static long enter_cgroup(void) {
    return enter("cgroup", CLONE_NEWCGROUP);
}
static long enter_by_pidfd(void) {
    int process = (int)syscall(SYS_pidfd_open, getpid(), 0);
    return process < 0 ? -1 : setns(process, CLONE_NEWNS | CLONE_NEWNET);
}

/* The user namespace that owns the mounts: to have it would be to have them. */
static long owner_of(const char* kind) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    return descriptor < 0 ? -1 : ioctl(descriptor, NS_GET_USERNS);
}
static long owner_of_mnt(void) {
    return owner_of("mnt");
}
static long owner_of_net(void) {
    return owner_of("net");
}

static long raise_user_quota(void) {
    return write_text("/proc/sys/user/max_user_namespaces", O_WRONLY, "1000");
}
static long raise_mnt_quota(void) {
    return write_text("/proc/sys/user/max_mnt_namespaces", O_WRONLY, "1000");
}

int main(int argc, char** argv) {
    static const struct attempt attempts[] = {
        {"unshare user", "quotas", unshare_user, {SYS_unshare}, 0},
        {"unshare mnt", "quotas", unshare_mnt, {SYS_unshare}, 0},
        {"unshare pid", "quotas", unshare_pid, {SYS_unshare}, 0},
        {"unshare net", "quotas", unshare_net, {SYS_unshare}, 0},
        {"unshare ipc", "quotas", unshare_ipc, {SYS_unshare}, 0},
        {"unshare uts", "quotas", unshare_uts, {SYS_unshare}, 0},
        {"unshare cgroup", "quotas", unshare_cgroup, {SYS_unshare}, 0},
        {"unshare time", "quotas", unshare_time, {SYS_unshare}, 0},
        {"unshare user and more", "quotas", unshare_user_and_all, {SYS_unshare}, 0},
        {"clone user", "quotas", clone_user, {SYS_clone}, 0},
        {"clone mnt", "quotas", clone_mnt, {SYS_clone}, 0},
        {"clone net", "quotas", clone_net, {SYS_clone}, 0},
        {"clone3 user", "quotas", clone3_user, {SYS_clone3}, 0},
        {"clone3 mnt", "quotas", clone3_mnt, {SYS_clone3}, 0},
        {"setns mnt", "ownership", enter_mnt, {SYS_setns}, 0},
        {"setns net", "ownership", enter_net, {SYS_setns}, 0},
        {"setns ipc", "ownership", enter_ipc, {SYS_setns}, 0},
        {"setns pid", "ownership", enter_pid, {SYS_setns}, 0},
        {"setns cgroup", "ownership", enter_cgroup, {SYS_setns}, 0},
        {"setns by pidfd", "ownership", enter_by_pidfd, {SYS_setns}, 0},
        {"owner of mnt", "ownership", owner_of_mnt, {0}, 0},
        {"owner of net", "ownership", owner_of_net, {0}, 0},
        {"raise the quota of user", "mounts", raise_user_quota, {0}, never_plain},
        {"raise the quota of mnt", "mounts", raise_mnt_quota, {0}, never_plain},
    };
    return RUN_ATTEMPTS(argc, argv, attempts);
}
