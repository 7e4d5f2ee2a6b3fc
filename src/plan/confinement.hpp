// What the command holds when it starts, beside its view: descriptors, groups, capabilities, core dumps. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"

#include <sandbox/spec.hpp>

namespace sandbox::plan {

/// The descriptors that are passed on purpose. Throws Error for what is not open or must not be passed.
void plan_descriptors(Plan& plan, const host::Facts& facts);

/// Throws Error for a passed file that could be opened again for more than it was opened for: nothing keeps a command
/// without Landlock from that.
void check_passed_files(const host::Facts& facts);

/// What Landlock is not there to keep from a command in the host's network namespace.
void note_open_scopes(Plan& plan);

/// The caller's supplementary groups: dropped where the kernel lets the launcher do it, named where not.
void plan_groups(Plan& plan, const host::Facts& facts);

void plan_core_dumps(Plan& plan, const Spec& spec, const host::Facts& facts);

void plan_capabilities(Plan& plan, const Spec& spec);

}  // namespace sandbox::plan
