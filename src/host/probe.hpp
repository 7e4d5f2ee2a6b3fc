// The only reader of the host.
#pragma once

#include "host/facts.hpp"

#include <span>

namespace sandbox::host {

/// What is looked at only where a Spec needs it.
struct Wanted {
    std::span<const int> descriptors = {};
    bool user_ids = false;         ///< Facts::users
    bool group_ids = false;        ///< Facts::group_ids
    bool own_ids = false;          ///< of both, all but what is granted to the caller
    bool groups = false;           ///< Facts::group
    bool limits = false;           ///< Facts::hard_limits, Facts::niceness
    bool cgroups = false;          ///< Facts::cgroups
    Controllers controllers = {};  ///< of those, what is needed
    bool overlays = false;         ///< Facts::tmpfs_attributes
    bool surroundings = true;  ///< where the caller stands, users, mounts, and what the kernel can: for a new sandbox
};

/// Looks at the calling process and the kernel. Opens nothing that could block; getsubids(1), for ids, may ask a name
/// service. Thread-safe.
[[nodiscard]] Facts probe(const Wanted& wanted = {});

}  // namespace sandbox::host
