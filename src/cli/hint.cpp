// See hint.hpp.
#include "cli/hint.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

namespace sandbox::cli {
namespace {

constexpr std::array<std::string_view, 10> shells{"sh",  "bash", "dash", "ash", "zsh",
                                                  "ksh", "mksh", "fish", "csh", "tcsh"};

/// Signals by which somebody outside ends a command: no door was closed to it.
constexpr std::array ended_by_somebody{SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGKILL};

bool is_ended_by_somebody(int signal) {
    return std::ranges::find(ended_by_somebody, signal) != ended_by_somebody.end();
}

bool failed_by_itself(const Outcome& outcome) {
    constexpr int of_a_signal = 128;  // what a shell adds to it, when it ends by one or what it ran does
    if (outcome.limit) {
        return false;
    }
    switch (outcome.kind) {
        case Outcome::Kind::exited:
            return outcome.value != 0 && !is_ended_by_somebody(outcome.value - of_a_signal);
        case Outcome::Kind::signaled:
            return !is_ended_by_somebody(outcome.value);
        case Outcome::Kind::lost:
            return false;
    }
    return false;
}

/// `-c` brings a script along, and so does a word that is no option. The letters of short options may be joined.
bool brings_a_script(const std::string& argument) {
    if (!argument.starts_with('-')) {
        return true;
    }
    return !argument.starts_with("--") && argument.find('c') != std::string::npos;
}

}  // namespace

bool is_interactive_shell(std::span<const std::string> command, bool stdin_is_terminal) {
    if (command.empty()) {
        return true;
    }
    const std::string_view path = command.front();
    const std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0: all of it
    const bool shell = std::ranges::find(shells, name) != shells.end();
    return shell && stdin_is_terminal && std::ranges::none_of(command.subspan(1), brings_a_script);
}

bool worth_a_hint(const Options& options, const Outcome& outcome, Terminals terminals) {
    const bool seen = options.verbose || terminals.standard_error;
    return seen && !options.quiet && failed_by_itself(outcome) &&
           !is_interactive_shell(options.spec.command, terminals.standard_input);
}

}  // namespace sandbox::cli
