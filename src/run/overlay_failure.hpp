// Why an overlay cannot be mounted, found out after the failure.
#pragma once

#include "plan/plan.hpp"

#include <optional>
#include <string>

namespace sandbox::run {

struct OverlayCause {
    std::string why;
    std::string fix;
};

[[nodiscard]] std::optional<OverlayCause> overlay_cause(const plan::Plan& plan, const plan::MountOverlay& overlay,
                                                        int error);

/// The type of the file system that a canonical path is on.
[[nodiscard]] std::string type_of_file_system(const std::string& path);

}  // namespace sandbox::run
