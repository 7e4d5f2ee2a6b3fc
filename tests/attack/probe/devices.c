/* A10, A11: files reached without their names, device nodes, programs that give rights. `shown=` is a directory with,
 * where root made them, `node` (a device) and `gain` (this program, set-user-ID), `secret=` a file that only root
 * reads. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attempt.h"

static long open_by_handle(void) {
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } name = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
    int mount = 0;
    if (name_to_handle_at(AT_FDCWD, "/etc/passwd", &name.handle, &mount, 0) != 0) {
        return -1;
    }
    int beside = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return open_by_handle_at(beside, &name.handle, O_RDONLY | O_CLOEXEC);
}

static long make_node(mode_t type, dev_t device) {
    const char* path = "/tmp/attack-node";
    unlink(path);
    long result = mknod(path, type | 0600, device);
    int error = errno;
    unlink(path);
    errno = error;
    return result;
}
static long make_null(void) {
    return make_node(S_IFCHR, makedev(1, 3));
}
static long make_memory(void) {
    return make_node(S_IFCHR, makedev(1, 1));
}
static long make_disk(void) {
    return make_node(S_IFBLK, makedev(7, 0));
}
static long open_node(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s/node", given("shown"));
    return can_open(path, O_RDWR);
}

#define OPENS(name, path)                                                \
    static long open_##name(void) {                                      \
        return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); \
    }
OPENS(mem, "/dev/mem")
OPENS(kmsg, "/dev/kmsg")
OPENS(fuse, "/dev/fuse")
OPENS(kvm, "/dev/kvm")
OPENS(loop, "/dev/loop-control")
OPENS(vhost, "/dev/vhost-net")
OPENS(uinput, "/dev/uinput")
OPENS(tun, "/dev/net/tun")
OPENS(userfault, "/dev/userfaultfd")
OPENS(disk, "/dev/vda")
OPENS(console, "/dev/console")

/* Whether a set-user-ID program reads what only root reads. */
static long gain_by_program(void) {
    char path[4096], secret[4096];
    snprintf(path, sizeof path, "%s/gain", given("shown"));
    snprintf(secret, sizeof secret, "%s", given("secret"));
    return run_program((const char* const[]){path, "read", secret, NULL});
}

int main(int argc, char** argv) {
    static const struct attempt nodes[] = {
        {"open_by_handle_at", "ownership", open_by_handle, {SYS_open_by_handle_at}, needs_root | needs_kernel},
        {"mknod null", "ownership", make_null, {0}, needs_root},
        {"mknod mem", "ownership", make_memory, {0}, needs_root},
        {"mknod a disk", "ownership", make_disk, {0}, needs_root},
        {"open a device node", "mounts", open_node, {0}, needs_root},
        {"/dev/mem", "mounts", open_mem, {0}, needs_root | needs_kernel},
        {"/dev/kmsg", "mounts", open_kmsg, {0}, needs_root | needs_kernel},
        {"/dev/fuse", "mounts", open_fuse, {0}, needs_root | needs_kernel},
        {"/dev/kvm", "mounts", open_kvm, {0}, needs_root | needs_kernel},
        {"/dev/loop-control", "mounts", open_loop, {0}, needs_root | needs_kernel},
        {"/dev/vhost-net", "mounts", open_vhost, {0}, needs_root | needs_kernel},
        {"/dev/uinput", "mounts", open_uinput, {0}, needs_root | needs_kernel},
        {"/dev/net/tun", "mounts", open_tun, {0}, needs_root | needs_kernel},
        {"/dev/userfaultfd", "mounts", open_userfault, {0}, needs_root | needs_kernel},
        {"/dev/vda", "mounts", open_disk, {0}, needs_root | needs_kernel},
        {"/dev/console", "mounts", open_console, {0}, needs_root | needs_kernel},
    };
    static const struct attempt programs[] = {
        {"a set-user-ID program", "privileges", gain_by_program, {0}, needs_root},
    };
    if (argc == 3 && strcmp(argv[1], "read") == 0) {
        return can_open(argv[2], O_RDONLY) >= 0 ? 0 : 1;
    }
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "of=programs") == 0) {
            return RUN_ATTEMPTS(argc, argv, programs);
        }
    }
    return RUN_ATTEMPTS(argc, argv, nodes);
}
