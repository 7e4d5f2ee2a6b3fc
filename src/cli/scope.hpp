// Running again in a scope of systemd's, which has a cgroup that the caller may change.
#pragma once

#include "cli/parse.hpp"

#include <span>

namespace sandbox::cli {

/// Whether this is the program that enter_scope() has become. To be asked once, and before anybody reads the
/// environment, from which the mark of it is taken.
[[nodiscard]] bool is_in_own_scope();

/// Replaces this process by `systemd-run --scope`, which becomes this program again, where the limits take that;
/// returns otherwise. The process stays the same: its descriptors, terminal, signals and exit status are as they would
/// be. Throws Error where systemd makes no scope.
void enter_scope(const Options& options, std::span<const char* const> argv);

}  // namespace sandbox::cli
