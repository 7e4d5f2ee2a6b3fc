/* A09: the old root. `marker=` is a file of the host that the sandbox does not show, and `../marker` seen from where
 * the launcher was started. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attempt.h"

static long marker_below(const char* root) {
    char path[8192];
    snprintf(path, sizeof path, "%s%s", root, given("marker"));
    return can_read(path, "marker");
}

static long above_cwd(void) {
    return can_read("../marker", "marker");
}
static long above_root(void) {
    return marker_below("/../../../../../../../..");
}
static long above_root_by_descriptor(void) {
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || fchdir(root) != 0) {
        return -1;
    }
    for (int i = 0; i < 64; ++i) {
        if (chdir("..") != 0) {
            return -1;
        }
    }
    return marker_below(".");
}
/* The way out of a chroot(2): a root below the current directory no longer stops `..`. */
static long out_of_chroot(void) {
    char jail[] = "/tmp/attack-jail-XXXXXX";
    int outside = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (outside < 0 || mkdtemp(jail) == NULL || chroot(jail) != 0 || fchdir(outside) != 0 || rmdir(jail + 1) != 0) {
        return -1;
    }
    for (int i = 0; i < 64; ++i) {
        if (chdir("..") != 0) {
            return -1;
        }
    }
    return chroot(".") != 0 ? -1 : marker_below("");
}
static long by_root_of_1(void) {
    return marker_below("/proc/1/root");
}
static long by_cwd_of_1(void) {
    return can_read("/proc/1/cwd/../marker", "marker");
}
static long by_root_of_parent(void) {
    char root[64];
    snprintf(root, sizeof root, "/proc/%d/root", getppid());
    return marker_below(root);
}
/* A directory that is removed while it is the current one has no `..`. */
static long from_removed_directory(void) {
    char removed[] = "/tmp/attack-removed-XXXXXX";
    if (mkdtemp(removed) == NULL || chdir(removed) != 0 || rmdir(removed) != 0) {
        return -1;
    }
    return given_or_null("ground") != NULL ? 0 : can_read("../../../marker", "marker");
}
static long by_descriptor_of_tmp(void) {
    char path[8192];
    int temporary = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(path, sizeof path, "..%s", given("marker"));
    int file = temporary < 0 ? -1 : openat(temporary, path, O_RDONLY | O_CLOEXEC);
    return file;
}

int main(int argc, char** argv) {
    static const struct attempt attempts[] = {
        {".. of the current directory", "mounts", above_cwd, {0}, 0},
        {".. of the root", "mounts", above_root, {0}, 0},
        {"fchdir and ..", "mounts", above_root_by_descriptor, {0}, 0},
        {"out of a chroot", "mounts", out_of_chroot, {0}, 0},
        {"/proc/1/root", "mounts", by_root_of_1, {0}, needs_root},
        {"/proc/1/cwd", "mounts", by_cwd_of_1, {0}, needs_kernel},
        {"root of the parent", "mounts", by_root_of_parent, {0}, 0},
        {"from a removed directory", "mounts", from_removed_directory, {0}, 0},
        {"openat with ..", "mounts", by_descriptor_of_tmp, {0}, 0},
    };
    return RUN_ATTEMPTS(argc, argv, attempts);
}
