// Options -> exit status.
#pragma once

#include "cli/parse.hpp"

#include <string_view>

namespace sandbox::cli {

/// What explain() and launch() get: the Spec as this program, whose whole job is one sandbox, runs it.
[[nodiscard]] Spec spec_to_run(const Options& options);

/// Runs the command and exits with its exit status. Throws Error where there is none.
[[noreturn]] void run(const Options& options);

/// Writes all of the text to stdout, or throws Error: a full disk must not look like success.
void print(std::string_view text);

}  // namespace sandbox::cli
