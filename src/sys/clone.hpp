// clone3(2), also where a filter hides it: many do, a sandbox's own among them, as the flags lie in memory.
#pragma once

#include "sys/syscalls.hpp"

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace sandbox::sys {

/// As the kernel has it (rt_sigaction(2)): the C library's sigaction(3) leaves its own two signals out.
struct KernelSigaction {
    std::uintptr_t handler;
    unsigned long flags;
    std::uintptr_t restorer;
    std::uint64_t mask;
};

/// What CLONE_CLEAR_SIGHAND does: every signal that is not ignored is at its default.
inline void clear_signal_handlers() noexcept {
    constexpr int signals = 64;
    for (int signal = 1; signal <= signals; ++signal) {
        KernelSigaction action{};
        const bool known = ::syscall(SYS_rt_sigaction, signal, nullptr, &action, sizeof action.mask) == 0;
        if (known && action.handler != reinterpret_cast<std::uintptr_t>(SIG_IGN)) {
            action = {};
            ::syscall(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
        }
    }
}

/// A process as fork(2) makes it. Of `arguments` only flags, pidfd, exit_signal and cgroup count. All signals must be
/// blocked if CLONE_CLEAR_SIGHAND is to be relied on. Without CLONE_INTO_CGROUP in `arguments.flags` afterwards, that
/// could not be had.
inline pid_t clone_process(clone_args& arguments) noexcept {
    const pid_t child = clone3(arguments);
    if (child >= 0 || errno != ENOSYS) {
        return child;
    }
    arguments.flags &= ~CLONE_INTO_CGROUP;
    const std::uint64_t flags = (arguments.flags & ~CLONE_CLEAR_SIGHAND) | arguments.exit_signal;
    // The third argument is the one that gets the pidfd, on all machines.
    const auto older = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, arguments.pidfd, nullptr, nullptr));
    if (older == 0 && (arguments.flags & CLONE_CLEAR_SIGHAND) != 0) {
        clear_signal_handlers();
    }
    return older;
}

}  // namespace sandbox::sys
