// The launcher: outside. See floor.h.
#include "floor.h"

#include <dirent.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

struct entry entries[max_entries];
size_t entry_count;
char** command;
char cwd[4096];
mode_t creation_mask;
int landlock_abi;
int orders[2], statuses[2], reports[2], announce[2], proceed[2];
int launcher_pidfd, init_pidfd, host_proc, host_cwd;
int scratch, root, new_proc, new_sysfs;

_Noreturn void fail(const char* what) {
    dprintf(2, "bench_floor: %s: %s\n", what, strerror(errno));
    _exit(125);
}

static int compare_entries(const void* left, const void* right) {
    return strcmp(((const struct entry*)left)->path, ((const struct entry*)right)->path);
}

// What stands in `/` has to be known, to be shown again.
static void look_at_root(void) {
    DIR* directory = opendir("/");
    if (directory == NULL) {
        fail("/");
    }
    for (const struct dirent* found; (found = readdir(directory)) != NULL && entry_count < max_entries;) {
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) {
            continue;
        }
        struct entry* entry = &entries[entry_count++];
        struct stat status;
        must(fstatat(dirfd(directory), found->d_name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT), found->d_name);
        memcpy(entry->path, "root/", 5);
        strcpy(entry->path + 5, found->d_name);
        entry->mode = status.st_mode;
        if (S_ISLNK(status.st_mode)) {
            must(readlinkat(dirfd(directory), found->d_name, entry->link, sizeof entry->link - 1), "readlink");
        }
    }
    closedir(directory);
    qsort(entries, entry_count, sizeof *entries, compare_entries);
}

static void write_maps(pid_t init) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", init);
    const int directory = must(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), path);
    char ids[32];
    snprintf(ids, sizeof ids, "0 %u 1\n", geteuid());
    write_file(directory, "uid_map", ids);
    write_file(directory, "setgroups", "deny");
    snprintf(ids, sizeof ids, "0 %u 1\n", getegid());
    write_file(directory, "gid_map", ids);
    must(write(orders[1], "\0\0\0\0\0\0\0", 8), "go");
    close(directory);
}

static int await_end(int init) {
    char message[24];
    siginfo_t info = {0};
    struct pollfd report = {reports[0], POLLIN, 0};
    do {
        must(poll(&report, 1, -1), "poll");
    } while (read(reports[0], message, sizeof message) > 0);
    if (read(statuses[0], message, 12) != 12) {
        return 125;
    }
    close(launcher_pidfd);
    close(reports[0]);
    struct pollfd status = {statuses[0], POLLIN, 0};
    must(poll(&status, 1, -1), "poll");
    if (read(statuses[0], message, 12) != 12) {
        message[4] = 125;
    }
    must(waitid(P_PIDFD, (id_t)init, &info, WEXITED | __WALL), "waitid");
    return (unsigned char)message[4];
}

int main(int argc, char** argv) {
    if (argc < 2) {
        dprintf(2, "usage: bench_floor COMMAND [ARG]...\n");
        return 125;
    }
    command = argv + 1;
    if (getcwd(cwd, sizeof cwd) == NULL) {
        fail("getcwd");
    }
    creation_mask = umask(022);
    umask(creation_mask);
    landlock_abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    look_at_root();
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    must(pipe2(orders, O_CLOEXEC), "pipe2");
    must(pipe2(statuses, O_CLOEXEC), "pipe2");
    must(pipe2(reports, O_CLOEXEC), "pipe2");
    launcher_pidfd = must(syscall(SYS_pidfd_open, getpid(), 0), "pidfd_open");
    int init = -1;
    struct clone_args arguments = {
        .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
        .pidfd = (uint64_t)(uintptr_t)&init};
    const pid_t pid = must(syscall(SYS_clone3, &arguments, sizeof arguments), "clone3");
    if (pid == 0) {
        be_init();
    }
    close(reports[1]);
    close(statuses[1]);
    write_maps(pid);
    return await_end(init);
}
