// See run.hpp. stdout belongs to the command: what is said beside it goes to stderr.
#include "cli/run.hpp"

#include "cli/hint.hpp"
#include "cli/quote.hpp"
#include "cli/status.hpp"
#include "cli/verbose.hpp"
#include "spec/escape.hpp"

#include <sandbox/process.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace sandbox::cli {
namespace {

void say(const std::string& text) {
    std::fputs(text.c_str(), stderr);
}

/// Descriptors that launch() opens must not land on 0, 1 or 2, where a message would be written into them.
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

void say_what_was_refused(const Process& process) {
    for (const Refusal& refusal : process.refusals()) {
        say(refusal_line(refusal));
    }
}

void say_what_was_closed(const Options& options, const Outcome& outcome) {
    const Terminals terminals{.standard_input = ::isatty(STDIN_FILENO) == 1,
                              .standard_error = ::isatty(STDERR_FILENO) == 1};
    if (!worth_a_hint(options, outcome, terminals)) {
        return;
    }
    const std::string doors = closed_doors(spec_to_run(options));
    if (!doors.empty()) {
        say("sandbox: " + spec::escaped(doors) + "\n");
    }
}

std::optional<StatusLines> status_lines(const Options& options) {
    if (!options.status_descriptor) {
        return std::nullopt;
    }
    const int number = *options.status_descriptor;
    if (number < 3) {
        throw Error("--status-fd " + std::to_string(number) + ": 0, 1 and 2 are the command's")
            .with_fix("one from 3 up, as with 3>FILE");
    }
    if (std::ranges::find(options.spec.descriptors, number) != options.spec.descriptors.end()) {
        throw Error("--status-fd " + std::to_string(number) + ": --fd passes the same descriptor to the command")
            .with_fix("use two descriptors");
    }
    return StatusLines(number);
}

Process launch_and_tell(const Options& options, const std::optional<StatusLines>& status) {
    try {
        Process process = launch(spec_to_run(options));
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

}  // namespace

Spec spec_to_run(const Options& options) {
    Spec spec = options.spec;
    spec.foreground = true;
    spec.trace = options.verbose || options.status_descriptor;
    return spec;
}

void run(const Options& options) {
    open_missing_standard_descriptors();
    const std::optional<StatusLines> status = status_lines(options);
    Process process = launch_and_tell(options, status);
    for (const int passed : options.spec.descriptors) {
        ::close(passed);  // the command's alone: its end of a pipe must not be held open here
    }
    if (options.verbose) {
        say(verbose_text(process.trace()));
    }
    const Outcome outcome = process.wait();
    if (status) {
        status->write(ended_line(outcome));
    }
    say_what_was_refused(process);
    if (outcome.kind == Outcome::Kind::lost) {
        throw Error("cannot tell how the command ended: the init of the sandbox was killed");
    }
    say_what_was_closed(options, outcome);
    std::fflush(nullptr);
    // Not by return: to free and flush piece by piece what the kernel takes back at once costs every start some 2 %.
    std::_Exit(outcome.exit_status());
}

void print(std::string_view text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!written || std::fflush(stdout) != 0) {
        const int error = errno;
        throw Error(std::string("cannot write to standard output: ") + strerrordesc_np(error));
    }
}

}  // namespace sandbox::cli
