// What no host can make right: contradictions inside a Spec.
#pragma once

#include <sandbox/error.hpp>
#include <sandbox/spec.hpp>

namespace sandbox::spec {

/// Throws Error (125) that names the options, before anything is touched.
void validate(const Spec& spec);

}  // namespace sandbox::spec
