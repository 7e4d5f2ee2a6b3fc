#include "plan/written.hpp"

#include "spec/escape.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>
#include <variant>

namespace sandbox::plan {

namespace {

// The kernel refuses some as an upper layer.
bool can_hold_changes(std::string_view type) {
    constexpr std::array refused = {"overlay", "nfs", "nfs4", "cifs", "smb3", "9p", "vfat", "msdos", "exfat"};
    return !type.starts_with("fuse") && std::ranges::find(refused, type) == refused.end();
}

}  // namespace

std::optional<Plan::Written> place_of_changes(const Spec& spec, const host::Facts& facts, const host::Tree& tree) {
    if (!spec.changes) {
        return std::nullopt;
    }
    const std::string asked = "--changes " + *spec.changes;
    if (!spec.changes->starts_with('/') && !facts.cwd) {
        throw Error(asked + ": the current directory has no path: " + std::strerror(facts.cwd_error))
            .with_fix("name it by an absolute path");
    }
    // A link to it is refused by who opens it.
    const std::string path = spec::absolute(facts.cwd.value_or("/"), *spec.changes);
    const std::optional<std::string> whole = tree.canonical(path);
    const std::optional<std::string> above = whole ? std::nullopt : tree.canonical(spec::parent(path));
    if (!whole && !above) {
        throw Error(asked + ": the directory that it is to be made in does not exist, or is closed")
            .with_fix("mkdir " + spec::escaped(spec::parent(path)));
    }
    std::string place = whole ? *whole : spec::join(*above, path.substr(path.rfind('/') + 1));
    const host::MountEntry* const mount = host::mount_holding(facts.mounts, place);
    if (mount != nullptr && !can_hold_changes(mount->type)) {
        throw Error(asked + ": its file system (" + mount->type + ") cannot hold changes")
            .with_fix("a directory on ext4, xfs, btrfs or tmpfs; in a container, on a volume");
    }
    int error = 0;
    return Plan::Written{std::move(place), whole ? tree.follow(path, error) : std::nullopt, asked};
}

bool prefers_disk(const Spec& spec, const host::Facts& facts) {
    return !facts.tmpfs_attributes && !spec.changes &&
           std::ranges::any_of(spec.mounts, [](const Mount& mount) { return std::holds_alternative<Overlay>(mount); });
}

std::vector<Plan::Written> places_to_throw_away(const Spec& spec, const host::Facts& facts, std::string& why) {
    if (!prefers_disk(spec, facts)) {
        return {};
    }
    if (spec.limits.tmp_size) {
        why = "--tmp-size would not limit it there";
        return {};
    }
    std::vector<Plan::Written> places;
    for (const host::OverlayPlace& place : facts.overlay_places) {
        if (!place.unfit.empty()) {
            why += (why.empty() ? "" : "; ") + place.canonical + ": " + place.unfit;
        } else if (place.made) {
            places.push_back({place.made->path, place.made->id, {}, place.canonical});
        } else {
            places.push_back({spec::join(place.canonical, "sandbox-overlay"), std::nullopt, {}, place.canonical});
        }
    }
    return places;
}

}  // namespace sandbox::plan
