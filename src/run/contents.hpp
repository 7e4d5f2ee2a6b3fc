// What the files of --file and --data hold, read by the launcher just before the clone.
#pragma once

#include "plan/plan.hpp"

namespace sandbox::run {

/// Fills every plan::Content of the plan. A source is opened only once it is known to be the regular file that was
/// planned. Throws an Error that names the option.
void load_contents(plan::Plan& plan);

}  // namespace sandbox::run
