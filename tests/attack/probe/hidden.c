/* A01: a file that is hidden, read by every name it has: `directory=` is hidden, `file` in it says `marker`; `beside=`
 * lies next to it and is shown. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attempt.h"

/* The file, by a path of these parts. */
static long read_at(const char* start, const char* directory, const char* name) {
    char path[8192];
    snprintf(path, sizeof path, "%s%s%s", start, directory, name);
    return can_read(path, "marker");
}
static const char* base(void) {
    return strrchr(given("directory"), '/');
}

static long by_its_path(void) {
    return read_at("", given("directory"), "/file");
}
static long by_two_slashes(void) {
    return read_at("/", given("directory"), "//.//file");
}
static long by_the_one_above(void) {
    char above[4200];
    snprintf(above, sizeof above, "%s/..", given("beside"));
    return read_at(above, base(), "/file");
}
static long by_root_of_self(void) {
    return read_at("/proc/self/root", given("directory"), "/file");
}
static long by_root_of_init(void) {
    return read_at("/proc/1/root", given("directory"), "/file");
}
static long by_cwd_of_self(void) {
    return chdir(given("beside")) == 0 ? read_at("/proc/self/cwd/..", base(), "/file") : -1;
}
static long by_root_of_thread(void) {
    return read_at("/proc/thread-self/root/proc/self/root", given("directory"), "/file");
}
static long by_name_only(void) {
    char path[64];
    int directory = open(given("directory"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    int file = directory < 0 ? -1 : openat(directory, "file", O_PATH | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return file < 0 ? -1 : can_read(path, "marker");
}
static long see_its_name(void) {
    DIR* directory = opendir(given("directory"));
    if (directory == NULL) {
        return -1;
    }
    for (const struct dirent* entry; (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, "file") == 0) {
            return 0;
        }
    }
    return refused(ENODATA);
}
static long see_its_size(void) {
    char path[4096];
    struct stat state;
    snprintf(path, sizeof path, "%s/file", given("directory"));
    return stat(path, &state) != 0 ? -1 : state.st_size > 0 ? 0 : refused(ENODATA);
}
static long by_another_mount(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s/file", given("alias"));
    return can_read(path, "marker");
}
static long look_for_it(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s/file", given("directory"));
    return access(path, F_OK);
}

int main(int argc, char** argv) {
    static const struct attempt attempts[] = {
        {"its path", "mounts", by_its_path, {0}, 0},
        {"// and .", "mounts", by_two_slashes, {0}, 0},
        {"..", "mounts", by_the_one_above, {0}, 0},
        {"/proc/self/root", "mounts", by_root_of_self, {0}, 0},
        {"/proc/1/root", "mounts", by_root_of_init, {0}, needs_root},
        {"/proc/self/cwd", "mounts", by_cwd_of_self, {0}, 0},
        {"/proc/thread-self/root", "mounts", by_root_of_thread, {0}, 0},
        {"O_PATH", "mounts", by_name_only, {0}, 0},
        {"the list of its directory", "mounts", see_its_name, {0}, 0},
        {"stat", "mounts", see_its_size, {0}, 0},
        {"access", "mounts", look_for_it, {0}, 0},
        {"another mount of the same tree", "mounts", by_another_mount, {0}, 0},
    };
    return RUN_ATTEMPTS(argc, argv, attempts);
}
