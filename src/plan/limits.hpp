// What the command may use: the steps that the setup child executes for it, and what the launcher holds. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"

#include <sandbox/spec.hpp>

#include <string>
#include <vector>

namespace sandbox::plan {

/// Niceness and the like, while nothing is given up yet. Throws Error for what would raise a priority.
void plan_priorities(Plan& plan, const Spec& spec, const host::Facts& facts);

/// The limits of setrlimit(2); RLIMIT_CPU also where the time of all is limited. Throws Error for what would raise one.
/// Behind what needs descriptors, in front of the filter.
void plan_resources(Plan& plan, const Spec& spec, const host::Facts& facts);

/// The size of the private tmpfs, once all that stands in it is planned.
void plan_scratch_size(Plan& plan, const Spec& spec);

/// What render_limits() says, a line each, without blanks in front.
[[nodiscard]] std::vector<std::string> limit_lines(const Plan& plan);

/// For explain(): which limits there are, and what holds them. Empty without one.
[[nodiscard]] std::string render_limits(const Plan& plan);

}  // namespace sandbox::plan
