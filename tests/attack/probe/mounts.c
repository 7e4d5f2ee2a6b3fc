/* A13: the mounts of the sandbox changed from inside, by the old calls and by the new ones. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attempt.h"

/* Newer than the headers of the oldest supported distribution. */
enum { open_tree_clone = 1, move_from_empty_path = 4, attribute_read_only = 1, create_context = 6 };

/* Where the probe owns the mounts it makes those that the sandbox has, so that there is something to change. */
static int has_own_ground(void) {
    const char* ground = given_or_null("ground");
    return ground != NULL && strcmp(ground, "own") == 0;
}

static void cover(const char* path) {
    if (has_own_ground()) {
        mount("none", path, "tmpfs", 0, NULL);
    }
}

static void make_read_only(const char* path) {
    if (has_own_ground()) {
        mount(path, path, NULL, MS_BIND, NULL);
        mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
    }
}

static long mount_tmpfs(void) {
    return mount("none", "/tmp", "tmpfs", 0, NULL);
}
static long mount_proc(void) {
    return mount("none", "/tmp", "proc", 0, NULL);
}
static long mount_overlay(void) {
    cover("/tmp");
    return mount("none", "/tmp", "overlay", 0, "lowerdir=/etc:/usr");
}
static long bind_directory(void) {
    return mount("/usr", "/tmp", NULL, MS_BIND | MS_REC, NULL);
}
static long bind_over_mask(void) {
    return mount("/proc/version", "/proc/timer_list", NULL, MS_BIND, NULL);
}
static long remount_root(void) {
    cover("/tmp");
    return mount(NULL, has_own_ground() ? "/tmp" : "/", NULL, MS_REMOUNT, NULL);
}
static long remount_writable(void) {
    make_read_only("/etc");
    return mount(NULL, has_own_ground() ? "/etc" : "/", NULL, MS_REMOUNT | MS_BIND, NULL);
}
static long move_mount_old(void) {
    cover("/tmp");
    return mount("/tmp", "/var", NULL, MS_MOVE, NULL);
}
static long propagate(void) {
    return mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL);
}
static long unmount_private(void) {
    cover("/tmp");
    return umount2("/tmp", 0);
}
static long unmount_lazily(void) {
    cover("/tmp");
    return umount2("/tmp", MNT_DETACH);
}
static long unmount_mask(void) {
    if (has_own_ground()) {
        mount("/dev/null", "/proc/timer_list", NULL, MS_BIND, NULL);
    }
    return umount2("/proc/timer_list", 0);
}
static long unmount_settings(void) {
    make_read_only("/proc/sys");
    return umount2("/proc/sys", MNT_DETACH);
}
static long pivot(void) {
    cover("/tmp");
    return syscall(SYS_pivot_root, "/tmp", "/tmp");
}
static long set_writable(void) {
    /* With an empty struct mount_attr the call would change nothing, and succeed. */
    const uint64_t writable[4] = {0, attribute_read_only, 0, 0};
    make_read_only("/etc");
    return syscall(SYS_mount_setattr, AT_FDCWD, has_own_ground() ? "/etc" : "/", 0, writable, sizeof writable);
}
static long clone_tree(void) {
    return syscall(SYS_open_tree, AT_FDCWD, "/usr", open_tree_clone);
}
/* Without a clone the first call asks for nothing: what counts is the second. */
static long move_mount_new(void) {
    cover("/tmp");
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/tmp", O_CLOEXEC);
    return tree < 0 ? -1 : syscall(SYS_move_mount, tree, "", AT_FDCWD, "/var", move_from_empty_path);
}
static long new_file_system(void) {
    int context = (int)syscall(SYS_fsopen, "tmpfs", 0);
    if (context < 0 || syscall(SYS_fsconfig, context, create_context, NULL, NULL, 0) < 0) {
        return -1;
    }
    return syscall(SYS_fsmount, context, 0, 0);
}
static long pick_file_system(void) {
    cover("/tmp");
    return syscall(SYS_fspick, AT_FDCWD, "/tmp", 0);
}

int main(int argc, char** argv) {
    static const struct attempt attempts[] = {
        {"mount a tmpfs", "ownership", mount_tmpfs, {SYS_mount}, never_plain},
        {"mount a proc", "ownership", mount_proc, {SYS_mount}, never_plain},
        {"mount an overlay", "ownership", mount_overlay, {SYS_mount}, never_plain | needs_kernel},
        {"bind", "ownership", bind_directory, {SYS_mount}, never_plain},
        {"bind over a mask", "ownership", bind_over_mask, {SYS_mount}, never_plain},
        {"remount", "ownership", remount_root, {SYS_mount}, never_plain},
        {"remount writable", "ownership", remount_writable, {SYS_mount}, never_plain},
        {"move", "ownership", move_mount_old, {SYS_mount}, never_plain},
        {"propagate", "ownership", propagate, {SYS_mount}, never_plain},
        {"unmount", "ownership", unmount_private, {SYS_umount2}, never_plain},
        {"unmount lazily", "ownership", unmount_lazily, {SYS_umount2}, never_plain},
        {"unmount a mask", "ownership", unmount_mask, {SYS_umount2}, never_plain},
        {"unmount /proc/sys", "ownership", unmount_settings, {SYS_umount2}, never_plain},
        {"pivot_root", "ownership", pivot, {SYS_pivot_root}, never_plain | needs_kernel},
        {"mount_setattr", "ownership", set_writable, {SYS_mount_setattr}, never_plain},
        {"open_tree", "ownership", clone_tree, {SYS_open_tree}, never_plain},
        {"move_mount", "ownership", move_mount_new, {SYS_move_mount}, never_plain},
        {"fsopen", "ownership", new_file_system, {SYS_fsopen, SYS_fsmount}, never_plain},
        {"fspick", "ownership", pick_file_system, {SYS_fspick}, never_plain},
    };
    return RUN_ATTEMPTS(argc, argv, attempts);
}
