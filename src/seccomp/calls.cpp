#include "seccomp/calls.hpp"

#include <algorithm>
#include <array>

namespace sandbox::seccomp {
namespace {

enum class Answer : std::uint8_t { allow, refuse };
constexpr Answer allow = Answer::allow;
constexpr Answer refuse = Answer::refuse;

/// Calls that belong together.
struct Row {
    std::string_view group;  ///< as --allow-syscall and --deny-syscall call it, without the @; may be empty
    Answer standard;
    Answer strict;
    std::string_view names;  ///< separated by blanks
};

// clone3 is nowhere: its flags lie in memory, where no filter sees them, and ENOSYS makes the C library take clone. Nor
// is what kernels no longer have (sysfs, nfsservctl, ...). The names are libseccomp's; one that it does not know yet is
// left out, and so gets ENOSYS, as from a kernel that is older than the call.
constexpr auto table = std::to_array<Row>({
    // Files and directories.
    {"", allow, allow,
     "open openat openat2 creat close close_range read write pread64 pwrite64 readv writev preadv pwritev preadv2 "
     "pwritev2 lseek truncate ftruncate fallocate fadvise64 readahead copy_file_range sendfile splice tee vmsplice "
     "stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 "
     "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat umask "
     "getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir rename renameat renameat2 link linkat unlink "
     "unlinkat "
     "symlink symlinkat readlink readlinkat mknod mknodat "
     "setxattr lsetxattr fsetxattr setxattrat getxattr lgetxattr fgetxattr getxattrat listxattr llistxattr flistxattr "
     "listxattrat removexattr lremovexattr fremovexattr removexattrat file_getattr file_setattr "
     "sync syncfs fsync fdatasync sync_file_range cachestat fcntl flock ioctl dup dup2 dup3 pipe pipe2 "
     "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch"},
    {"", allow, refuse, "name_to_handle_at fanotify_mark chroot"},
    // Waiting.
    {"", allow, allow,
     "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 "
     "eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime"},
    // Memory.
    {"", allow, allow,
     "brk mmap munmap mremap mprotect msync mincore madvise mlock mlock2 munlock mlockall munlockall mseal "
     "pkey_alloc pkey_free pkey_mprotect map_shadow_stack membarrier memfd_create"},
    {"", allow, refuse, "memfd_secret remap_file_pages"},
    {"numa", allow, refuse, "get_mempolicy set_mempolicy set_mempolicy_home_node mbind"},
    {"numa", refuse, refuse, "migrate_pages move_pages"},
    // Processes, threads, signals.
    {"", allow, allow,
     "clone fork vfork execve execveat exit exit_group wait4 waitid "
     "futex futex_waitv futex_wait futex_wake futex_requeue set_robust_list get_robust_list rseq set_tid_address "
     "set_thread_area get_thread_area arch_prctl prctl seccomp restart_syscall "
     "landlock_create_ruleset landlock_add_rule landlock_restrict_self "
     "getpid getppid gettid getpgid getpgrp setpgid getsid setsid pidfd_open pidfd_send_signal "
     "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pause alarm sigaltstack rt_sigaction rt_sigprocmask "
     "rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigreturn process_mrelease uretprobe uprobe "
     "getuid geteuid getgid getegid getresuid getresgid setuid setgid setreuid setregid setresuid setresgid setfsuid "
     "setfsgid getgroups setgroups capget capset "
     "getrlimit setrlimit prlimit64 getrusage getpriority setpriority sched_yield sched_getparam sched_getscheduler "
     "sched_getattr sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_getaffinity "
     "sched_setaffinity getcpu ioprio_get"},
    {"", allow, refuse, "sched_setparam sched_setscheduler sched_setattr ioprio_set personality"},
    {"namespace", allow, allow, "unshare"},
    {"debug", allow, refuse, "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd"},
    // The system.
    {"", allow, allow,
     "uname sysinfo times time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep "
     "getitimer setitimer timer_create timer_settime timer_gettime timer_getoverrun timer_delete "
     "getrandom"},
    {"", allow, refuse, "sethostname setdomainname"},
    {"network", allow, allow,
     "socket socketpair bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt "
     "sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg"},
    {"ipc", allow, allow,
     "shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl "
     "mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr"},
    {"aio", allow, refuse, "io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents"},

    // What is refused on purpose. Most of it asks for a capability that the command does not have: two layers.
    {"mount", refuse, refuse,
     "mount umount2 pivot_root mount_setattr move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick"},
    {"namespace", refuse, refuse, "setns"},
    {"keyring", refuse, refuse, "add_key request_key keyctl"},
    {"io-uring", refuse, refuse, "io_uring_setup io_uring_enter io_uring_register"},
    {"module", refuse, refuse, "init_module finit_module delete_module create_module query_module get_kernel_syms"},
    {"swap", refuse, refuse, "swapon swapoff"},
    {"clock", refuse, refuse, "settimeofday clock_settime adjtimex clock_adjtime"},
    {"raw-io", refuse, refuse, "iopl ioperm"},
    {"reboot", refuse, refuse, "reboot kexec_load kexec_file_load"},
    {"quota", refuse, refuse, "quotactl quotactl_fd acct"},
    {"", refuse, refuse,
     "bpf perf_event_open userfaultfd open_by_handle_at lookup_dcookie syslog vhangup fanotify_init modify_ldt uselib"},
});

template <typename Visit>
void for_each_name(std::string_view names, const Visit& visit) {
    while (!names.empty()) {
        const std::size_t blank = names.find(' ');
        visit(names.substr(0, blank));
        names = blank == std::string_view::npos ? std::string_view() : names.substr(blank + 1);
    }
}

}  // namespace

Calls calls_of(Profile profile, Opened opened) {
    Calls calls;
    for (const Row& row : table) {
        const bool open = (opened.mounts && row.group == "mount") || (opened.setns && row.group == "namespace");
        const Answer answer = open ? allow : profile == Profile::strict ? row.strict : row.standard;
        for_each_name(row.names, [&](std::string_view name) {
            (answer == allow ? calls.allowed : calls.refused).push_back(name);
        });
    }
    return calls;
}

void change(Calls& calls, std::span<const std::string_view> allow, std::span<const std::string_view> deny) {
    for (const std::string_view name : allow) {
        std::erase(calls.refused, name);
        if (std::ranges::find(calls.allowed, name) == calls.allowed.end()) {
            calls.allowed.push_back(name);
        }
    }
    for (const std::string_view name : deny) {
        if (std::erase(calls.allowed, name) != 0) {
            calls.refused.push_back(name);
        }
    }
}

std::span<const std::string_view> groups() {
    static const std::vector<std::string_view> all = [] {
        std::vector<std::string_view> names;
        for (const Row& row : table) {
            if (!row.group.empty() && std::ranges::find(names, row.group) == names.end()) {
                names.push_back(row.group);
            }
        }
        std::ranges::sort(names);
        return names;
    }();
    return all;
}

std::span<const std::string_view> listed_calls() {
    static const std::vector<std::string_view> all = [] {
        Calls calls = calls_of(Profile::standard, {});
        calls.allowed.insert(calls.allowed.end(), calls.refused.begin(), calls.refused.end());
        return calls.allowed;
    }();
    return all;
}

std::vector<std::string_view> calls_of_group(std::string_view group) {
    std::vector<std::string_view> names;
    for (const Row& row : table) {
        if (!group.empty() && row.group == group) {
            for_each_name(row.names, [&](std::string_view name) { names.push_back(name); });
        }
    }
    return names;
}

}  // namespace sandbox::seccomp
