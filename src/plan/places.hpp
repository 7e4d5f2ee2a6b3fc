// What several parts of the planner say of a place in the view. Pure.
#pragma once

#include "plan/step.hpp"
#include "spec/paths.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace sandbox::plan {

inline constexpr MountAttributes host_read_only{true, true, true, false};
inline constexpr MountAttributes host_writable{false, true, true, false};
inline constexpr MountAttributes private_read_only{true, true, true, false};
inline constexpr MountAttributes private_writable{false, true, true, false};
// Read-only keeps mode and times of the host's node; it does not keep a device from being written.
inline constexpr MountAttributes device{true, true, false, true};

/// What is the sandbox's own in any case.
inline bool is_own_place(const std::string& path) {
    static constexpr std::array places = {"/proc", "/sys", "/dev", "/tmp", "/run", "/var/tmp"};
    return std::any_of(places.begin(), places.end(),
                       [&](const char* place) { return spec::is_below_or_same(path, place); });
}

}  // namespace sandbox::plan
