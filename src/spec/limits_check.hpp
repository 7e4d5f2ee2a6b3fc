// What of the limits of a Spec cannot be. Pure.
#pragma once

#include <sandbox/spec.hpp>

namespace sandbox::spec {

/// Throws Error.
void check_limits(const Spec& spec);

}  // namespace sandbox::spec
