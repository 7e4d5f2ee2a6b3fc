/* `floor_paths WHAT DIRECTORY COUNT`: the kernel's part of COUNT paths and no more, in a mount namespace of its own
 * that ends with it. The yardstick of the tables over the number of paths. WHAT:
 * bind   each of DIRECTORY/0, DIRECTORY/1... read-only at a new mount point of a tmpfs, looked at before and compared
 *        with what is mounted, so that nobody swaps it in between
 * mask   an empty directory of a tmpfs over each of them
 * hold   DIRECTORY/N.missing made as an empty file, recognised, covered, recognised and removed again */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char* what) {
    perror(what);
    _exit(1);
}

static void check(long result, const char* what) {
    if (result < 0) {
        fail(what);
    }
}

static void write_file(const char* path, const char* text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    check(file, path);
    check(write(file, text, strlen(text)), path);
    close(file);
}

static void enter_namespaces(void) {
    char map[64];
    if (geteuid() == 0) {
        check(unshare(CLONE_NEWNS), "unshare");
    } else {
        uid_t uid = geteuid();
        gid_t gid = getegid();
        check(unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare");
        write_file("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "0 %u 1\n", uid);
        write_file("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "0 %u 1\n", gid);
        write_file("/proc/self/gid_map", map);
    }
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount /");
    check(mount("floor", "/tmp", "tmpfs", 0, NULL), "mount /tmp");
}

static int open_at(int directory, const char* path) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    int opened = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    check(opened, path);
    return opened;
}

static int clone_tree(int directory, const char* path, unsigned flags) {
    int tree = (int)syscall(SYS_open_tree, directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
    check(tree, path);
    return tree;
}

static void close_off(int tree, unsigned flags) {
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    check(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes), "mount_setattr");
}

static void attach(int tree, int target) {
    check(syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
          "move_mount");
    close(tree);
    close(target);
}

static struct statx look_at(int directory, const char* path, int flags) {
    struct statx entry;
    check(statx(directory, path, flags | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &entry), path);
    return entry;
}

static struct statx* look_at_all(const char* directory, int count) {
    char source[4096];
    struct statx* seen = calloc((size_t)count + 1, sizeof *seen);
    for (int i = 0; i < count; ++i) {
        snprintf(source, sizeof source, "%s/%d", directory, i);
        seen[i] = look_at(AT_FDCWD, source, 0);
    }
    return seen;
}

static void bind_all(const char* directory, int count, const struct statx* seen) {
    char name[32];
    char source[4096];
    int scratch = open("/tmp", O_PATH | O_CLOEXEC);
    for (int i = 0; i < count; ++i) {
        snprintf(name, sizeof name, "%d", i);
        snprintf(source, sizeof source, "%s/%d", directory, i);
        check(mkdirat(scratch, name, 0755), name);
        int tree = clone_tree(AT_FDCWD, source, AT_RECURSIVE);
        struct statx found = look_at(tree, "", AT_EMPTY_PATH);
        if (found.stx_ino != seen[i].stx_ino || found.stx_dev_minor != seen[i].stx_dev_minor ||
            found.stx_dev_major != seen[i].stx_dev_major) {
            fail(source);
        }
        close_off(tree, AT_RECURSIVE);
        attach(tree, open_at(scratch, name));
    }
}

static void mask_all(const char* directory, int count) {
    char name[32];
    char target[4096];
    int scratch = open("/tmp", O_PATH | O_CLOEXEC);
    for (int i = 0; i < count; ++i) {
        snprintf(name, sizeof name, "%d", i);
        snprintf(target, sizeof target, "%s/%d", directory, i);
        check(mkdirat(scratch, name, 0), name);
        int tree = clone_tree(scratch, name, 0);
        close_off(tree, 0);
        attach(tree, open_at(AT_FDCWD, target));
    }
}

static void recognise(int directory, const char* name) {
    struct statx entry;
    check(statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &entry), name);
}

static void hold_all(const char* path, int count) {
    char name[32];
    char target[4096];
    int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(directory, path);
    for (int i = 0; i < count; ++i) {
        snprintf(name, sizeof name, "%d.missing", i);
        check(mknodat(directory, name, S_IFREG, 0), name);
        recognise(directory, name);
    }
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        enter_namespaces();
        check(mknodat(AT_FDCWD, "/tmp/mask", S_IFCHR, 0), "mask");
        int mask = clone_tree(AT_FDCWD, "/tmp/mask", 0);
        close_off(mask, 0);
        attach(mask, open_at(AT_FDCWD, "/tmp/mask"));
        for (int i = 0; i < count; ++i) {
            snprintf(target, sizeof target, "%s/%d.missing", path, i);
            attach(clone_tree(AT_FDCWD, "/tmp/mask", 0), open_at(AT_FDCWD, target));
        }
        _exit(0);
    }
    int status = 0;
    check(waitpid(child, &status, 0), "waitpid");
    for (int i = 0; i < count; ++i) {
        snprintf(name, sizeof name, "%d.missing", i);
        recognise(directory, name);
        check(unlinkat(directory, name, 0), name);
    }
    if (status != 0) {
        _exit(1);
    }
}

int main(int argc, char** argv) {
    if (argc != 4) {
        fprintf(stderr, "floor_paths bind|mask|hold DIRECTORY COUNT\n");
        return 2;
    }
    int count = atoi(argv[3]);
    if (strcmp(argv[1], "hold") == 0) {
        hold_all(argv[2], count);
        return 0;
    }
    if (strcmp(argv[1], "bind") == 0) {
        struct statx* seen = look_at_all(argv[2], count);
        enter_namespaces();
        bind_all(argv[2], count, seen);
        free(seen);
    } else {
        enter_namespaces();
        mask_all(argv[2], count);
    }
    return 0;
}
