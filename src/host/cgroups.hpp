// Where the caller may have cgroups made (cgroups(7), version 2).
//
// A cgroup of its own is taken where it may be written to, and those above it, up to one that is another's: where
// systemd is in charge, the unit that it has handed over (Delegate= of systemd.resource-control(5), which the system's
// manager marks by an attribute of the directory, and the user's has in the file of a unit that systemd-run(1) made).
// What systemd has not handed over it may change at any time: limits there would hold until it does.
#pragma once

#include "host/mountinfo.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::host {

/// A cgroup that the caller is in, or one above.
struct CgroupLevel {
    std::string path;                      ///< its directory
    bool usable = false;                   ///< a cgroup can be made in it and entered
    bool root = false;                     ///< of the machine: processes may be in it, and controllers below
    std::vector<std::string> controllers;  ///< that it has
    std::vector<std::string> enabled;      ///< that those below it have
    bool inhabited = false;                ///< processes are in it, and not only below; where that matters
    bool alone = false;                    ///< one, the caller; where that matters
};

struct CgroupFacts {
    std::string own;                  ///< the directory of the caller's own; empty where none of version 2 is mounted
    std::vector<CgroupLevel> levels;  ///< from the caller's own upwards, as far as they are the caller's to change
    std::string unit;                 ///< of systemd's, that the caller is in, where that has not been handed over
    bool manager = false;             ///< systemd would make a scope for the caller
    bool user = true;                 ///< its manager for the user, and not that of the system
};

/// Names of controllers, as cgroup.controllers has them.
using Controllers = std::optional<std::vector<std::string>>;

/// Asks the kernel, and looks whether systemd is there. With `wanted`, nothing is asked above a cgroup that has handed
/// those out: a limit is set as near to the caller as it can be.
[[nodiscard]] CgroupFacts probe_cgroups(const std::vector<MountEntry>& mounts, const Controllers& wanted);
/// By the mounts of the calling process.
[[nodiscard]] CgroupFacts probe_cgroups(const Controllers& wanted = std::nullopt);

/// Of /proc/PID/cgroup, the path that version 2 has; empty where there is none. Pure.
[[nodiscard]] std::string parse_own_cgroup(std::string_view text);
/// Where that cgroup's directory is, by the mounts; empty where it is not shown. Pure.
[[nodiscard]] std::string cgroup_directory(std::string_view own, const std::vector<MountEntry>& mounts);
/// The directory of the innermost unit that the path of a cgroup leads through, or nothing. Pure.
[[nodiscard]] std::string unit_of(std::string_view directory);
/// Whether the file of a unit says that it is handed over: the last Delegate= does. Pure.
[[nodiscard]] bool hands_over(std::string_view unit_file);
/// Words between blanks. Pure.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

}  // namespace sandbox::host
