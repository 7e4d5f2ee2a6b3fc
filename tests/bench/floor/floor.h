// The floor: what `sandbox -- COMMAND` asks of the kernel, asked by a plain C program that does nothing else. It
// decides nothing, checks nothing, explains nothing and knows one view only; it is no sandbox to rely on. The system
// calls and their order are those of the default plan (compare with `strace -f`), so the difference in time is what
// deciding costs.
//
//   bench_floor COMMAND [ARG]...
//
// This file: what its processes share, and the building blocks.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// What stands in `/` of the host.
struct entry {
    char path[272];  // `root/NAME`: from 4 on it is absolute, from 5 on the name
    char link[256];
    mode_t mode;
};
enum { max_entries = 256 };
extern struct entry entries[max_entries];
extern size_t entry_count;

extern char** command;
extern char cwd[4096];
extern mode_t creation_mask;
extern int landlock_abi;

extern int orders[2];    // launcher to init
extern int statuses[2];  // init to launcher
extern int reports[2];   // setup child to launcher
extern int announce[2];  // setup child to init
extern int proceed[2];   // init to setup child
extern int launcher_pidfd, init_pidfd, host_proc, host_cwd;
extern int scratch, root, new_proc, new_sysfs;  // mounts

_Noreturn void fail(const char* what);
_Noreturn void be_init(void);
_Noreturn void become_command(void);

void make_root(void);
void make_proc(void);
void make_devices(void);
void make_private_places(void);
void make_sysfs(void);
void protect_kernel_trees(void);

void restrict_with_landlock(void);
void limit_capabilities(void);
void filter_command(void);
void confine_init(void);

static inline int must(long result, const char* what) {
    if (result < 0) {
        fail(what);
    }
    return (int)result;
}

static inline int clone_tree(int directory, const char* path, unsigned flags) {
    return must(syscall(SYS_open_tree, directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags), path);
}
static inline void set_attributes(int tree, uint64_t attributes, unsigned flags) {
    struct mount_attr attr = {.attr_set = attributes};
    must(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attr, sizeof attr), "mount_setattr");
}
static inline int open_inside(int directory, const char* path) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}
static inline void move(int tree, int target) {
    must(syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
         "move_mount");
}
static inline void attach(int tree, const char* target) {
    const int mount_point = must(open_inside(root, target), target);
    move(tree, mount_point);
    close(mount_point);
}
static inline void write_file(int directory, const char* path, const char* text) {
    const int fd = must(openat(directory, path, O_WRONLY | O_CLOEXEC), path);
    must(write(fd, text, strlen(text)), path);
    close(fd);
}
static inline int make_filesystem(const char* type, const char* const* options, unsigned attributes) {
    const int context = must(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), type);
    must(syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", type, 0), type);
    for (; *options != NULL; options += 2) {
        must(syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, options[0], options[1], 0), options[0]);
    }
    must(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
    const int tree = must(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes), type);
    close(context);
    return tree;
}
static const char* const no_options[] = {NULL};
