// See run.hpp. stdout belongs to the command: what is said beside it goes to stderr.
#include "cli/run.hpp"

#include "cli/changes.hpp"
#include "cli/detach.hpp"
#include "cli/foreground.hpp"
#include "cli/hint.hpp"
#include "cli/listing.hpp"
#include "cli/quote.hpp"
#include "cli/status.hpp"
#include "cli/summary.hpp"
#include "cli/verbose.hpp"
#include "spec/escape.hpp"
#include "spec/limits.hpp"

#include <sandbox/process.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace sandbox::cli {
namespace {

void say(const std::string& text) {
    std::fputs(text.c_str(), stderr);
}

void say_what_was_closed(const Options& options, const Outcome& outcome) {
    const Terminals terminals{.standard_input = ::isatty(STDIN_FILENO) == 1,
                              .standard_error = ::isatty(STDERR_FILENO) == 1};
    if (!worth_a_hint(options, outcome, terminals)) {
        return;
    }
    try {
        const std::string doors = closed_doors(spec_to_run(options));
        if (!doors.empty()) {
            say("sandbox: " + spec::escaped(doors) + "\n");
        }
    } catch (const Error&) {
        return;  // the host has changed meanwhile: the status is the command's all the same
    }
}

// One line at a terminal: what there is now, and what to do with it.
void say_what_was_kept(const Options& options) {
    if (!options.spec.changes || options.quiet || ::isatty(STDERR_FILENO) != 1) {
        return;
    }
    try {
        say(kept_changes(*options.spec.changes));
    } catch (const Error& error) {
        say(render(error));  // the status is the command's all the same
    }
}

// What a reader of the log asks first.
void say_which_limit(const Options& options, const Outcome& outcome, const Usage& usage) {
    if (!outcome.limit || options.quiet) {
        return;
    }
    const Limits& limits = options.spec.limits;
    const CgroupUsage figures = usage.cgroup.value_or(CgroupUsage{});
    std::string after;
    switch (*outcome.limit) {
        case Limit::memory:
            say("sandbox: out of memory: " + std::to_string(figures.out_of_memory_kills) +
                (figures.out_of_memory_kills == 1 ? " process was" : " processes were") + " killed at --memory " +
                size_text(limits.memory.value()) + "\n");
            return;
        case Limit::pids:
            say("sandbox: no process beyond --pids " + std::to_string(limits.pids.value()) + " could be started, " +
                std::to_string(figures.refused_pids) + (figures.refused_pids == 1 ? " time" : " times") + "\n");
            return;
        case Limit::timeout:
            after = spec::seconds_text(limits.timeout.value());
            break;
        case Limit::cpu_time:
            after = spec::seconds_text(limits.cpu_time.value());
            break;
        case Limit::output:
            after = std::to_string(limits.output.value()) + " bytes";
            break;
    }
    say("sandbox: ended by " + std::string(spec::option(*outcome.limit)) + " after " + after + "\n");
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

void check_detached(const Options& options) {
    const bool detached = options.spec.detached;
    if (options.log && !detached) {
        throw Error("--log " + quoted(*options.log) + ": only the output of a detached command goes to a file")
            .with_fix("--detach, or >" + quoted(*options.log));
    }
    if (detached && options.spec.die_with_parent) {
        throw Error("--detach and --die-with-parent: one outlives who started it, the other does not")
            .with_fix("use one of the two");
    }
    if (detached && options.spec.tty == Tty::own) {
        throw Error("--detach and --tty new: there is nobody to relay a terminal to").with_fix("leave --tty new out");
    }
}

void let_go_of_passed(const Options& options) {
    for (const int passed : options.spec.descriptors) {
        ::close(passed);  // the command's alone: its end of a pipe must not be held open here
    }
}

// What the launcher in the background needs of the caller's descriptors.
std::vector<int> descriptors_in_use(const Options& options) {
    std::vector<int> numbers = options.spec.descriptors;
    if (options.status_descriptor) {
        numbers.push_back(*options.status_descriptor);
    }
    if (options.spec.report_descriptor) {
        numbers.push_back(*options.spec.report_descriptor);
    }
    for (const Mount& mount : options.spec.mounts) {
        if (const auto* data = std::get_if<FileData>(&mount)) {
            numbers.push_back(data->descriptor);
        }
    }
    return numbers;
}

Process launch_in_background(Background& background, const Spec& spec, const std::optional<StatusLines>& status) {
    try {
        Process process = launch_and_tell(status, [&] { return launch(spec); });
        background.ready(*spec.name);
        return process;
    } catch (const Error& error) {
        background.failed(render(error), error.exit_status());
    }
}

}  // namespace

Spec spec_to_run(const Options& options) {
    Spec spec = options.spec;
    spec.foreground = true;
    spec.trace = options.verbose || options.status_descriptor;
    if (spec.detached && !spec.name) {
        spec.name = "sandbox-" + std::to_string(::getpid());  // of the launcher, which is in the background by then
    }
    return spec;
}

void run(const Options& options) {
    open_missing_standard_descriptors();
    check_detached(options);
    const std::optional<StatusLines> status = status_lines(options);
    std::optional<Background> background;
    if (options.spec.detached) {
        background.emplace(options.log, descriptors_in_use(options));
    }
    const Spec spec = spec_to_run(options);
    Process process = background ? launch_in_background(*background, spec, status)
                                 : launch_and_tell(status, [&] { return launch(spec); });
    let_go_of_passed(options);
    if (options.verbose) {
        say(verbose_text(process.trace()));
    }
    finish(process, status, [&](const Outcome& outcome) {
        say_which_limit(options, outcome, process.usage());
        if (options.summary) {
            say(summary_line(outcome, process.usage()));
        }
        say_what_was_kept(options);
        say_what_was_closed(options, outcome);
    });
}

void print(std::string_view text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!written || std::fflush(stdout) != 0) {
        const int error = errno;
        throw Error(std::string("cannot write to standard output: ") + strerrordesc_np(error));
    }
}

}  // namespace sandbox::cli
