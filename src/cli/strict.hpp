// --strict: one word for code that is hostile.
#pragma once

#include "cli/option_table.hpp"

#include <sandbox/spec.hpp>

#include <array>

namespace sandbox::cli {

/// Which options of the table were on the command line.
using Given = std::array<bool, option_table.size()>;

/// What --strict stands for, set in the Spec: no capabilities, the strict list of system calls, a terminal of its own.
/// Throws Error where another option takes something of that, or of what the default has, away again.
void make_strict(Spec& spec, const Given& given);

}  // namespace sandbox::cli
