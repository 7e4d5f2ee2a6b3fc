// What the launcher does about `--changes DIR`, before the clone.
#pragma once

#include "changes/store.hpp"
#include "plan/plan.hpp"

#include <string>

namespace sandbox::run {

/// Makes or opens DIR, locked until the object is gone, with a directory in it for each overlay of the plan, whose
/// steps then say which. Throws Error, also where DIR is not where the plan has it, or holds other overlays.
[[nodiscard]] changes::Store open_changes(plan::Plan& plan, const std::string& directory);

}  // namespace sandbox::run
