// Writes the maps of the setup user namespace: itself, or by newuidmap(1) and newgidmap(1) where ids are not the
// caller's own.
#pragma once

#include "plan/plan.hpp"

#include <string>

#include <sys/types.h>

namespace sandbox::run {

/// newuidmap(1) or newgidmap(1) did not write the map.
struct HelperFailure {
    std::string helper;
    bool missing = false;  ///< it is not in PATH
    std::string said;      ///< what it wrote to standard error
};

/// One write(2) of a file in that /proc/PID, as the kernel takes a map at once or not at all (user_namespaces(7)).
/// Returns an errno.
[[nodiscard]] int write_map_file(int directory, const char* name, const std::string& text);

/// The uid_map of `init`, whose /proc/PID `directory` is. Returns an errno; throws HelperFailure.
[[nodiscard]] int write_uid_map(const plan::Plan& plan, pid_t init, int directory);
/// Likewise its gid_map, after setgroups.
[[nodiscard]] int write_gid_map(const plan::Plan& plan, pid_t init, int directory);

}  // namespace sandbox::run
