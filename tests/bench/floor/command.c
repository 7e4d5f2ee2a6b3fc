// The setup child, which becomes the command. See floor.h.
#include "floor.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

int umount2(const char* target, int flags);  // <sys/mount.h> and <linux/mount.h> cannot be included together
enum { detach = 2, private_propagation = 1 << 18 };

static void set_quotas(int directory) {
    static const char* const quotas[][2] = {
        {"max_mnt_namespaces", "1"},  {"max_pid_namespaces", "2"},  {"max_uts_namespaces", "1"},
        {"max_ipc_namespaces", "1"},  {"max_net_namespaces", "1"},  {"max_cgroup_namespaces", "1"},
        {"max_user_namespaces", "1"}, {"max_time_namespaces", "0"},
    };
    for (size_t i = 0; i < sizeof quotas / sizeof *quotas; ++i) {
        write_file(directory, quotas[i][0], quotas[i][1]);
    }
}

static void write_sysctl(const char* path, const char* value) {
    const int directory = must(openat(new_proc, "sys", O_PATH | O_DIRECTORY | O_CLOEXEC), "sys");
    write_file(directory, path, value);
    close(directory);
}

static void enter_guest(void) {
    char byte;
    char pid[24];
    must(unshare(CLONE_NEWUSER | CLONE_NEWUTS), "guest");
    const int length = must(readlinkat(host_proc, "self", pid, sizeof pid - 1), "self");
    must(write(announce[1], pid, (size_t)length), "announce");
    if (read(proceed[0], &byte, 1) != 1) {
        _exit(125);
    }
    must(sethostname("sandbox", strlen("sandbox")), "hostname");
}

_Noreturn void become_command(void) {
    char byte;
    close(announce[0]);
    close(proceed[1]);
    close(orders[0]);
    close(statuses[1]);
    umask(0);
    struct mount_attr private = {.propagation = private_propagation};
    must(syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof private), "private");
    must(unshare(CLONE_NEWCGROUP), "cgroup");
    syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL);
    make_root();
    make_proc();
    const int quotas = must(openat(new_proc, "sys/user", O_PATH | O_DIRECTORY | O_CLOEXEC), "sys/user");
    make_devices();
    make_private_places();
    if (read(proceed[0], &byte, 1) != 1) {
        _exit(125);
    }
    must(setns(init_pidfd, CLONE_NEWNET), "network");
    make_sysfs();
    write_sysctl("net/ipv4/ip_unprivileged_port_start", "0");
    write_sysctl("net/ipv4/ping_group_range", "0 0");
    protect_kernel_trees();
    must(syscall(SYS_move_mount, scratch, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH), "scratch");
    must(fchdir(root), "fchdir");
    must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    must(umount2(".", detach), "umount");
    must(chdir("/"), "chdir");
    must(setpgid(0, 0), "setpgid");
    set_quotas(quotas);
    enter_guest();
    must(chdir(cwd), cwd);
    umask(creation_mask);
    must(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    restrict_with_landlock();
    limit_capabilities();
    filter_command();
    static const char report[24] = {3};
    must(write(reports[1], report, sizeof report), "report");
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(command[0], command);
    fail(command[0]);
}
