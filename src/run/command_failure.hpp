// Why a command could not be executed: missing, not executable, or there on the host and hidden inside.
#pragma once

#include "plan/plan.hpp"

#include <sandbox/error.hpp>

namespace sandbox::run {

/// exec failed with `error` for every candidate. Exit status 127 (not found) or 126 (found). Reads the host.
[[nodiscard]] Error command_failure(const plan::Plan& plan, int error);

}  // namespace sandbox::run
