// What the verbs do.
#pragma once

#include "cli/verb_call.hpp"

namespace sandbox::cli {

/// Returns the exit status. Throws Error.
[[nodiscard]] int run_verb(const VerbCall& call);

}  // namespace sandbox::cli
