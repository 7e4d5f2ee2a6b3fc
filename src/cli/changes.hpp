// The verbs about what runs with --changes have changed: diff, apply, discard.
#pragma once

#include "cli/verb_call.hpp"

#include <string>

namespace sandbox::cli {

/// Each returns the exit status. Throws Error.
[[nodiscard]] int show_changes(const VerbCall& call);
[[nodiscard]] int apply_changes(const VerbCall& call);
[[nodiscard]] int discard_changes(const VerbCall& call);

/// One line for the end of a run that has kept its changes: what there is, and what to do with it.
[[nodiscard]] std::string kept_changes(const std::string& directory);

}  // namespace sandbox::cli
