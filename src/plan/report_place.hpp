// Where a report may be written: not where the command could put another one in its place. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"

#include <sandbox/spec.hpp>

#include <string>
#include <vector>

namespace sandbox::plan {

/// The directories and files of the host, as real paths, that are shown writable. Not with --only, which shows all.
[[nodiscard]] std::vector<std::string> shown_writable(const Plan& plan);

/// Throws Error for a report in a directory that the command could move away, as it may write above it. The directory
/// that a writable mount begins with it cannot move.
void check_report_place(const Plan& plan, const Spec& spec, const host::Tree& tree);

}  // namespace sandbox::plan
