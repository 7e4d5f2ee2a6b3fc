// Two seccomp filters: the command's, and init's own. seccomp(2); see child.hpp for the rules of this directory.
#include "run/child/steps.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <cstddef>
#include <iterator>

#include <asm/ioctls.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

namespace sandbox::run {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t native_architecture = AUDIT_ARCH_X86_64;
// x32 has its own numbers above this bit; they would slip past every comparison with a native number.
constexpr std::uint32_t foreign_number_bit = 0x40000000U;
#elif defined(__aarch64__)
constexpr std::uint32_t native_architecture = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t foreign_number_bit = 0x80000000U;
#else
#error "the seccomp filters know x86_64 and aarch64"
#endif

constexpr sock_filter statement(unsigned code, std::uint32_t value) {
    return {static_cast<std::uint16_t>(code), 0, 0, value};
}
constexpr sock_filter jump(unsigned code, std::uint32_t value, std::uint8_t when_true, std::uint8_t when_false) {
    return {static_cast<std::uint16_t>(code), when_true, when_false, value};
}
constexpr sock_filter load(std::size_t offset) {
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
constexpr sock_filter answer(std::uint32_t action) {
    return statement(BPF_RET | BPF_K, action);
}
constexpr sock_filter refuse(int error) {
    return answer(SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA));
}
constexpr sock_filter equal(std::uint32_t value, std::uint8_t when_true, std::uint8_t when_false) {
    return jump(BPF_JMP | BPF_JEQ | BPF_K, value, when_true, when_false);
}

// The kernel compares ioctl commands in 32 bits: so does the filter (the low word of argument 1), or 1 << 32 | TIOCSTI
// would pass. Foreign tables (int 0x80, x32) have other numbers for the same calls: they get ENOSYS as a whole.
constexpr sock_filter command_filter[] = {
    load(offsetof(seccomp_data, arch)),
    equal(native_architecture, 1, 0),
    refuse(ENOSYS),
    load(offsetof(seccomp_data, nr)),
    jump(BPF_JMP | BPF_JGE | BPF_K, foreign_number_bit, 6, 0),
    equal(__NR_ioctl, 0, 4),
    load(offsetof(seccomp_data, args) + sizeof(std::uint64_t)),
    equal(TIOCSTI, 4, 0),
    equal(TIOCLINUX, 3, 0),
    equal(TIOCSETD, 2, 0),
    answer(SECCOMP_RET_ALLOW),
    refuse(ENOSYS),
    refuse(EPERM),
};

constexpr std::uint32_t namespace_flags =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// A filter of its own, where quotas cannot be had. clone3 hides its flags in memory: ENOSYS makes the C library use
// clone instead.
constexpr sock_filter namespace_filter[] = {
    load(offsetof(seccomp_data, nr)),
    equal(__NR_clone3, 6, 0),
    equal(__NR_unshare, 6, 0),
    equal(__NR_setns, 5, 0),
    equal(__NR_clone, 0, 2),
    load(offsetof(seccomp_data, args)),
    jump(BPF_JMP | BPF_JSET | BPF_K, namespace_flags, 2, 0),
    answer(SECCOMP_RET_ALLOW),
    refuse(ENOSYS),
    refuse(EPERM),
};

constexpr std::uint32_t init_calls[] = {
    __NR_read,       __NR_pread64, __NR_write,        __NR_epoll_pwait,     __NR_waitid,           __NR_kill,
    __NR_exit_group, __NR_exit,    __NR_rt_sigreturn, __NR_restart_syscall, __NR_process_vm_readv,
#ifdef __NR_epoll_wait
    __NR_epoll_wait,
#endif
#ifdef __SANITIZE_ADDRESS__
    __NR_sigaltstack,  // the sanitizer's own, before each call of what does not return
#endif
};

int install(const sock_filter* filter, std::size_t length) noexcept {
    sock_fprog program{};
    program.len = static_cast<unsigned short>(length);
    program.filter = const_cast<sock_filter*>(filter);
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? errno : 0;
}

}  // namespace

int execute(SetupState&, const plan::Seccomp& step) noexcept {
    const int error = step.refuse_namespaces ? install(namespace_filter, std::size(namespace_filter)) : 0;
    return error != 0 ? error : install(command_filter, std::size(command_filter));
}

int confine_init() noexcept {
    // Init may signal the command, whatever ids that has taken; nothing else of what it was.
    if (const int error = set_capabilities(1U << CAP_KILL); error != 0) {
        return error;
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return errno;
    }
    constexpr std::size_t calls = std::size(init_calls);
    sock_filter filter[calls + 6];
    std::size_t length = 0;
    filter[length++] = load(offsetof(seccomp_data, arch));
    filter[length++] = equal(native_architecture, 1, 0);
    filter[length++] = answer(SECCOMP_RET_KILL_PROCESS);
    filter[length++] = load(offsetof(seccomp_data, nr));
    for (std::size_t i = 0; i < calls; ++i) {
        filter[length++] = equal(init_calls[i], static_cast<std::uint8_t>(calls - i), 0);
    }
    filter[length++] = answer(SECCOMP_RET_KILL_PROCESS);
    filter[length++] = answer(SECCOMP_RET_ALLOW);
    return install(filter, length);
}

}  // namespace sandbox::run
