/* A11: programs below `place=` that give rights to whoever runs them, by their file: `user` and `group` belong to
 * others, `capability` has CAP_SYS_TIME. Each is this program, and says by its status whether it has them. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempt.h"

static int has_rights(const char* which) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{0, 0, 0}, {0, 0, 0}};
    if (strcmp(which, "user") == 0) {
        return geteuid() != getuid();
    }
    if (strcmp(which, "group") == 0) {
        return getegid() != getgid();
    }
    return syscall(SYS_capget, &header, sets) == 0 &&
           (sets[CAP_TO_INDEX(CAP_SYS_TIME)].effective & CAP_TO_MASK(CAP_SYS_TIME)) != 0;
}

static long run_it(const char* which) {
    char path[4200];
    int status = 0;
    snprintf(path, sizeof path, "%s/%s", given("place"), which);
    pid_t child = fork();
    if (child == 0) {
        /* Root of the host has all capabilities: what the file gives shows with another user. */
        if (strcmp(which, "capability") == 0 && (syscall(SYS_setgid, 4243) != 0 || syscall(SYS_setuid, 4243) != 0)) {
            errno = 0;
        }
        execl(path, path, "has", which, NULL);
        _exit(2);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        return -1;
    }
    return !WIFEXITED(status) || WEXITSTATUS(status) == 2 ? refused(ENOMSG)
           : WEXITSTATUS(status) == 0                     ? 0
                                                          : refused(EPROTO);
}
static long run_set_user_id(void) {
    return run_it("user");
}
static long run_set_group_id(void) {
    return run_it("group");
}
static long run_with_capability(void) {
    return run_it("capability");
}

int main(int argc, char** argv) {
    static const struct attempt attempts[] = {
        {"a set-user-id program", "privileges", run_set_user_id, {0}, needs_root},
        {"a set-group-id program", "privileges", run_set_group_id, {0}, needs_root},
        {"a program with a capability", "privileges", run_with_capability, {0}, needs_root},
    };
    if (argc == 3 && strcmp(argv[1], "has") == 0) {
        return has_rights(argv[2]) ? 0 : 1;
    }
    return RUN_ATTEMPTS(argc, argv, attempts);
}
