// What --allow-syscall and --deny-syscall name.
#pragma once

#include "seccomp/calls.hpp"

#include <string_view>
#include <vector>

namespace sandbox::seccomp {

/// The system calls that `word` stands for, `@mount` for those of a group; empty where it is neither a group nor a call
/// that libseccomp knows. The names live as long as `word`.
[[nodiscard]] std::vector<std::string_view> calls_named(std::string_view word);

}  // namespace sandbox::seccomp
