// See foreground.hpp. stdout belongs to the command: what is said beside it goes to stderr.
#include "cli/foreground.hpp"

#include "cli/verbose.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace sandbox::cli {

void open_missing_standard_descriptors() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        const bool closed = ::fcntl(fd, F_GETFD) == -1 && errno == EBADF;
        // open(2) takes the lowest free number, which is this one.
        if (closed && ::open("/dev/null", O_RDWR) == -1) {
            const int error = errno;
            throw Error(std::string("cannot open /dev/null for a closed standard descriptor: ") +
                        strerrordesc_np(error));
        }
    }
}

Process launch_and_tell(const std::optional<StatusLines>& status, const std::function<Process()>& launch) {
    try {
        Process process = launch();
        if (status) {
            status->write(ready_line(process.pid(), process.trace()));
        }
        return process;
    } catch (const Error& error) {
        if (status) {
            status->write(failed_line(error.exit_status()));
        }
        throw;
    }
}

void finish(Process& process, const std::optional<StatusLines>& status,
            const std::function<void(const Outcome&)>& last_words) {
    std::optional<Error> unreported;
    Outcome outcome;
    try {
        outcome = process.wait();
    } catch (const Error& error) {
        unreported = error;
        outcome = process.wait();
    }
    if (status) {
        status->write(ended_line(outcome));
    }
    for (const Refusal& refusal : process.refusals()) {
        std::fputs(refusal_line(refusal).c_str(), stderr);
    }
    if (outcome.kind == Outcome::Kind::lost) {
        throw Error("cannot tell how the command ended: the init of the sandbox was killed");
    }
    if (last_words) {
        last_words(outcome);
    }
    if (unreported) {
        throw *unreported;
    }
    std::fflush(nullptr);
    // Not by return: to free and flush piece by piece what the kernel takes back at once costs every start some 2 %.
    std::_Exit(outcome.exit_status());
}

}  // namespace sandbox::cli
