// Descriptors 0, 1, 2 and the terminal: what the command gets of the caller's, and how. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"

#include <sandbox/spec.hpp>

namespace sandbox::plan {

/// Throws Error for a descriptor 0-2 that must not be passed.
void check_streams(const host::Facts& facts);

/// With Tty::own: which of the descriptors are put on a terminal of the command's own.
void plan_own_terminal(Plan& plan, const Spec& spec, const host::Facts& facts);

/// The step that gives the command its process group or session, and the terminal's foreground.
void plan_session(Plan& plan, const Spec& spec, const host::Facts& facts);

/// Which of the descriptors go through a pipe. Throws Error for what can be passed in no way.
void plan_relays(Plan& plan, const Spec& spec, const host::Facts& facts);

}  // namespace sandbox::plan
