// What the registry is told about a sandbox, from its plan. Pure.
#pragma once

#include "plan/plan.hpp"
#include "registry/entry.hpp"

#include <sandbox/spec.hpp>

namespace sandbox::registry {

/// All but the processes, the inodes and the time.
[[nodiscard]] Running describe(const plan::Plan& plan, const Spec& spec);

}  // namespace sandbox::registry
