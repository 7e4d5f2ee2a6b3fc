// The command's system call filter. Pure: a program is put together, nothing is loaded.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"
#include "seccomp/arguments.hpp"

#include <sandbox/spec.hpp>

namespace sandbox::plan {

/// What the plan lets the arguments of calls be.
[[nodiscard]] seccomp::Arguments filter_arguments(const Plan& plan, const Spec& spec);

/// The step that loads it, the last but exec. `alone_against_namespaces`: no quota does the same. Throws Error for
/// names that are none, for a profile that is none, and for lists with which no program could be started.
void plan_filter(Plan& plan, const Spec& spec, const host::Facts& facts, bool alone_against_namespaces);

}  // namespace sandbox::plan
