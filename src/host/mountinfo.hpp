// /proc/self/mountinfo as text to values (proc_pid_mountinfo(5)). Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::host {

/// One line of mountinfo.
struct MountEntry {
    std::string device;  ///< major:minor
    std::string root;    ///< the directory of the file system that is shown
    std::string target;  ///< where
    std::string type;    ///< of the file system
    bool nodev = false;  ///< devices cannot be opened there
};

/// Lines in their order; a line that is not one is passed over. Octal escapes (\040) are undone.
[[nodiscard]] std::vector<MountEntry> parse_mountinfo(std::string_view text);

/// The one that a canonical path lies on; null where none is known.
[[nodiscard]] const MountEntry* mount_holding(std::span<const MountEntry> mounts, std::string_view path);

}  // namespace sandbox::host
