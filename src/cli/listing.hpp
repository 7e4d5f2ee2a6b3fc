// sandbox list: the sandboxes that run, as tables and as JSON. Names and arguments in a table carry no control
// characters, whatever a command was called.
#pragma once

#include <sandbox/registry.hpp>

#include <span>
#include <string>

namespace sandbox::cli {

/// NAME PID USER MEMORY AGE SHARED COMMAND, a line each. Looks at the clock and, for the memory, at /proc.
[[nodiscard]] std::string list_table(std::span<const NamedSandbox> sandboxes);
/// NS TYPE HOST PID NAME COMMAND, a line for each namespace; HOST is the caller's of that kind.
[[nodiscard]] std::string namespaces_table(std::span<const NamedSandbox> sandboxes);
/// An array of objects, with the same and more.
[[nodiscard]] std::string list_json(std::span<const NamedSandbox> sandboxes);

/// `12s`, `3m`, `2h`, `4d`.
[[nodiscard]] std::string age_text(std::int64_t seconds);
/// `512K`, `12.3M`, `1.5G`: powers of 1024.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

}  // namespace sandbox::cli
