// A plan as text, for --explain and the golden tests. Pure.
#pragma once

#include "plan/plan.hpp"

#include <string>

namespace sandbox::plan {

/// Every line of it describes what a run would do; control characters in names are escaped.
[[nodiscard]] std::string render(const Plan& plan);

}  // namespace sandbox::plan
