// What the verbs do.
#pragma once

#include "cli/verb_table.hpp"

#include <span>
#include <string>

namespace sandbox::cli {

/// Does it, and returns the exit status: 0 done, 1 no. Throws Error (125) where it failed or was misused.
[[nodiscard]] int run_verb(const Verb& verb, std::span<const std::string> arguments);

}  // namespace sandbox::cli
