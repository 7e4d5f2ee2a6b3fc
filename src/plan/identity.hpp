// Who the command is: the maps of both user namespaces, and its ids in the guest's. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"

#include <sandbox/spec.hpp>

#include <optional>
#include <string>

namespace sandbox::plan {

/// The mapping of group ids that a Spec asks for: its own, or that of the user ids where it is known by a name.
[[nodiscard]] std::optional<IdMapping> group_mapping(const Spec& spec);

/// Fills the maps of the plan, and its command's ids; throws Error where ids are not granted or no user is found.
void plan_identity(Plan& plan, const Spec& spec, const host::Facts& facts, const host::Tree& tree);

}  // namespace sandbox::plan
