// --summary: what a run was, in one line.
#pragma once

#include <sandbox/process.hpp>

#include <string>

namespace sandbox::cli {

/// `sandbox: exited with 0; 1.204 s real, 0.980 s user, 0.051 s system, 12.3 MiB peak`, and a newline.
[[nodiscard]] std::string summary_line(const Outcome& outcome, const Usage& usage);

}  // namespace sandbox::cli
