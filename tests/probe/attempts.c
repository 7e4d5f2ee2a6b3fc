/* Tries, by the system calls themselves, what root inside shall not be able to do: one line each, `NAME: done` or
 * `NAME: ERRNO`. What may be done (the host name) is tried, too: a line `done` shows that this program can say so. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static void tell(const char* name, long result) {
    printf("%s: %s\n", name, result >= 0 ? "done" : strerrorname_np(errno));
}

/* In a process of its own: one that succeeds must not change what the next one finds. */
static void unshare_in_child(const char* name, int flags) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        tell(name, unshare(flags));
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void try_namespaces(void) {
    unshare_in_child("unshare user", CLONE_NEWUSER);
    unshare_in_child("unshare mnt", CLONE_NEWNS);
    unshare_in_child("unshare pid", CLONE_NEWPID);
    unshare_in_child("unshare net", CLONE_NEWNET);
    unshare_in_child("unshare ipc", CLONE_NEWIPC);
    unshare_in_child("unshare uts", CLONE_NEWUTS);
    unshare_in_child("unshare cgroup", CLONE_NEWCGROUP);
    unshare_in_child("unshare time", CLONE_NEWTIME);
    unshare_in_child("unshare user and mnt", CLONE_NEWUSER | CLONE_NEWNS);

    static const char* const own[] = {"mnt", "pid", "net", "ipc", "cgroup", "user"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; ++i) {
        char path[64], name[64];
        snprintf(path, sizeof path, "/proc/self/ns/%s", own[i]);
        int descriptor = open(path, O_RDONLY | O_CLOEXEC);
        snprintf(name, sizeof name, "setns %s", own[i]);
        tell(name, setns(descriptor, 0));
        snprintf(name, sizeof name, "owner of %s", own[i]);
        int owner = ioctl(descriptor, NS_GET_USERNS);
        tell(name, owner);
        if (owner >= 0) {
            snprintf(name, sizeof name, "setns owner of %s", own[i]);
            tell(name, setns(owner, CLONE_NEWUSER));
        }
        snprintf(name, sizeof name, "parent of %s", own[i]);
        tell(name, ioctl(descriptor, NS_GET_PARENT));
    }
}

static void try_mounts(void) {
    tell("mount tmpfs", mount("none", "/tmp", "tmpfs", 0, NULL));
    tell("mount proc", mount("none", "/tmp", "proc", 0, NULL));
    tell("mount sysfs", mount("none", "/tmp", "sysfs", 0, NULL));
    tell("bind", mount("/usr", "/tmp", NULL, MS_BIND, NULL));
    tell("remount", mount(NULL, "/", NULL, MS_REMOUNT, NULL));
    tell("remount bind", mount(NULL, "/etc", NULL, MS_REMOUNT | MS_BIND, NULL));
    tell("move", mount("/tmp", "/run", NULL, MS_MOVE, NULL));
    tell("propagation", mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL));
    tell("umount", umount2("/tmp", 0));
    tell("umount detach", umount2("/", MNT_DETACH));
    tell("umount masked", umount2("/proc/timer_list", 0));
    tell("umount settings", umount2("/proc/sys", MNT_DETACH));
    tell("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
    tell("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/usr", 1U /* OPEN_TREE_CLONE */));
    long context = syscall(SYS_fsopen, "tmpfs", 0);
    tell("fsopen", context);
    if (context >= 0) {
        syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0);
        tell("fsmount", syscall(SYS_fsmount, context, 0, 0));
    }
    /* With an empty struct mount_attr the call would change nothing, and succeed: read-only is to be taken away. */
    const uint64_t writable[4] = {0, 1 /* MOUNT_ATTR_RDONLY */, 0, 0};
    tell("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/etc", 0, writable, sizeof writable));
}

static void try_network(void) {
    struct {
        struct nlmsghdr header;
        struct ifinfomsg message;
    } request = {{sizeof request, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0},
                 {AF_UNSPEC, 0, 0, 1, 0, 1 /* IFF_UP */}};
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char more[256];
    } answer;
    int link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    long result = send(link, &request, sizeof request, 0);
    if (result >= 0 && recv(link, &answer, sizeof answer, 0) > 0) {
        errno = -answer.error.error;
        result = answer.error.error == 0 ? 0 : -1;
    }
    tell("take loopback down", result);
    tell("raw socket", socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1));
    tell("packet socket", socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

int main(void) {
    const gid_t group = 0;
    tell("sethostname", sethostname("tried", 5));
    tell("setgroups", setgroups(1, &group));
    tell("mknod block", mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)));
    tell("mknod character", mknod("/tmp/null", S_IFCHR | 0600, makedev(1, 3)));
    try_mounts();
    try_network();
    try_namespaces();
    /* Last, as it changes the view of what comes after. */
    tell("setuid", setuid(1));
    return 0;
}
