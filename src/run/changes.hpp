// What the launcher does about where overlays are written to, before the clone.
#pragma once

#include "changes/store.hpp"
#include "changes/thrown_away.hpp"
#include "plan/plan.hpp"

#include <memory>
#include <string>

namespace sandbox::run {

/// For `--changes DIR`: makes or opens DIR, locked until the object is gone, with a directory in it for each overlay of
/// the plan, whose steps then say which. Throws Error, also where DIR is not where the plan has it, or holds other
/// overlays.
[[nodiscard]] changes::Store open_changes(plan::Plan& plan, const std::string& directory);

/// For what is thrown away: makes a directory where the plan says, for a plan that is made again with it. Removes what
/// killed launchers have left there. Throws Error.
[[nodiscard]] std::unique_ptr<changes::ThrownAway> make_thrown_away(const plan::Plan& plan);
/// Makes in it what each overlay of that plan is written to. Throws Error.
void make_layers(plan::Plan& plan, const changes::ThrownAway& place);

}  // namespace sandbox::run
