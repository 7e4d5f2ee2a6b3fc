// The report of --verbose.
#pragma once

#include <sandbox/process.hpp>

#include <string>

namespace sandbox::cli {

/// Each step with its time, the namespaces inside and outside, the notes. Safe to show on a terminal.
[[nodiscard]] std::string verbose_text(const Trace& trace);

/// One line about a system call that was refused, for --seccomp-log. Safe likewise.
[[nodiscard]] std::string refusal_line(const Refusal& refusal);

}  // namespace sandbox::cli
