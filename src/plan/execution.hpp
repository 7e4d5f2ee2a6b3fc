// The last step: which program, with which arguments and variables. Pure.
#pragma once

#include "plan/plan.hpp"

#include <sandbox/spec.hpp>

#include <string>
#include <vector>

namespace sandbox::plan {

/// `plan.identity` says who the command is. `caller`: the environment of the caller, NAME=VALUE.
void plan_execution(Plan& plan, const Spec& spec, const std::vector<std::string>& caller);

}  // namespace sandbox::plan
