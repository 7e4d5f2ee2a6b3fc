/* A05, A06: `protected=`, a directory with `file` that is kept from being written below a directory that is writable;
 * `parent=` is the one above it, `other=` a directory beside that. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attempt.h"

static const char* in(const char* directory, const char* name) {
    static char paths[4][4200];
    static int next;
    char* path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", given(directory), name);
    return path;
}

static long write_in_it(void) {
    return can_open(in("protected", "file"), O_WRONLY);
}
static long create_in_it(void) {
    return can_open(in("protected", "fresh"), O_WRONLY | O_CREAT);
}
static long remove_it(void) {
    unlink(in("protected", "file"));
    unlink(in("protected", "fresh"));
    return rmdir(given("protected"));
}
static long rename_it(void) {
    return rename(given("protected"), in("other", "taken"));
}
static long rename_parent(void) {
    return rename(given("parent"), in("other", "parent"));
}
static long exchange_it(void) {
    return renameat2(AT_FDCWD, given("protected"), AT_FDCWD, given("other"), RENAME_EXCHANGE);
}
static long exchange_parent(void) {
    return renameat2(AT_FDCWD, given("parent"), AT_FDCWD, given("other"), RENAME_EXCHANGE);
}
static long rename_over_it(void) {
    mkdir(in("other", "mine"), 0700);
    unlink(in("protected", "file"));
    return rename(in("other", "mine"), given("protected"));
}
static long link_over_it(void) {
    rename(given("protected"), in("other", "taken"));
    return symlink("/tmp", given("protected"));
}
static long change_its_mode(void) {
    return chmod(given("protected"), 0777);
}
/* By another name of the same tree. */
static long write_by_descriptor(void) {
    int parent = open(given("parent"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    const char* name = strrchr(given("protected"), '/') + 1;
    int directory = parent < 0 ? -1 : openat(parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? -1 : openat(directory, "file", O_WRONLY | O_CLOEXEC);
}

static void renew(void) {
    if (given_or_null("ground") == NULL) {
        return;
    }
    if (access(given("parent"), F_OK) != 0) {
        rename(in("other", "parent"), given("parent"));
    }
    unlink(given("protected"));
    rmdir(given("protected"));
    mkdir(given("parent"), 0700);
    mkdir(given("other"), 0700);
    if (mkdir(given("protected"), 0700) == 0) {
        rmdir(in("other", "taken"));
        unlink(in("other", "taken/file"));
        rmdir(in("other", "taken"));
    }
    write_text(in("protected", "file"), O_WRONLY | O_CREAT, "text");
}

int main(int argc, char** argv) {
    static const struct attempt attempts[] = {
        {"write in it", "mounts", write_in_it, {0}, 0},
        {"create in it", "mounts", create_in_it, {0}, 0},
        {"remove it", "mounts", remove_it, {0}, 0},
        {"rename it", "mounts", rename_it, {0}, 0},
        {"rename the directory above", "mounts", rename_parent, {0}, 0},
        {"exchange it", "mounts", exchange_it, {0}, 0},
        {"exchange the directory above", "mounts", exchange_parent, {0}, 0},
        {"rename over it", "mounts", rename_over_it, {0}, 0},
        {"put a link in its place", "mounts", link_over_it, {0}, 0},
        {"change its mode", "mounts", change_its_mode, {0}, 0},
        {"write by a descriptor", "mounts", write_by_descriptor, {0}, 0},
    };
    before_attempt = renew;
    return RUN_ATTEMPTS(argc, argv, attempts);
}
