// From a failed step or stage to the words that help: what could not be done, why, and what to do about it.
#pragma once

#include "plan/plan.hpp"
#include "run/child/messages.hpp"
#include "run/id_maps.hpp"

#include <sandbox/error.hpp>

#include <cstddef>

namespace sandbox::run {

/// A step of the plan failed with `error`. Reads the host to find the cause; called after everything has been cleaned
/// up.
[[nodiscard]] Error step_failure(const plan::Plan& plan, std::size_t step, int error);
/// Something before the steps failed.
[[nodiscard]] Error stage_failure(const plan::Plan& plan, Stage stage, int error);
/// Init or the setup child was killed before the command ran.
[[nodiscard]] Error lost_failure(const plan::Plan& plan);
/// The maps could not be written by the helper programs.
[[nodiscard]] Error map_failure(const plan::Plan& plan, const HelperFailure& failure);

}  // namespace sandbox::run
