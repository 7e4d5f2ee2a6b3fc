// Pipes that are handed over and belong to root of the host, where the command is nobody there.
#pragma once

#include "plan/plan.hpp"
#include "sys/fd.hpp"

#include <array>

namespace sandbox::run {

/// With Plan::private_ids: they are the command's from now on, which can open them again, as /dev/stderr. Not those of
/// anybody else, who may want to do the same. `ends`: what replaces 0-2, where it is open. Returns an errno.
[[nodiscard]] int give_pipes(const plan::Plan& plan, const std::array<sys::UniqueFd, 3>& ends);

}  // namespace sandbox::run
