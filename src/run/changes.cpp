#include "run/changes.hpp"

#include "host/tree.hpp"
#include "run/id_mapped.hpp"
#include "run/overlay_failure.hpp"
#include "spec/escape.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace sandbox::run {
namespace {

struct Owner {
    uid_t user = 0;
    gid_t group = 0;
};

std::vector<plan::MountOverlay*> written_overlays(plan::Plan& plan) {
    std::vector<plan::MountOverlay*> overlays;
    for (plan::Step& step : plan.steps) {
        if (auto* overlay = std::get_if<plan::MountOverlay>(&step); overlay != nullptr && overlay->written) {
            overlays.push_back(overlay);
        }
    }
    return overlays;
}

std::optional<Owner> owner_of(const std::string& path) {
    struct stat entry {};
    return ::stat(path.c_str(), &entry) == 0 ? std::optional(Owner{entry.st_uid, entry.st_gid}) : std::nullopt;
}

bool maps(const std::vector<plan::IdExtent>& extents, std::uint32_t id, std::uint32_t plan::IdExtent::*side) {
    return std::ranges::any_of(
        extents, [&](const plan::IdExtent& extent) { return id >= extent.*side && id - extent.*side < extent.count; });
}

// As the numbers are on disk: who is not inside cannot own anything there, and the caller, or who stands for it, does.
Owner owner_in(const plan::Plan& plan, const plan::MountOverlay& overlay) {
    const Owner found = owner_of(overlay.lower.source.path).value_or(Owner{});
    if (!plan.private_ids) {
        return {maps(plan.setup_maps.users, found.user, &plan::IdExtent::outside) ? found.user : ::geteuid(),
                maps(plan.setup_maps.groups, found.group, &plan::IdExtent::outside) ? found.group : ::getegid()};
    }
    const plan::IdMapped& owners = plan.id_mapped.at(static_cast<std::size_t>(overlay.lower.id_mapped));
    Owner command{plan.command_ids.setup_user, plan.command_ids.setup_group};
    if (!owners.plain) {
        const Owner top = owner_of(owners.top.path).value_or(Owner{});
        command = top.user != command.user ? top : command;
    }
    const auto users = owner_map(plan.setup_maps.users.front(), command.user, plan.command_ids.setup_user);
    const auto groups = owner_map(plan.setup_maps.groups.front(), command.group, plan.command_ids.setup_group);
    return {maps(users, found.user, &plan::IdExtent::inside) ? found.user : command.user,
            maps(groups, found.group, &plan::IdExtent::inside) ? found.group : command.group};
}

// What the ids of the inside are on disk.
std::vector<IdRange> ranges(const std::vector<plan::IdExtent>& guest, const std::vector<plan::IdExtent>& setup,
                            bool on_disk) {
    std::vector<IdRange> found;
    for (const plan::IdExtent& extent : guest) {
        for (const plan::IdExtent& outer : setup) {
            const std::uint32_t first = std::max(extent.outside, outer.inside);
            const std::uint64_t end =
                std::min(std::uint64_t{extent.outside} + extent.count, std::uint64_t{outer.inside} + outer.count);
            if (first < end) {
                found.push_back({extent.inside + (first - extent.outside),
                                 on_disk ? first : outer.outside + (first - outer.inside),
                                 static_cast<std::uint32_t>(end - first)});
            }
        }
    }
    return found;
}

// A continued run finds what it wrote where it wrote it.
void check_earlier(const std::string& directory, const changes::Record& earlier,
                   const std::vector<plan::MountOverlay*>& overlays) {
    const auto refuse = [&](const std::string& what) {
        throw Error("--changes " + spec::escaped(directory) + ": " + what)
            .with_fix("the same --overlay as then, of / also from the same current directory; or another directory");
    };
    for (const changes::Overlay& before : earlier.overlays) {
        if (std::ranges::none_of(overlays, [&](const auto* overlay) { return overlay->canonical == before.path; })) {
            refuse("an earlier run had an overlay of " + spec::escaped(before.path) + ", and this one has none");
        }
    }
    for (const plan::MountOverlay* overlay : overlays) {
        if (std::ranges::none_of(earlier.overlays,
                                 [&](const auto& before) { return overlay->canonical == before.path; })) {
            refuse("an earlier run had no overlay of " + spec::escaped(overlay->canonical));
        }
    }
}

// Somebody may have put a link there: it would lead elsewhere to write.
void check_layers(const changes::Store& store, unsigned number, const std::string& directory) {
    const std::string name = std::to_string(number);
    const sys::UniqueFd holder(
        sys::above_streams(::openat(store.directory(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
    for (const char* layer : {"upper", "work"}) {
        struct stat entry {};
        if (!holder || ::fstatat(holder.get(), layer, &entry, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(entry.st_mode)) {
            throw Error("--changes " + spec::escaped(directory) + ": " + name + "/" + layer + " in it is no directory")
                .with_fix("nothing in it can be relied on: use another directory");
        }
    }
}

// Others it takes, and then fails in the middle of the work.
void check_attributes(const changes::Store& store, unsigned number, const std::string& directory) {
    const sys::UniqueFd work = store.work(number);
    const bool kept = work && (::fsetxattr(work.get(), "user.sandbox", "y", 1, 0) == 0 || errno == ENOSPC) &&
                      (::fremovexattr(work.get(), "user.sandbox") == 0 || errno == ENODATA);
    if (!kept) {
        const int error = errno;
        throw Error("--changes " + spec::escaped(directory) + ": its file system (" +
                    type_of_file_system(store.path()) +
                    ") cannot hold changes, as it keeps no user attributes: " + std::strerror(error))
            .with_fix("a directory on ext4, xfs, btrfs, or a tmpfs of Linux 6.6");
    }
}

// Only root has others' ids in it. Nothing is followed.
void give(int above, const std::string& path, unsigned number, const Owner& owner) {
    const std::string name = std::to_string(number);
    const sys::UniqueFd directory(
        sys::above_streams(::openat(above, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
    if (!directory || ::fchown(directory.get(), owner.user, owner.group) < 0 ||
        ::fchownat(directory.get(), "work", owner.user, owner.group, AT_SYMLINK_NOFOLLOW) < 0) {
        throw Error("cannot give " + spec::escaped(path) + "/" + name + " to who is inside: " + std::strerror(errno));
    }
}

// It looks like the directory that it stands for.
struct stat like(const plan::MountOverlay& overlay, const Owner& owner) {
    struct stat entry {};
    if (::stat(overlay.lower.source.path.c_str(), &entry) < 0) {
        throw Error("cannot look at " + spec::escaped(overlay.canonical) + ": " + std::strerror(errno));
    }
    entry.st_uid = owner.user;
    entry.st_gid = owner.group;
    return entry;
}

void point_to(plan::MountOverlay& overlay, const std::string& directory, int descriptor, unsigned number) {
    const std::string name = std::to_string(number);
    overlay.written->source.path = directory + "/" + name;
    overlay.written->source.expected = host::identify(descriptor, name.c_str(), AT_SYMLINK_NOFOLLOW).value();
}

}  // namespace

changes::Store open_changes(plan::Plan& plan, const std::string& directory) {
    const std::vector<plan::MountOverlay*> overlays = written_overlays(plan);
    changes::Wanted wanted;
    wanted.users = ranges(plan.guest_maps.users, plan.setup_maps.users, plan.private_ids);
    wanted.groups = ranges(plan.guest_maps.groups, plan.setup_maps.groups, plan.private_ids);
    for (const plan::MountOverlay* overlay : overlays) {
        const Owner owner = owner_in(plan, *overlay);
        wanted.overlays.push_back({overlay->canonical, owner.user, owner.group});
    }
    changes::Store store = changes::Store::open_for_run(
        directory, wanted, [&](const changes::Record& earlier) { check_earlier(directory, earlier, overlays); });
    if (store.path() != plan.written->canonical) {
        throw Error("--changes " + spec::escaped(directory) + ": it was replaced while the sandbox started")
            .with_fix("try again");
    }
    for (plan::MountOverlay* overlay : overlays) {
        const auto& recorded = store.record().overlays;
        const auto found = std::ranges::find(recorded, overlay->canonical, &changes::Overlay::path);
        check_layers(store, found->number, directory);
        check_attributes(store, found->number, directory);
        if (plan.private_ids) {
            give(store.directory(), store.name(), found->number, owner_in(plan, *overlay));
        }
        point_to(*overlay, plan.written->canonical, store.directory(), found->number);
    }
    return store;
}

std::unique_ptr<changes::ThrownAway> make_thrown_away(const plan::Plan& plan) {
    const std::string& place = plan.written->thrown_away_in;
    std::vector<std::string> problems;  // `sandbox gc` says them
    changes::sweep_thrown_away(place, problems);
    return std::make_unique<changes::ThrownAway>(
        place, ranges(plan.guest_maps.users, plan.setup_maps.users, plan.private_ids),
        ranges(plan.guest_maps.groups, plan.setup_maps.groups, plan.private_ids));
}

void make_layers(plan::Plan& plan, const changes::ThrownAway& place) {
    unsigned number = 0;
    for (plan::MountOverlay* overlay : written_overlays(plan)) {
        const Owner owner = owner_in(plan, *overlay);
        place.make_layers(number, like(*overlay, owner));
        if (plan.private_ids) {
            give(place.directory(), place.path(), number, owner);
        }
        point_to(*overlay, place.path(), place.directory(), number);
        ++number;
    }
}

}  // namespace sandbox::run
