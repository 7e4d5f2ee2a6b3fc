// Steps about the process itself, from its session to exec. See child.hpp for the rules.
#include "run/child/steps.hpp"
#include "run/child/walk.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <csignal>

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace sandbox::run {

int execute(SetupState&, const plan::NewSession&) noexcept {
    return ::setsid() < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::ProcessGroup& step) noexcept {
    if (::setpgid(0, 0) < 0) {
        return errno;
    }
    const int terminal = step.own_terminal ? state.context.terminal : step.terminal;
    if (terminal >= 0) {
        // SIGTTOU is blocked, as everything is during set-up: a background process may do this then (tcsetpgrp(3)).
        pid_t group = ::getpid();
        if (::ioctl(terminal, TIOCSPGRP, &group) < 0) {
            return errno;
        }
    }
    return 0;
}

int execute(SetupState&, const plan::ChangeDirectory& step) noexcept {
    return ::chdir(step.path.c_str()) < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::CloseDescriptors& step) noexcept {
    ::umask(state.umask);
    unsigned next = 3;
    for (const int passed : step.passed) {
        const auto number = static_cast<unsigned>(passed);
        if (number > next && sys::close_range(next, number - 1, CLOSE_RANGE_CLOEXEC) < 0) {
            return errno;
        }
        // The caller of the library may have it close-on-exec.
        if (::fcntl(passed, F_SETFD, 0) < 0) {
            return errno;
        }
        next = number + 1;
    }
    return sys::close_range(next, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? errno : 0;
}

int execute(SetupState&, const plan::CoreLimit& step) noexcept {
    const rlimit64 limit{step.bytes, step.bytes};
    return ::syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, nullptr) < 0 ? errno : 0;
}

int execute(SetupState&, const plan::ResourceLimitStep& step) noexcept {
    const rlimit64 limit{step.soft, step.hard};
    return ::syscall(SYS_prlimit64, 0, step.resource, &limit, nullptr) < 0 ? errno : 0;
}

int execute(SetupState&, const plan::Niceness& step) noexcept {
    return ::syscall(SYS_setpriority, PRIO_PROCESS, 0, step.niceness) < 0 ? errno : 0;
}

// Through the host's /proc: the one inside may show nothing, or somebody else.
int execute(SetupState& state, const plan::OomScore& step) noexcept {
    return write_file(state.context.host_proc, "self/oom_score_adj", step.value.c_str());
}

int execute(SetupState&, const plan::NoNewPrivileges&) noexcept {
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::Execute& step) noexcept {
    // Handlers were reset by CLONE_CLEAR_SIGHAND; what the caller ignores stays ignored, as with nohup(1).
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // As execvp(3): go on where a candidate is missing or may not be executed, remember the latter, and give a file
    // without a known format to the shell.
    int result = ENOENT;
    for (const std::string& candidate : step.candidates) {
        ::execve(candidate.c_str(), state.program.arguments, state.program.environment);
        int error = errno;
        if (error == ENOEXEC) {
            state.program.script_arguments[1] = const_cast<char*>(candidate.c_str());
            ::execve("/bin/sh", state.program.script_arguments, state.program.environment);
            error = ENOEXEC;
        }
        if (error == EACCES) {
            result = EACCES;
        } else if (error != ENOENT && error != ENOTDIR) {
            return error;
        }
    }
    return result;
}

}  // namespace sandbox::run
