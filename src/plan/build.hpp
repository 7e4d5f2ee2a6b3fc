// Spec + host -> Plan. Pure: everything it knows of the system comes as values or through host::Tree.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"

#include <sandbox/spec.hpp>

namespace sandbox::plan {

/// Decides everything. `spec` has been validated. Throws Error (125) for what this host cannot give.
[[nodiscard]] Plan build(const Spec& spec, const host::Facts& facts, const host::Tree& tree);

}  // namespace sandbox::plan
