// The command's filter where the user brings a profile (--seccomp FILE). Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"
#include "seccomp/compile.hpp"

#include <sandbox/spec.hpp>

#include <span>
#include <string_view>

namespace sandbox::plan {

/// Appends what Facts::system_call_profile says, changed by these lists, and notes what there is to know about it.
/// Behind the step of the capabilities, on which rules may depend. Throws Error for what is no profile, cannot be had,
/// or would keep the command from being started.
void append_profile(seccomp::Program& program, Plan& plan, const Spec& spec, const host::Facts& facts,
                    std::span<const std::string_view> allow, std::span<const std::string_view> deny);

}  // namespace sandbox::plan
