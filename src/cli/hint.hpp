// When a failed command is worth a line about what was closed to it.
#pragma once

#include "cli/parse.hpp"

#include <sandbox/process.hpp>

#include <span>
#include <string>

namespace sandbox::cli {

/// A shell that a person types into: its status is that of the last line typed, which says nothing about the sandbox.
[[nodiscard]] bool is_interactive_shell(std::span<const std::string> command, bool stdin_is_terminal);

struct Terminals {
    bool standard_input = false;
    bool standard_error = false;
};

/// Whether to print closed_doors().
[[nodiscard]] bool worth_a_hint(const Options& options, const Outcome& outcome, Terminals terminals);

}  // namespace sandbox::cli
