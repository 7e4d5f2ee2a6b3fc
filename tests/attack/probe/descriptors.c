/* A07, A08: descriptors that were inherited. With `of=streams`: 0 is a file open for reading, 1 one open for appending;
 * their texts are judged on the host. Otherwise the numbers from 10 on are a directory, a socket, a memfd and
 * a process. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attempt.h"

enum { directory = 10, connected = 11, memory = 12, process = 13 };

static long open_below(void) {
    return openat(directory, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
static long change_to(void) {
    return fchdir(directory);
}
static long name_by_proc(void) {
    char target[4096];
    return readlink("/proc/self/fd/10", target, sizeof target);
}
static long talk(void) {
    return send(connected, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}
static long read_memory(void) {
    char byte;
    return pread(memory, &byte, 1, 0);
}
static long map_memory(void) {
    return mmap(NULL, 4096, PROT_READ, MAP_SHARED, memory, 0) == MAP_FAILED ? -1 : 0;
}
static long signal_process(void) {
    return syscall(SYS_pidfd_send_signal, process, 0, NULL, 0);
}
/* Any number at all. The probe itself opens none. */
static long find_any(void) {
    for (int number = 3; number < 4096; ++number) {
        if (fcntl(number, F_GETFD) >= 0) {
            return 0;
        }
    }
    return refused(EBADF);
}

/* Stdout is a file: what the probe says goes to stderr. */
static long write_again(const char* path, int flags) {
    return write_text(path, flags, "bad");
}
static long write_0(void) {
    return write_again("/proc/self/fd/0", O_WRONLY);
}
static long write_0_by_dev(void) {
    return write_again("/dev/stdin", O_WRONLY);
}
static long write_0_by_pid(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/fd/0", getpid(), getpid());
    return write_again(path, O_RDWR);
}
static long truncate_0(void) {
    return truncate("/proc/self/fd/0", 0);
}
static long open_0_truncated(void) {
    return write_again("/proc/self/fd/0", O_WRONLY | O_TRUNC);
}
static long change_mode_of_0(void) {
    return fchmod(0, 0777);
}
static long change_mode_of_0_by_name(void) {
    return chmod("/proc/self/fd/0", 0777);
}
static long change_times_of_0(void) {
    const struct timespec times[2] = {{1, 0}, {1, 0}};
    return futimens(0, times);
}
static long set_attribute_of_0(void) {
    return fsetxattr(0, "user.attack", "x", 1, 0);
}
static long change_owner_of_0(void) {
    return fchown(0, getuid(), getgid());
}
static long overwrite_1(void) {
    int file = open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC);
    return file < 0 ? -1 : pwrite(file, "bad", 3, 0);
}
static long overwrite_1_by_dev(void) {
    int file = open("/dev/stdout", O_RDWR | O_CLOEXEC);
    return file < 0 ? -1 : pwrite(file, "bad", 3, 0);
}
static long truncate_1(void) {
    return truncate("/proc/self/fd/1", 0);
}
static long read_1(void) {
    return can_read("/proc/self/fd/1", "precious");
}
static long drop_append_of_1(void) {
    return fcntl(1, F_SETFL, 0) != 0 ? -1 : pwrite(1, "bad", 3, 0);
}

int main(int argc, char** argv) {
    static const struct attempt others[] = {
        {"openat a directory", "descriptors", open_below, {0}, 0},
        {"fchdir", "descriptors", change_to, {0}, 0},
        {"readlink", "descriptors", name_by_proc, {0}, 0},
        {"send to a socket", "descriptors", talk, {0}, 0},
        {"read a memfd", "descriptors", read_memory, {0}, 0},
        {"map a memfd", "descriptors", map_memory, {0}, 0},
        {"signal by a pidfd", "descriptors", signal_process, {0}, 0},
        {"find any", "descriptors", find_any, {0}, 0},
    };
    static const struct attempt streams[] = {
        {"write to 0 by /proc", "descriptors", write_0, {0}, 0},
        {"write to 0 by /dev", "descriptors", write_0_by_dev, {0}, 0},
        {"write to 0 by the thread", "descriptors", write_0_by_pid, {0}, 0},
        {"truncate 0", "descriptors", truncate_0, {0}, 0},
        {"open 0 truncated", "descriptors", open_0_truncated, {0}, 0},
        {"fchmod 0", "descriptors", change_mode_of_0, {0}, 0},
        {"chmod 0 by /proc", "descriptors", change_mode_of_0_by_name, {0}, 0},
        {"futimens 0", "descriptors", change_times_of_0, {0}, 0},
        {"fsetxattr 0", "descriptors", set_attribute_of_0, {0}, needs_kernel},
        {"fchown 0", "descriptors", change_owner_of_0, {0}, 0},
        {"overwrite 1 by /proc", "descriptors", overwrite_1, {0}, 0},
        {"overwrite 1 by /dev", "descriptors", overwrite_1_by_dev, {0}, 0},
        {"truncate 1", "descriptors", truncate_1, {0}, 0},
        {"read 1", "descriptors", read_1, {0}, 0},
        {"take O_APPEND from 1", "descriptors", drop_append_of_1, {0}, 0},
    };
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "of=streams") == 0) {
            stdout = stderr;
            return RUN_ATTEMPTS(argc, argv, streams);
        }
    }
    return RUN_ATTEMPTS(argc, argv, others);
}
