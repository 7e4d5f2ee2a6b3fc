#include "placeholder/host_entry.hpp"

#include "sys/fd.hpp"

#include <cerrno>
#include <utility>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace sandbox::placeholder {
namespace {

// The sticky bit marks a directory of ours: nobody makes one that only its owner may enter and sets it.
constexpr mode_t directory_mode = S_ISVTX | S_IRWXU;
constexpr mode_t used_mode = S_IRWXU;

/// The directory of the last component, and that component.
struct Place {
    sys::UniqueFd holder;  ///< empty: the directory itself
    std::string leaf;
    int error = 0;
};

Place walk(int directory, const std::string& name) {
    Place place;
    std::size_t start = 0;
    for (std::size_t slash = 0; (slash = name.find('/', start)) != std::string::npos; start = slash + 1) {
        const int from = place.holder ? place.holder.get() : directory;
        sys::UniqueFd next(
            ::openat(from, name.substr(start, slash - start).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next) {
            place.error = errno;
            return place;
        }
        place.holder = std::move(next);
    }
    place.leaf = name.substr(start);
    return place;
}

int look(int directory, const std::string& leaf, struct statx& entry) {
    const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    return ::statx(directory, leaf.c_str(), flags, STATX_BASIC_STATS | STATX_BTIME, &entry) < 0 ? errno : 0;
}

Timestamp timestamp(const statx_timestamp& time) {
    return {time.tv_sec, time.tv_nsec};
}

Identity identity_of(const struct statx& entry, bool is_directory) {
    Identity identity;
    identity.device = makedev(entry.stx_dev_major, entry.stx_dev_minor);
    identity.inode = entry.stx_ino;
    identity.changed = is_directory ? Timestamp() : timestamp(entry.stx_ctime);
    identity.born = (entry.stx_mask & STATX_BTIME) != 0 ? timestamp(entry.stx_btime) : Timestamp();
    return identity;
}

bool is_later(const Timestamp& time, const Timestamp& than) {
    return time.seconds > than.seconds || (time.seconds == than.seconds && time.nanoseconds >= than.nanoseconds);
}

bool is_ours(const struct statx& entry, const Entry& made, const Timestamp& noted, uid_t caller) {
    const mode_t permissions = entry.stx_mode & (07777U & ~S_ISGID);
    if (entry.stx_uid != caller) {
        return false;
    }
    if (made.directory ? !S_ISDIR(entry.stx_mode)
                       : !S_ISREG(entry.stx_mode) || entry.stx_size != 0 || permissions != 0 || entry.stx_nlink != 1) {
        return false;
    }
    if (made.made) {
        return identity_of(entry, made.directory) == made.identity;
    }
    return is_later(timestamp(entry.stx_ctime), noted) &&
           (made.directory ? permissions == directory_mode : timestamp(entry.stx_ctime) == timestamp(entry.stx_mtime));
}

// What the command has put something into stays, with permissions as a directory has them.
Removal let_stay(int holder, const std::string& leaf, const Entry& entry, const Timestamp& noted, uid_t caller) {
    const sys::UniqueFd directory(
        ::openat(holder, leaf.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct statx now {};
    if (directory && ::statx(directory.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &now) == 0 &&
        is_ours(now, entry, noted, caller) && (now.stx_mode & (07777U & ~S_ISGID)) == directory_mode) {
        ::fchmod(directory.get(), used_mode | (now.stx_mode & S_ISGID));
    }
    return Removal::in_use;
}

}  // namespace

int identify(int directory, const std::string& name, bool is_directory, Identity& identity) {
    const Place place = walk(directory, name);
    if (place.error != 0) {
        return place.error;
    }
    struct statx entry {};
    const int error = look(place.holder ? place.holder.get() : directory, place.leaf, entry);
    if (error == 0) {
        identity = identity_of(entry, is_directory);
    }
    return error;
}

std::optional<Identity> identify(const std::string& path, bool followed) {
    struct statx entry {};
    const int flags = AT_NO_AUTOMOUNT | (followed ? 0 : AT_SYMLINK_NOFOLLOW);
    return ::statx(AT_FDCWD, path.c_str(), flags, STATX_BASIC_STATS | STATX_BTIME, &entry) < 0
               ? std::nullopt
               : std::optional(identity_of(entry, S_ISDIR(entry.stx_mode)));
}

int make_entry(int directory, const Entry& entry) {
    const Place place = walk(directory, entry.name);
    if (place.error != 0) {
        return place.error;
    }
    const int holder = place.holder ? place.holder.get() : directory;
    // Neither follows a symbolic link in the last component, and both fail where anything is there. A mode of 0 is not
    // the umask's to change, and of the directory's nothing can be missing that matters.
    const int made = entry.directory ? ::mkdirat(holder, place.leaf.c_str(), directory_mode)
                                     : ::mknodat(holder, place.leaf.c_str(), S_IFREG, 0);
    return made < 0 ? errno : 0;
}

// Between the look and the removal there is a moment in which somebody could rename something of theirs to this name:
// there is no removal by descriptor. A directory is safe even then, as only an empty one can be removed.
Removal remove_entry(int directory, const Entry& entry, const Timestamp& noted, uid_t caller) {
    const Place place = walk(directory, entry.name);
    struct statx now {};
    const int holder = place.holder ? place.holder.get() : directory;
    const int error = place.error != 0 ? place.error : look(holder, place.leaf, now);
    if (error != 0) {
        return error == ENOENT || error == ENOTDIR || error == ELOOP ? Removal::gone : Removal::failed;
    }
    if (!is_ours(now, entry, noted, caller)) {
        return Removal::foreign;
    }
    if (::unlinkat(holder, place.leaf.c_str(), entry.directory ? AT_REMOVEDIR : 0) == 0) {
        return Removal::removed;
    }
    if (errno == ENOENT) {
        return Removal::gone;
    }
    return entry.directory && (errno == ENOTEMPTY || errno == EEXIST)
               ? let_stay(holder, place.leaf, entry, noted, caller)
               : Removal::failed;
}

}  // namespace sandbox::placeholder
