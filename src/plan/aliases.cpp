#include "plan/aliases.hpp"

#include "spec/paths.hpp"

namespace sandbox::plan {
namespace {

std::string rest_of(const std::string& path, const std::string& prefix) {
    return prefix == "/" ? path : path.substr(prefix.size());
}

std::string joined(const std::string& base, const std::string& rest) {
    return rest.empty() || rest == "/" ? base : base == "/" ? rest : base + rest;
}

}  // namespace

Aliases::Aliases(const std::vector<host::MountEntry>& mounts) {
    for (const host::MountEntry& mount : mounts) {
        by_target_[mount.target] = &mount;
        by_device_[mount.device].push_back(&mount);
    }
}

std::vector<Aliases::Alias> Aliases::of(const std::string& path) const {
    std::vector<Alias> found;
    const host::MountEntry* holder = nullptr;
    for (std::string above = path; holder == nullptr; above = spec::parent(above)) {
        const auto mount = by_target_.find(above);
        holder = mount == by_target_.end() ? nullptr : mount->second;
        if (above == "/") {
            break;
        }
    }
    if (holder == nullptr) {
        return found;
    }
    const std::vector<const host::MountEntry*>& same = by_device_.at(holder->device);
    if (same.size() < 2) {
        return found;
    }
    const std::string inner = joined(holder->root, rest_of(path, holder->target));
    for (const host::MountEntry* mount : same) {
        if (mount == holder) {
            continue;
        }
        if (spec::is_below_or_same(inner, mount->root)) {
            found.push_back({joined(mount->target, rest_of(inner, mount->root)), {}});
        } else if (spec::is_below_or_same(mount->root, inner)) {
            found.push_back({mount->target, joined(path, rest_of(mount->root, inner))});
        }
    }
    return found;
}

}  // namespace sandbox::plan
