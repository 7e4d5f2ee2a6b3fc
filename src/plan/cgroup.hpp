// Which cgroup a sandbox gets for its limits, and what is written there. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"

#include <sandbox/error.hpp>
#include <sandbox/spec.hpp>

#include <string>
#include <vector>

namespace sandbox::plan {

/// What holds the limits that take a cgroup: Plan::cgroup, or with Limits::best_effort Plan::rlimits_instead. Throws
/// Error where nothing can. Where there are none, and a report is asked for, a cgroup is made for what it counts if one
/// can be.
void plan_cgroup(Plan& plan, const Spec& spec, const host::Facts& facts);

/// Behind the sysfs: what the command sees of it.
void plan_cgroup_view(Plan& plan);

/// What a cgroup must have to hold them.
[[nodiscard]] std::vector<std::string> controllers_for(const Limits& limits);

/// Whether a cgroup that is needed is below a scope that systemd makes.
[[nodiscard]] bool takes_scope(const host::CgroupFacts& facts);

/// For who cannot be run again in a scope: a program that uses the library.
[[nodiscard]] Error scope_needed(const Plan& plan);

/// Once it is known which there are.
void allow_own_processes(Plan& plan);

/// For render_limits().
[[nodiscard]] std::string render_cgroup(const Plan& plan);

}  // namespace sandbox::plan
