/* A02: a directory that is shown, and not writable: `directory=`, with `file` in it, is changed in every way there is.
 * What lies in `writable=` may be written. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attempt.h"

static char file[4096], fresh[4096], writable[4096];

static long create(void) {
    return can_open(fresh, O_WRONLY | O_CREAT);
}
static long create_nameless(void) {
    return can_open(given("directory"), O_WRONLY | O_TMPFILE);
}
static long open_to_write(void) {
    return write_text(file, O_WRONLY, "changed");
}
static long open_to_append(void) {
    return write_text(file, O_WRONLY | O_APPEND, "more");
}
static long open_truncated(void) {
    return can_open(file, O_WRONLY | O_TRUNC);
}
static long cut(void) {
    return truncate(file, 1);
}
/* By a descriptor that only names it, and by the links of /proc. */
static long open_again(void) {
    char path[64];
    int name = open(file, O_PATH | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", name);
    return name < 0 ? -1 : write_text(path, O_WRONLY, "changed");
}
static long open_by_root(void) {
    char path[4200];
    snprintf(path, sizeof path, "/proc/self/root%s", file);
    return write_text(path, O_WRONLY, "changed");
}
static long change_mode(void) {
    return chmod(file, 0777);
}
static long change_mode_by_descriptor(void) {
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    return descriptor < 0 ? -1 : fchmod(descriptor, 0777);
}
static long change_owner(void) {
    return chown(file, getuid(), getgid());
}
static long change_times(void) {
    return utimes(file, NULL);
}
static long set_attribute(void) {
    return setxattr(file, "user.attack", "x", 1, 0);
}
static long remove_file(void) {
    return unlink(file);
}
static long rename_file(void) {
    return rename(file, fresh);
}
static long exchange_files(void) {
    char other[4200];
    snprintf(other, sizeof other, "%s/other", given("directory"));
    return renameat2(AT_FDCWD, file, AT_FDCWD, other, RENAME_EXCHANGE);
}
static long rename_in(void) {
    char source[4200];
    snprintf(source, sizeof source, "%s/mine", writable);
    close(open(source, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    return rename(source, fresh);
}
static long rename_out(void) {
    char target[4200];
    snprintf(target, sizeof target, "%s/taken", writable);
    return rename(file, target);
}
static long link_in(void) {
    return link(file, fresh);
}
static long link_out(void) {
    char target[4200];
    snprintf(target, sizeof target, "%s/linked", writable);
    return link(file, target);
}
static long make_directory(void) {
    return mkdir(fresh, 0700);
}
static long make_link(void) {
    return symlink("file", fresh);
}
static long make_fifo(void) {
    return mknod(fresh, S_IFIFO | 0600, 0);
}
static long make_socket(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int any = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(fresh) >= sizeof address.sun_path) {
        return refused(ENAMETOOLONG);
    }
    memcpy(address.sun_path, fresh, strlen(fresh));
    return any < 0 ? -1 : bind(any, (struct sockaddr*)&address, sizeof address);
}
static long remove_directory(void) {
    char path[4200];
    snprintf(path, sizeof path, "%s/empty", given("directory"));
    return rmdir(path);
}

/* What an attempt before this one has changed where it may. */
static void renew(void) {
    char path[4200];
    if (given_or_null("ground") == NULL) {
        return;
    }
    for (const char* const* name = (const char* const[]){"file", "other", NULL}; *name != NULL; ++name) {
        snprintf(path, sizeof path, "%s/%s", given("directory"), *name);
        write_text(path, O_WRONLY | O_CREAT | O_TRUNC, "text");
    }
    snprintf(path, sizeof path, "%s/empty", given("directory"));
    mkdir(path, 0700);
    if (unlink(fresh) != 0) {
        rmdir(fresh);
    }
    for (const char* const* name = (const char* const[]){"mine", "taken", "linked", NULL}; *name != NULL; ++name) {
        snprintf(path, sizeof path, "%s/%s", writable, *name);
        unlink(path);
    }
}

int main(int argc, char** argv) {
    static const struct attempt attempts[] = {
        {"create", "mounts", create, {0}, 0},
        {"create without a name", "mounts", create_nameless, {0}, needs_kernel},
        {"write", "mounts", open_to_write, {0}, 0},
        {"append", "mounts", open_to_append, {0}, 0},
        {"open truncated", "mounts", open_truncated, {0}, 0},
        {"truncate", "mounts", cut, {0}, 0},
        {"write by /proc/self/fd", "mounts", open_again, {0}, 0},
        {"write by /proc/self/root", "mounts", open_by_root, {0}, 0},
        {"chmod", "mounts", change_mode, {0}, 0},
        {"fchmod", "mounts", change_mode_by_descriptor, {0}, 0},
        {"chown", "mounts", change_owner, {0}, 0},
        {"utimes", "mounts", change_times, {0}, 0},
        {"setxattr", "mounts", set_attribute, {0}, needs_kernel},
        {"unlink", "mounts", remove_file, {0}, 0},
        {"rename", "mounts", rename_file, {0}, 0},
        {"exchange", "mounts", exchange_files, {0}, 0},
        {"rename in", "mounts", rename_in, {0}, 0},
        {"rename out", "mounts", rename_out, {0}, 0},
        {"link in", "mounts", link_in, {0}, 0},
        {"link out", "mounts", link_out, {0}, 0},
        {"mkdir", "mounts", make_directory, {0}, 0},
        {"symlink", "mounts", make_link, {0}, 0},
        {"mkfifo", "mounts", make_fifo, {0}, 0},
        {"bind a socket", "mounts", make_socket, {0}, 0},
        {"rmdir", "mounts", remove_directory, {0}, 0},
    };
    for (int i = 1; i < argc; ++i) {
        if (strncmp(argv[i], "directory=", 10) == 0) {
            snprintf(file, sizeof file, "%s/file", argv[i] + 10);
            snprintf(fresh, sizeof fresh, "%s/fresh", argv[i] + 10);
        } else if (strncmp(argv[i], "writable=", 9) == 0) {
            snprintf(writable, sizeof writable, "%s", argv[i] + 9);
        }
    }
    before_attempt = renew;
    return RUN_ATTEMPTS(argc, argv, attempts);
}
