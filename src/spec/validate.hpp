// What no host can make right: contradictions inside a Spec.
#pragma once

#include <sandbox/error.hpp>
#include <sandbox/spec.hpp>

#include <string_view>

namespace sandbox::spec {

/// Whether this can be the name of a sandbox: a letter or a digit, and up to 63 of those and `.`, `_`, `-`.
[[nodiscard]] bool is_name(std::string_view text) noexcept;

/// Throws Error (125) that names the options, before anything is touched.
void validate(const Spec& spec);

}  // namespace sandbox::spec
