// Where overlays are written to, if not to the scratch tmpfs. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"

#include <sandbox/spec.hpp>

#include <string>
#include <vector>

namespace sandbox::plan {

/// Where --changes keeps what is written. Throws Error.
[[nodiscard]] std::optional<Plan::Written> place_of_changes(const Spec& spec, const host::Facts& facts,
                                                            const host::Tree& tree);

/// Whether what is thrown away is better written to a disk than to a tmpfs.
[[nodiscard]] bool prefers_disk(const Spec& spec, const host::Facts& facts);

/// The places where that may lie, in the order of preference. Says in `why` what is against the others.
[[nodiscard]] std::vector<Plan::Written> places_to_throw_away(const Spec& spec, const host::Facts& facts,
                                                              std::string& why);

}  // namespace sandbox::plan
