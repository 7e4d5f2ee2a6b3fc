// Whose ids root of the host gives to the inside: none of its own, unless it says so. Pure.
//
// Much of the kernel asks for user id 0 of the host and not for a capability - its settings in /proc and /sys, devices,
// /etc/shadow. So what root starts has ids of nobody, and files keep their owners by idmapped mounts
// (View::id_mapped).
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"

#include <sandbox/spec.hpp>

#include <optional>

namespace sandbox::plan {

/// Whether a mapping names ids beside the caller's own, which have to be granted to it.
[[nodiscard]] bool asks_for_ids(const std::optional<IdMapping>& mapping);

/// Whether a Spec names the caller's ids as what root's are inside (IdSet::real).
[[nodiscard]] bool asks_for_real_ids(const Spec& spec);

/// Whether that means every id that root may map: not for a caller who is not root, where its own id has another
/// number, and in another sandbox's user namespace.
[[nodiscard]] bool is_real(const Spec& spec, const host::Facts& facts);

/// Whether the ids inside are none of the caller's, which is root of the host. Throws Error where that is asked for, or
/// is the default, and cannot be.
[[nodiscard]] bool is_private(const Spec& spec, const host::Facts& facts);

/// Fills the maps of the plan for a command with the ids and groups that the plan has already. `single`: they are the
/// only ones, as they are where another sandbox is joined.
void plan_private(Plan& plan, const host::Facts& facts, bool single);

/// Says so where root inside is root of the host, and what IdSet::real came to.
void note_root(Plan& plan, const Spec& spec, const host::Facts& facts);

}  // namespace sandbox::plan
