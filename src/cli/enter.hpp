// sandbox enter: a command in a sandbox that runs.
#pragma once

#include "cli/verb_call.hpp"

namespace sandbox::cli {

/// Does not return: ends the process with the command's status. Throws Error.
[[noreturn]] void enter_and_exit(const VerbCall& call);

}  // namespace sandbox::cli
