// The listener: hears for init what the terminal sends to the command's process group.
//
// A command that is pid 1 and leaves SIGINT at its default never learns of Ctrl-C: the kernel drops it. Somebody else
// in its process group has to hear it. That cannot be init itself: a process that is in a group led by another process
// of its pid namespace keeps that one's pid allocated, and an init that ends waits for every pid of its namespace to be
// free - for ever, then (zap_pid_ns_processes). So it is a child of init, made only where there is a terminal. See
// child.hpp for the rules.
#include "run/child/steps.hpp"
#include "run/child/supervise.hpp"
#include "sys/clone.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <csignal>

#include <sys/signalfd.h>

namespace sandbox::run {
namespace {

[[noreturn]] void listen(int tell) noexcept {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU}) {
        sigaddset(&set, number);
    }
    const int signals = ::signalfd(-1, &set, SFD_CLOEXEC);
    // Above 1 first: either may be 0 or 1 already.
    const int from = ::fcntl(signals, F_DUPFD_CLOEXEC, 3);
    const int to = ::fcntl(tell, F_DUPFD_CLOEXEC, 3);
    if (from < 0 || to < 0 || ::dup2(from, 0) < 0 || ::dup2(to, 1) < 0) {
        ::_exit(125);
    }
    sys::close_range(2, ~0U, 0);
    if (confine_init() != 0) {
        ::_exit(125);
    }
    signalfd_siginfo info{};
    while (::read(0, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        // The kernel speaks for the terminal. What a process sends to its group reaches the command by itself.
        const auto signal = static_cast<std::int32_t>(info.ssi_signo);
        if (info.ssi_code == SI_KERNEL && ::write(1, &signal, sizeof signal) < 0) {
            break;
        }
    }
    ::_exit(125);
}

}  // namespace

int start_listener(Supervision& supervision) noexcept {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) {
        return errno;
    }
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    const pid_t child = sys::clone_process(arguments);
    if (child == 0) {
        listen(ends[1]);
    }
    if (child < 0) {
        return errno;
    }
    ::close(ends[1]);
    supervision.heard = ends[0];
    supervision.listener = child;
    // Before the command runs: a Ctrl-C must not find nobody at home.
    return ::setpgid(child, supervision.command) < 0 ? errno : 0;
}

}  // namespace sandbox::run
