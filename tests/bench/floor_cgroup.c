/* `floor_cgroup PARENT COMMAND`: COMMAND in namespaces of its own and in a cgroup below PARENT, which is made, locked,
 * entered by the clone, shown at a mount, killed, read and removed: the kernel's part of what limits cost, and no more.
 * With `-` for PARENT the same without the cgroup. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char name[64];
static int parent = -1, cgroup = -1;

static int check(long result, const char* what) {
    if (result < 0) {
        perror(what);
        _exit(1);
    }
    return (int)result;
}

/* A controller that is not there has no file. */
static void put(const char* file, const char* text) {
    int fd = openat(cgroup, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        check(write(fd, text, strlen(text)), file);
        close(fd);
    }
}

static void get(const char* file) {
    char text[4096];
    int fd = openat(cgroup, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    while (fd >= 0 && read(fd, text, sizeof text) > 0) {
    }
    close(fd);
}

static void make_cgroup(const char* path) {
    parent = check(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), path);
    snprintf(name, sizeof name, "sandbox-run-%d", getpid());
    check(mkdirat(parent, name, 0700), "mkdir");
    cgroup = check(openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), name);
    check(flock(cgroup, LOCK_EX | LOCK_NB), "flock");
    check(fchmod(cgroup, 0755), "fchmod");
    put("memory.max", "1073741824");
    put("memory.swap.max", "0");
    put("pids.max", "101");
    put("cgroup.pressure", "0");
}

static void show_cgroup(void) {
    check(unshare(CLONE_NEWCGROUP), "unshare");
    int context = check(syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC), "fsopen");
    check(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig");
    int mount = check(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY), "fsmount");
    close(context);
    check(syscall(SYS_move_mount, mount, "", AT_FDCWD, "/sys/fs/cgroup", MOVE_MOUNT_F_EMPTY_PATH), "move_mount");
    close(mount);
}

static void remove_cgroup(void) {
    const char* read[] = {"cgroup.events", "cpu.stat", "memory.peak", "pids.peak", "pids.events", "memory.events"};
    put("cgroup.kill", "1");
    for (size_t i = 0; i < sizeof read / sizeof *read; ++i) {
        get(read[i]);
    }
    check(unlinkat(parent, name, AT_REMOVEDIR), "rmdir");
}

int main(int count, char** words) {
    if (count < 3) {
        return 2;
    }
    int own = strcmp(words[1], "-") != 0;
    if (own) {
        make_cgroup(words[1]);
    }
    struct clone_args arguments = {
        .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | (own ? CLONE_INTO_CGROUP : 0ULL),
        .exit_signal = SIGCHLD,
        .cgroup = own ? (unsigned long long)cgroup : 0ULL,
    };
    int child = check(syscall(SYS_clone3, &arguments, sizeof arguments), "clone3");
    if (child == 0) {
        if (own) {
            show_cgroup();
        }
        execv(words[2], words + 2);
        check(-1, words[2]);
    }
    int status;
    check(waitpid(child, &status, 0), "waitpid");
    if (own) {
        remove_cgroup();
    }
    return status != 0;
}
