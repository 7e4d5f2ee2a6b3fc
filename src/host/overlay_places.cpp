#include "host/overlay_places.hpp"

#include "spec/paths.hpp"
#include "sys/fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include <dirent.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

namespace sandbox::host {
namespace {

// Those that overlayfs writes to, that can be mounted with other ids, and that are a disk. The others are refused, or
// fail in the middle of the work.
bool is_of_a_disk(int directory) {
    constexpr std::uint64_t xfs = 0x58465342;
    struct statfs system {};
    if (::fstatfs(directory, &system) < 0) {
        return false;
    }
    const auto magic = static_cast<std::uint64_t>(system.f_type);
    return magic == EXT4_SUPER_MAGIC || magic == xfs || magic == BTRFS_SUPER_MAGIC || magic == F2FS_SUPER_MAGIC;
}

// Without types in its directories an ext4 or xfs can be no upper layer.
bool tells_types(int directory) {
    const int again = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(again < 0 ? nullptr : ::fdopendir(again), &::closedir);
    const dirent* const first = entries ? ::readdir(entries.get()) : nullptr;
    return first != nullptr && first->d_type != DT_UNKNOWN;
}

// Nobody but the caller and root can put something of theirs in the place of what is made there. The sticky bit does
// not keep the owner of the directory from it.
bool is_trusted(const struct stat& entry) {
    const bool open_to_others = (entry.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    return (entry.st_uid == ::geteuid() || entry.st_uid == 0) && (!open_to_others || (entry.st_mode & S_ISVTX) != 0);
}

std::string type_at(const Facts& facts, const std::string& path) {
    const MountEntry* holder = nullptr;
    for (const MountEntry& mount : facts.mounts) {
        if (spec::is_below_or_same(path, mount.target) &&
            (holder == nullptr || mount.target.size() >= holder->target.size())) {
            holder = &mount;
        }
    }
    return holder == nullptr ? "unknown" : holder->type;
}

// Why what is written cannot lie there; empty: it can.
std::string unfit(const Facts& facts, const std::string& path) {
    const sys::UniqueFd directory(
        sys::above_streams(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)));
    struct stat entry {};
    if (!directory || ::fstat(directory.get(), &entry) < 0 ||
        ::faccessat(directory.get(), ".", W_OK | X_OK, AT_EACCESS) < 0) {
        return std::strerror(errno);
    }
    if (!is_trusted(entry)) {
        return "others may put something there in its place";
    }
    const std::string type = "its file system (" + type_at(facts, path) + ") ";
    if (!is_of_a_disk(directory.get()) || !tells_types(directory.get())) {
        return type + "cannot hold what an overlay writes";
    }
    // Asked for what is not there, a file system without them says so.
    if (::fgetxattr(directory.get(), "user.sandbox", nullptr, 0) < 0 && errno != ENODATA) {
        return type + "keeps no user attributes";
    }
    return {};
}

}  // namespace

std::vector<std::string> overlay_place_paths(const std::vector<std::string>& environment) {
    std::vector<std::string> paths;
    constexpr std::string_view variable = "TMPDIR=";
    const auto found =
        std::ranges::find_if(environment, [&](const auto& entry) { return entry.starts_with(variable); });
    if (found != environment.end() && found->substr(variable.size()).starts_with('/')) {
        paths.push_back(found->substr(variable.size()));
    }
    for (const char* usual : {"/var/tmp", "/tmp"}) {
        if (std::ranges::find(paths, usual) == paths.end()) {
            paths.emplace_back(usual);
        }
    }
    return paths;
}

std::vector<OverlayPlace> probe_overlay_places(const Facts& facts, const Tree& tree) {
    std::vector<OverlayPlace> places;
    for (const std::string& path : overlay_place_paths(facts.environment)) {
        if (const std::optional<std::string> mount = tree.silent(path)) {
            places.push_back({path, "the file system mounted at " + *mount + " does not answer"});
            continue;
        }
        errno = ENOENT;
        const std::optional<std::string> canonical = tree.canonical(path);
        if (!canonical) {
            places.push_back({path, std::strerror(errno)});
        } else if (std::ranges::find(places, *canonical, &OverlayPlace::canonical) == places.end()) {
            places.push_back({*canonical, unfit(facts, *canonical)});
        }
    }
    return places;
}

}  // namespace sandbox::host
