// Where else the host shows the same directory or file: a tree can be mounted twice (mount --bind /home /mnt). Device
// and root of a mount say so (mountinfo). Pure.
#pragma once

#include "host/mountinfo.hpp"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace sandbox::plan {

class Aliases {
  public:
    explicit Aliases(const std::vector<host::MountEntry>& mounts);

    struct Alias {
        std::string path;
        std::string part_of = {};  ///< where it is another mount of something below the path asked for: that one's path
    };
    /// Every other path of what the canonical path `path` is.
    [[nodiscard]] std::vector<Alias> of(const std::string& path) const;

  private:
    std::unordered_map<std::string, const host::MountEntry*> by_target_;  ///< the topmost at each place
    std::unordered_map<std::string, std::vector<const host::MountEntry*>> by_device_;
};

}  // namespace sandbox::plan
