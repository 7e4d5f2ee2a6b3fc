#include "plan/overlays.hpp"

#include "plan/places.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include <sys/stat.h>

namespace sandbox::plan {
namespace {

// What can be no lower layer: interfaces of the kernel, which are not files, and file systems with names of their own
// rules (upper and lower case), which overlayfs refuses.
constexpr std::array read_only_types = {
    "proc",     "sysfs",  "cgroup",   "cgroup2",     "debugfs", "tracefs", "securityfs", "bpf",       "configfs",
    "pstore",   "devpts", "efivarfs", "binfmt_misc", "mqueue",  "nsfs",    "fusectl",    "selinuxfs", "rpc_pipefs",
    "devtmpfs", "vfat",   "msdos",    "exfat",       "ntfs3",   "hfs",     "hfsplus",
};

bool stays_read_only(const std::string& type) {
    return std::ranges::find(read_only_types, type) != read_only_types.end();
}

std::string moved(const std::string& path, const std::string& from, const std::string& to) {
    const std::string rest = path.substr(from == "/" ? 1 : std::min(path.size(), from.size() + 1));
    return rest.empty() ? to : spec::join(to, rest);
}

// The kernel says no more than ELOOP of it.
void refuse_nested(const Overlays::Place& layer, const Overlays::Place& other) {
    const bool same = layer.canonical == other.canonical;
    if (same || spec::is_below_or_same(layer.canonical, other.canonical)) {
        throw Error(layer.source.asked + (same ? ": it is the tree of " : ": it lies in the tree of ") +
                    other.source.asked + ", and no layer may be in another")
            .with_fix(same ? "give it once" : "copy it to a place of its own");
    }
}

}  // namespace

void Overlays::show(const Source& source, const std::string& canonical, const std::string& target) {
    if (const host::MountEntry* mount = mount_at(canonical); mount != nullptr && stays_read_only(mount->type)) {
        throw Error("cannot make " + canonical + " writable without writing there: its file system (" + mount->type +
                    ") can be no layer of an overlay")
            .with_fix("--tmpfs gives an empty directory, --file a copy of a file");
    }
    whole_ = target == "/";
    top_ = canonical;
    base_ = whole_ ? canonical : base_;
    const Place place{source, canonical, view_.resolve(target)};  // a link may lead there
    check_written(place);
    id_mapped_ = view_.id_mapped({source, whole_});
    show_tree(place);
    view_.hide_again(canonical, place.target);
    note_owners();
}

void Overlays::show_layers(const Place& base, const std::vector<Place>& layers, bool writable) {
    const auto shown = [&](const Place& place) {
        const std::vector<const host::MountEntry*> mounts = mounts_below(place.canonical);
        if (!mounts.empty()) {
            throw Error(place.source.asked + ": something is mounted below it, at " + mounts.front()->target +
                        ", which a layer could not show")
                .with_fix("copy the tree without that, or leave --layer out");
        }
        return BindMount{place.source, "/", writable ? host_writable : host_read_only,
                         view_.id_mapped({place.source, true})};
    };
    std::vector<Place> all = {base};
    for (const Place& layer : layers) {
        for (const Place& other : all) {
            refuse_nested(layer, other);
            refuse_nested(other, layer);
        }
        all.push_back(layer);
    }
    std::vector<BindMount> over;
    const BindMount lower = shown(base);
    over.reserve(layers.size());
    for (const Place& layer : layers) {
        over.push_back(shown(layer));
    }
    for (const Place& layer : layers) {
        if (is_above_written(layer)) {
            throw PlaceIsShown();  // it cannot be left out of it, whether the command may write there or not
        }
    }
    if (writable && is_above_written(base)) {
        throw PlaceIsShown();
    }
    view_.overlay(lower, base.canonical, false, std::move(over));
    if (writable) {
        note_owners();
    }
}

// What belongs to an id that is not inside cannot be given to it in the copy that is written to.
void Overlays::note_owners() const {
    const bool all = plan_.setup_maps.users.size() == 1 && plan_.setup_maps.users.front().count > 65535;
    const std::string note =
        "overlay: files whose owner or group is not mapped cannot be changed, whatever their permissions (EOVERFLOW "
        "where "
        "these would allow it); --map-users maps more";
    const auto add = [&](const std::string& text) {
        if (std::ranges::find(plan_.notes, text) == plan_.notes.end()) {
            plan_.notes.push_back(text);
        }
    };
    if (!all) {
        add(note);
    }
    if (plan_.private_ids && whole_) {
        add("overlay: files of root belong to root inside, which reads what only root may, and changes it for itself");
    }
    if (!facts_.tmpfs_attributes && plan_.written && !plan_.written->thrown_away_in.empty()) {
        add("overlay: what is written lies on a disk, in a directory in " + plan_.written->thrown_away_in +
            " that is removed at the end, as a tmpfs of this kernel keeps no user attributes (Linux 6.6 does): nothing "
            "but that file system limits it");
    } else if (!facts_.tmpfs_attributes && !plan_.written) {
        add("overlay: a directory that has entries cannot be removed, nor one made again that was (EIO), as a tmpfs of "
            "this kernel keeps no user attributes (Linux 6.6 does); --changes DIR on a disk has no such limit" +
            (plan_.in_memory.empty() ? "" : "; it lies on no disk: " + plan_.in_memory));
    }
}

std::vector<const host::MountEntry*> Overlays::mounts_below(const std::string& canonical) const {
    std::map<std::string, const host::MountEntry*> found;  // the last is on top
    for (const host::MountEntry& mount : facts_.mounts) {
        if (mount.target != canonical && spec::is_below_or_same(mount.target, canonical)) {
            found[mount.target] = &mount;
        }
    }
    std::vector<const host::MountEntry*> mounts;
    for (const auto& [target, mount] : found) {
        mounts.push_back(mount);
    }
    return mounts;
}

const host::MountEntry* Overlays::mount_at(const std::string& canonical) const {
    const host::MountEntry* found = nullptr;
    for (const host::MountEntry& mount : facts_.mounts) {
        if (mount.target == canonical) {
            found = &mount;
        }
    }
    return found;
}

bool Overlays::is_passed_over(const std::string& canonical, const std::string& target) const {
    // By what it is, as a link may lead to where it is shown. What is above the overlay says nothing: the home of a
    // directory that was asked for is left out, too.
    for (std::string at = canonical; at != top_ && at != "/"; at = spec::parent(at)) {
        if (view_.is_left_out(at)) {
            return true;
        }
    }
    return whole_ && is_own_place(target);
}

// By what the directories are, as one may be mounted in several places.
bool Overlays::is_above_written(const Place& place) const {
    if (!plan_.written) {
        return false;
    }
    bool covered = false;  // what is between is not shown: a home, a private place
    for (std::string at = plan_.written->canonical;; at = spec::parent(at)) {
        int error = 0;
        const std::optional<FileId> id = at == plan_.written->canonical ? plan_.written->id : tree_.follow(at, error);
        if (id == place.source.expected) {
            if (!covered && !plan_.written->thrown_away_in.empty()) {
                throw PlaceIsShown();
            }
            if (!covered) {
                throw Error(plan_.written->asked + ": " + plan_.written->canonical + " lies in " + place.canonical +
                            ", in which the command may write")
                    .with_fix(place.canonical == "/"
                                  ? "a directory that is not shown, as --changes /var/tmp/changes"
                                  : "a directory outside of it, as --changes ../changes or /var/tmp/changes");
            }
            return true;
        }
        covered = covered || (whole_ && spec::is_below_or_same(at, base_) && is_passed_over(at, moved(at, base_, "/")));
        if (at == "/") {
            return false;
        }
    }
}

// What lies in the directory that is written to would be hidden with it, and change while it is looked at.
void Overlays::check_written(const Place& top) const {
    if (!plan_.written || !plan_.written->id) {
        return;
    }
    for (std::string at = top.canonical; at != "/"; at = spec::parent(at)) {
        int error = 0;
        if (tree_.follow(at, error) == plan_.written->id) {
            throw Error(plan_.written->asked + ": " + top.canonical + " lies in it, and is to be an overlay")
                .with_fix("a directory of its own, which is empty or missing");
        }
    }
}

void Overlays::show_tree(const Place& place) {
    const std::vector<const host::MountEntry*> mounts = mounts_below(place.canonical);
    // The launcher can clone a directory without what is mounted below it. What is written to cannot lie in
    // a layer.
    if (is_above_written(place) || (!mounts.empty() && id_mapped_ < 0)) {
        show_hollow(place);
        return;
    }
    if (!view_.overlay({place.source, place.target, host_writable, id_mapped_}, place.canonical, false)) {
        return;
    }
    std::string done;
    for (const host::MountEntry* mount : mounts) {
        if (done.empty() || !spec::is_below_or_same(mount->target, done)) {
            done = mount->target;
            show_mount({{mount->target, {}, place.source.asked},
                        mount->target,
                        moved(mount->target, place.canonical, place.target)},
                       *mount);
        }
    }
}

void Overlays::show_hollow(const Place& place) {
    const std::optional<std::vector<host::Entry>> entries = tree_.list(place.source.path);
    if (!entries) {
        throw Error("cannot make " + place.canonical +
                    " writable: its entries cannot be read, and something is mounted below it")
            .with_fix("name a directory below it");
    }
    if (!view_.overlay({place.source, place.target, host_writable, id_mapped_}, place.canonical, true)) {
        return;
    }
    for (const host::Entry& entry : *entries) {
        const Place here{{spec::join(place.source.path, entry.name), entry.id, place.source.asked},
                         spec::join(place.canonical, entry.name),
                         spec::join(place.target, entry.name)};
        if (S_ISLNK(entry.id.type)) {
            view_.symlink(here.target, entry.link);
            continue;
        }
        const bool passed_over = is_passed_over(here.canonical, here.target);
        view_.make_mount_point(here.target, passed_over ? S_IFDIR : entry.id.type);
        if (passed_over) {
            continue;
        }
        if (const host::MountEntry* mount = mount_at(here.canonical)) {
            show_mount(here, *mount);
        } else if (S_ISDIR(entry.id.type)) {
            show_tree(here);
        } else {
            show_read_only(here);
        }
    }
}

void Overlays::show_mount(const Place& place, const host::MountEntry& mount) {
    if (is_passed_over(place.canonical, place.target) || !view_.exists(place.target)) {
        return;
    }
    int error = 0;
    const std::optional<FileId> id = mount.type == "autofs" ? std::nullopt : tree_.follow(place.source.path, error);
    if (!id) {
        // Nobody can reach it. What it covers on the host stays covered.
        if (view_.is_directory(view_.resolve(place.target))) {
            view_.mount_scratch(place.target, 0555, private_read_only);
        }
        return;
    }
    const Place now{{place.source.path, *id, place.source.asked}, place.canonical, place.target};
    if (S_ISDIR(id->type) && !stays_read_only(mount.type)) {
        show_tree(now);
    } else {
        show_read_only(now);
    }
}

void Overlays::show_read_only(const Place& place) {
    view_.bind(place.source, place.canonical, place.target, host_read_only, id_mapped_);
}

}  // namespace sandbox::plan
