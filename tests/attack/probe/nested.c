/* A15: what A13 tries, by a command that has every capability in a user and a mount namespace of its own, as
 * --allow-namespaces lets it make them. Each attempt goes on to what it is made for: to read the file below `place=`, a
 * directory that something hides, by the name `secret=` below it, or to write below `kept=`, which is read-only in the
 * writable `parent=`, and `shown=`, which is read-only like everything around it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempt.h"

/* Newer than the headers of the oldest supported distribution. */
enum { open_tree_clone = 1, move_from_empty_path = 4, attribute_read_only = 1, create_context = 6 };

/* Where the probe owns the mounts, it makes those that the sandbox has, and enters no further user namespace: nothing
 * is locked there. */
static int has_own_ground(void) {
    const char* ground = given_or_null("ground");
    return ground != NULL && strcmp(ground, "own") == 0;
}

/* What is not the attempt itself has to work, or the attempt shows nothing. */
static void need(long result, const char* what) {
    if (result < 0) {
        fprintf(stderr, "attack_nested: %s: %s\n", what, strerror(errno));
        abort();
    }
}

static void make_read_only(const char* path) {
    need(mount(path, path, NULL, MS_BIND, NULL), path);
    need(mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), path);
}

static void make_what_the_sandbox_has(void) {
    if (!has_own_ground()) {
        return;
    }
    need(mount("none", given("place"), "tmpfs", 0, NULL), "hide");
    if (given_or_null("kept") != NULL) {
        make_read_only(given("kept"));
        make_read_only(given("shown"));
        need(mount("/usr", "/usr", NULL, MS_BIND, NULL), "/usr");
        need(mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL), "/usr");
        make_read_only("/proc/sys");
    }
}

static void write_map(const char* path, const char* text) {
    need(write_text(path, O_WRONLY, text), path);
}

/* From here on the process may mount. /mnt/a and /mnt/b are empty directories. */
static void enter_with(int more) {
    if (!has_own_ground()) {
        need(unshare(CLONE_NEWUSER | CLONE_NEWNS | more), "unshare");
        write_map("/proc/self/setgroups", "deny");
        write_map("/proc/self/uid_map", "0 0 1");
        write_map("/proc/self/gid_map", "0 0 1");
    }
    need(mount("none", "/mnt", "tmpfs", 0, NULL), "mount");
    need(mkdir("/mnt/a", 0700), "mkdir");
    need(mkdir("/mnt/b", 0700), "mkdir");
}
static void enter(void) {
    enter_with(0);
}
/* The same with copies of the mounts, in another namespace than the one that it came from. */
static void enter_copies(void) {
    if (has_own_ground()) {
        need(unshare(CLONE_NEWNS), "unshare");
    }
    enter();
}

static long read_below(const char* directory) {
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", directory, given("secret"));
    return can_read(path, "marker");
}
static long read_secret(void) {
    return read_below(given("place"));
}
/* Where the parent is mounted in another place. */
static long read_secret_below(const char* parent) {
    char path[4200];
    snprintf(path, sizeof path, "%s%s", parent, strrchr(given("place"), '/'));
    return read_below(path);
}
static long read_secret_from(int parent) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", parent);
    return read_secret_below(path);
}
static int open_directory(const char* path) {
    int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    need(directory, path);
    return directory;
}

static long write_below(const char* directory) {
    char path[4200];
    snprintf(path, sizeof path, "%s/file", directory);
    return write_text(path, O_WRONLY, "changed");
}

/* --- What hides --- */

static long unmount_hide(void) {
    enter();
    umount2(given("place"), 0);
    return read_secret();
}
static long unmount_hide_lazily(void) {
    enter();
    umount2(given("place"), MNT_DETACH);
    return read_secret();
}
static long unmount_parent(void) {
    enter();
    umount2(given("place"), MNT_DETACH);
    umount2(given("parent"), MNT_DETACH);
    return read_secret();
}
static long move_hide(void) {
    enter();
    mount(given("place"), "/mnt/a", NULL, MS_MOVE, NULL);
    return read_secret();
}
static long move_hide_new(void) {
    enter();
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, given("place"), O_CLOEXEC);
    syscall(SYS_move_mount, tree, "", AT_FDCWD, "/mnt/a", move_from_empty_path);
    return read_secret();
}
static long bind_over_hide(void) {
    enter();
    mount("/usr", given("place"), NULL, MS_BIND, NULL);
    umount2(given("place"), MNT_DETACH);
    umount2(given("place"), MNT_DETACH);
    return read_secret();
}
static long bind_parent_alone(void) {
    enter();
    mount(given("parent"), "/mnt/a", NULL, MS_BIND, NULL);
    return read_secret_below("/mnt/a");
}
static long bind_all_and_unmount(void) {
    char place[4200];
    enter();
    mount(given("parent"), "/mnt/a", NULL, MS_BIND | MS_REC, NULL);
    snprintf(place, sizeof place, "/mnt/a%s", strrchr(given("place"), '/'));
    umount2(place, MNT_DETACH);
    return read_secret_below("/mnt/a");
}
static long open_parent_alone(void) {
    enter();
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, given("parent"), open_tree_clone | O_CLOEXEC);
    return read_secret_from(tree);
}
static long lay_over_parent(void) {
    char options[8192];
    enter();
    snprintf(options, sizeof options, "lowerdir=%s:/mnt/b", given("parent"));
    mount("none", "/mnt/a", "overlay", 0, options);
    return read_secret_below("/mnt/a");
}
static long unmount_in_a_second(void) {
    enter();
    enter_copies();
    umount2(given("place"), MNT_DETACH);
    return read_secret();
}
static void turn_root(const char* root) {
    if (chdir(root) == 0) {
        syscall(SYS_pivot_root, ".", ".");
    }
}
static long pivot_into_parent(void) {
    enter();
    mount(given("parent"), "/mnt/a", NULL, MS_BIND | MS_REC, NULL);
    turn_root("/mnt/a");
    umount2(".", MNT_DETACH);
    umount2(strrchr(given("place"), '/'), MNT_DETACH);
    return read_secret_below("");
}
/* Nothing of what the sandbox has is mounted any more then, and what was locked has to stay where it is nevertheless.
 */
static long detach_all_with_descriptor(void) {
    int parent = open_directory(given("parent"));
    enter();
    need(mount("/proc", "/mnt/a", NULL, MS_BIND | MS_REC, NULL), "bind");
    turn_root("/mnt");
    umount2(".", MNT_DETACH);
    char path[64];
    snprintf(path, sizeof path, "/a/self/fd/%d", parent);
    return read_secret_below(path);
}

/* The last process of a namespace passes a directory of it to one outside, and ends. */
static long end_with_descriptor(void) {
    int ends[2];
    char control[CMSG_SPACE(sizeof(int))] = {0};
    char byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
    pid_t child = fork();
    if (child == 0) {
        enter_copies();
        int parent = open_directory(given("parent"));
        struct cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof parent);
        memcpy(CMSG_DATA(header), &parent, sizeof parent);
        need(sendmsg(ends[1], &message, 0), "sendmsg");
        _exit(0);
    }
    need(child, "fork");
    need(waitpid(child, NULL, 0), "waitpid");
    need(recvmsg(ends[0], &message, MSG_DONTWAIT), "recvmsg");
    int parent = -1;
    memcpy(&parent, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof parent);
    return read_secret_from(parent);
}

/* --- What is read-only --- */

static long remount_kept(void) {
    enter();
    mount(NULL, given("kept"), NULL, MS_REMOUNT | MS_BIND, NULL);
    return write_below(given("kept"));
}
static long unmount_kept(void) {
    enter();
    umount2(given("kept"), MNT_DETACH);
    return write_below(given("kept"));
}
static long set_kept_writable(void) {
    const uint64_t writable[4] = {0, attribute_read_only, 0, 0};
    enter();
    syscall(SYS_mount_setattr, AT_FDCWD, given("kept"), 0, writable, sizeof writable);
    return write_below(given("kept"));
}
static long move_kept(void) {
    enter();
    mount(given("kept"), "/mnt/a", NULL, MS_MOVE, NULL);
    return write_below(given("kept"));
}
static long remount_shown(void) {
    enter();
    mount(NULL, given("shown"), NULL, MS_REMOUNT | MS_BIND, NULL);
    if (!has_own_ground()) {
        mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL);
    }
    return write_below(given("shown"));
}
static long remount_copy(void) {
    enter();
    mount(given("shown"), "/mnt/a", NULL, MS_BIND, NULL);
    mount(NULL, "/mnt/a", NULL, MS_REMOUNT | MS_BIND, NULL);
    return write_below("/mnt/a");
}
static long set_copy_writable(void) {
    const uint64_t writable[4] = {0, attribute_read_only, 0, 0};
    enter();
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, given("shown"), open_tree_clone | O_CLOEXEC);
    syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, writable, sizeof writable);
    syscall(SYS_move_mount, tree, "", AT_FDCWD, "/mnt/a", move_from_empty_path);
    return write_below("/mnt/a");
}
static long use_as_upper(void) {
    char options[8192];
    char upper[4200];
    enter();
    need(mkdir("/mnt/b/lower", 0700), "mkdir");
    if (has_own_ground()) {
        /* The layer that is written to and its scratch lie in one mount. */
        umount2(given("shown"), MNT_DETACH);
    }
    snprintf(options, sizeof options, "lowerdir=/mnt/b/lower,upperdir=%s/upper,workdir=%s/scratch,userxattr",
             given("shown"), given("shown"));
    if (mount("none", "/mnt/a", "overlay", 0, options) != 0 ||
        write_text("/mnt/a/fresh", O_WRONLY | O_CREAT, "text") < 0) {
        return -1;
    }
    /* As the kernel leaves it, nobody but root could remove it. */
    snprintf(upper, sizeof upper, "%s/scratch/work", given("shown"));
    chmod(upper, 0700);
    snprintf(upper, sizeof upper, "%s/upper/fresh", given("shown"));
    return can_open(upper, O_RDONLY);
}
static long honour_set_user_id(void) {
    struct statvfs state;
    const char* place = has_own_ground() ? "/usr" : "/";
    enter();
    mount(NULL, place, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
    need(statvfs(place, &state), place);
    return (state.f_flag & ST_NOSUID) == 0 ? 0 : refused(EPERM);
}
static long settings_are_writable(void) {
    struct statvfs state;
    need(statvfs("/proc/sys", &state), "/proc/sys");
    return (state.f_flag & ST_RDONLY) == 0 ? 0 : refused(EROFS);
}
static long unmount_settings(void) {
    enter();
    umount2("/proc/sys", MNT_DETACH);
    return settings_are_writable();
}
static long remount_settings(void) {
    enter();
    mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL);
    return settings_are_writable();
}

/* --- What is not there --- */

/* In a process of the new pid namespace. */
static long of_child(long (*make)(void)) {
    int pipes[2];
    int error = 0;
    need(pipe2(pipes, O_CLOEXEC), "pipe");
    pid_t child = fork();
    if (child == 0) {
        error = make() < 0 ? errno : 0;
        _exit(write(pipes[1], &error, sizeof error) == sizeof error ? 0 : 1);
    }
    need(child, "fork");
    need(waitpid(child, NULL, 0), "waitpid");
    need(read(pipes[0], &error, sizeof error) == sizeof error ? 0 : -1, "read");
    return error == 0 ? 0 : refused(error);
}
static long mount_old_proc(void) {
    return mount("proc", "/mnt/a", "proc", 0, NULL);
}
static long mount_new_proc(void) {
    int context = (int)syscall(SYS_fsopen, "proc", 0);
    need(context, "fsopen");
    need(syscall(SYS_fsconfig, context, create_context, NULL, NULL, 0), "fsconfig");
    return syscall(SYS_fsmount, context, 0, 0);
}
static long mount_fresh_proc(void) {
    enter_with(CLONE_NEWPID);
    return of_child(mount_old_proc);
}
static long open_fresh_proc(void) {
    enter_with(CLONE_NEWPID);
    return of_child(mount_new_proc);
}
static long mount_fresh_sys(void) {
    enter_with(CLONE_NEWNET);
    return mount("sysfs", "/mnt/a", "sysfs", 0, NULL);
}

/* --- What is the sandbox's own --- */

static long back_to_the_mounts(void) {
    int before = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    need(before, "mnt");
    enter_copies();
    return setns(before, CLONE_NEWNS);
}
/* A mount that others would see. */
static long propagate(void) {
    int up[2];
    int down[2];
    char byte = 0;
    need(pipe2(up, O_CLOEXEC), "pipe");
    need(pipe2(down, O_CLOEXEC), "pipe");
    if (has_own_ground()) {
        need(mount(NULL, given("shown"), NULL, MS_SHARED, NULL), "share");
    }
    pid_t child = fork();
    if (child == 0) {
        enter_copies();
        mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL);
        need(mount("none", given("shown"), "tmpfs", 0, NULL), "mount");
        need(write(up[1], &byte, 1), "write");
        need(read(down[0], &byte, 1), "read");
        _exit(0);
    }
    need(child, "fork");
    need(read(up[0], &byte, 1) == 1 ? 0 : -1, "the nested one");
    char path[4200];
    snprintf(path, sizeof path, "%s/file", given("shown"));
    int covered = access(path, F_OK) != 0;
    need(write(down[1], &byte, 1), "write");
    need(waitpid(child, NULL, 0), "waitpid");
    return covered ? 0 : refused(EPERM);
}

int main(int argc, char** argv) {
    static const struct attempt masked[] = {
        {"unmount a mask", "mounts", unmount_hide, {0}, never_plain},
        {"unmount a mask lazily", "mounts", unmount_hide_lazily, {0}, never_plain},
        {"move a mask", "mounts", move_hide, {0}, never_plain},
        {"move a mask by move_mount", "mounts", move_hide_new, {0}, never_plain},
        {"bind over a mask", "mounts", bind_over_hide, {0}, never_plain},
        {"bind what is below a mask", "mounts", bind_parent_alone, {0}, never_plain},
        {"unmount the copy of a mask", "mounts", bind_all_and_unmount, {0}, never_plain},
        {"open_tree below a mask", "mounts", open_parent_alone, {0}, never_plain},
        {"an overlay of what is below a mask", "mounts", lay_over_parent, {0}, never_plain | needs_kernel},
        {"unmount a mask in a second namespace", "mounts", unmount_in_a_second, {0}, never_plain},
        {"pivot_root, and unmount a mask", "mounts", pivot_into_parent, {0}, never_plain | needs_kernel},
        {"a descriptor below detached mounts", "mounts", detach_all_with_descriptor, {0}, never_plain | needs_kernel},
        {"a descriptor of a namespace that ended", "mounts", end_with_descriptor, {0}, never_plain},
        {"remount writable", "mounts", remount_kept, {0}, never_plain},
        {"unmount what is read-only", "mounts", unmount_kept, {0}, never_plain},
        {"mount_setattr", "mounts", set_kept_writable, {0}, never_plain},
        {"move what is read-only", "mounts", move_kept, {0}, never_plain},
        {"remount the tree", "mounts", remount_shown, {0}, never_plain},
        {"remount a copy", "mounts", remount_copy, {0}, never_plain},
        {"open_tree, mount_setattr, move_mount", "mounts", set_copy_writable, {0}, never_plain},
        {"an overlay that writes to it", "mounts", use_as_upper, {0}, never_plain | needs_kernel},
        {"take nosuid away", "mounts", honour_set_user_id, {0}, never_plain},
        {"unmount /proc/sys", "mounts", unmount_settings, {0}, never_plain},
        {"remount /proc/sys", "mounts", remount_settings, {0}, never_plain},
        {"a fresh proc", "mounts", mount_fresh_proc, {0}, never_plain},
        {"a fresh proc by fsopen", "mounts", open_fresh_proc, {0}, never_plain},
        {"a fresh sysfs", "mounts", mount_fresh_sys, {0}, never_plain},
        {"setns back", "ownership", back_to_the_mounts, {0}, never_plain},
        {"a mount that others see", "mounts", propagate, {0}, never_plain},
    };
    /* In a read-only tree there is no mask: the directory around is another one. */
    static const struct attempt rebuilt[] = {
        {"unmount a directory made anew", "mounts", unmount_hide_lazily, {0}, never_plain},
        {"unmount all of a directory made anew", "mounts", unmount_parent, {0}, never_plain},
        {"move a directory made anew", "mounts", move_hide, {0}, never_plain},
        {"bind what is below a directory made anew", "mounts", bind_parent_alone, {0}, never_plain},
        {"open_tree below a directory made anew", "mounts", open_parent_alone, {0}, never_plain},
        {"an overlay of what is below one", "mounts", lay_over_parent, {0}, never_plain | needs_kernel},
    };
    before_attempt = make_what_the_sandbox_has;
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "of=rebuilt") == 0) {
            return RUN_ATTEMPTS(argc, argv, rebuilt);
        }
    }
    return RUN_ATTEMPTS(argc, argv, masked);
}
