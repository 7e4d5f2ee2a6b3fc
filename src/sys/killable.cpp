#include "sys/killable.hpp"

#include "sys/clone.hpp"
#include "sys/fd.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace sandbox::sys {

std::optional<int> run_killable(int milliseconds, int (*work)(const void*) noexcept, const void* argument) {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = 0;  // the caller's SIGCHLD is not ours
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t child = clone_process(arguments);
    if (child == 0) {
        // It may wait for longer than we live: whoever reads our output must see its end all the same.
        close_range(0, ~0U, 0);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::_exit(work(argument));
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (child < 0) {
        return -1;
    }
    const UniqueFd process(above_streams(pidfd));
    const auto ended = [&](int patience) {
        pollfd watched{process.get(), POLLIN, 0};
        int got = 0;
        while ((got = ::poll(&watched, 1, patience)) < 0 && errno == EINTR) {
        }
        return got > 0;
    };
    const bool in_time = ended(milliseconds);
    if (!in_time) {
        pidfd_send_signal(process.get(), SIGKILL);
    }
    int status = 0;
    if (in_time || ended(1000)) {
        ::waitpid(child, &status, __WALL);
    }
    return in_time ? std::optional(WIFEXITED(status) ? WEXITSTATUS(status) : -1) : std::nullopt;
}

}  // namespace sandbox::sys
