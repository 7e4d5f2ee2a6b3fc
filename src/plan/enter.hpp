// A command that joins a running sandbox: what is left of a plan when the namespaces and mounts are there. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"
#include "registry/entry.hpp"

#include <sandbox/registry.hpp>

namespace sandbox::plan {

/// `entry.running` is there. Throws Error for descriptors that must not be passed.
[[nodiscard]] Plan build_entering(const EnterSpec& spec, const registry::Entry& entry, const host::Facts& facts);

}  // namespace sandbox::plan
