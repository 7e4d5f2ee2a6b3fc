// A container's profile to a program of the kernel's filter machine, by libseccomp.
#pragma once

#include "seccomp/compile.hpp"
#include "seccomp/profile.hpp"

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace sandbox::seccomp {

/// Takes every rule about these calls away and gives them one without conditions; what is in both is denied.
void change(OciProfile& profile, std::span<const std::string_view> allow, std::span<const std::string_view> deny);

struct CompiledProfile {
    Program program;
    std::set<std::string> unknown;  ///< names that libseccomp does not know; they have no rule
};

/// The rules of `profile`, whatever they include or exclude, for one machine. Conditions of one rule that are about one
/// argument hold one by one, as every runtime of containers has it. Throws BadProfile where a rule that refuses would
/// be lost, std::system_error where libseccomp fails.
[[nodiscard]] CompiledProfile compile(Architecture architecture, const OciProfile& profile);

}  // namespace sandbox::seccomp
