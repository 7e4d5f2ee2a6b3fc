// Typed system calls that the C library lacks (glibc 2.36) or must not be used after a clone. Every function returns
// what the kernel returns through errno: -1 and errno, no exception, no allocation. Async-signal-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

namespace sandbox::sys {

inline pid_t clone3(clone_args& arguments) noexcept {
    return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}
inline int open_tree(int directory, const char* path, unsigned flags) noexcept {
    return static_cast<int>(::syscall(SYS_open_tree, directory, path, flags));
}
inline int move_mount(int from, const char* from_path, int to, const char* to_path, unsigned flags) noexcept {
    return static_cast<int>(::syscall(SYS_move_mount, from, from_path, to, to_path, flags));
}
inline int mount_setattr(int directory, const char* path, unsigned flags, mount_attr& attributes) noexcept {
    return static_cast<int>(::syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes));
}
inline int fsopen(const char* type, unsigned flags) noexcept {
    return static_cast<int>(::syscall(SYS_fsopen, type, flags));
}
inline int fsconfig(int context, unsigned command, const char* key, const char* value, int auxiliary) noexcept {
    return static_cast<int>(::syscall(SYS_fsconfig, context, command, key, value, auxiliary));
}
inline int fsmount(int context, unsigned flags, unsigned attributes) noexcept {
    return static_cast<int>(::syscall(SYS_fsmount, context, flags, attributes));
}
inline int pivot_root(const char* new_root, const char* put_old) noexcept {
    return static_cast<int>(::syscall(SYS_pivot_root, new_root, put_old));
}
inline int openat2(int directory, const char* path, const open_how& how) noexcept {
    return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}
inline int close_range(unsigned first, unsigned last, unsigned flags) noexcept {
    return static_cast<int>(::syscall(SYS_close_range, first, last, flags));
}
inline int pidfd_open(pid_t pid, unsigned flags) noexcept {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, flags));
}
inline ssize_t process_vm_readv(pid_t process, const iovec& to, const iovec& from) noexcept {
    return ::syscall(SYS_process_vm_readv, process, &to, 1UL, &from, 1UL, 0UL);
}
inline int pidfd_send_signal(int pidfd, int signal) noexcept {
    return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}
inline int landlock_create_ruleset(const landlock_ruleset_attr* attributes, std::size_t size, unsigned flags) noexcept {
    return static_cast<int>(::syscall(SYS_landlock_create_ruleset, attributes, size, flags));
}
inline int landlock_add_path(int ruleset, const landlock_path_beneath_attr& rule) noexcept {
    return static_cast<int>(::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}
inline int landlock_restrict_self(int ruleset) noexcept {
    return static_cast<int>(::syscall(SYS_landlock_restrict_self, ruleset, 0));
}
inline long join_session_keyring() noexcept {
    return ::syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, nullptr);
}

}  // namespace sandbox::sys
