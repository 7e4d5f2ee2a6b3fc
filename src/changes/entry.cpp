#include "changes/entry.hpp"

#include "spec/paths.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <sys/sysmacros.h>

namespace sandbox::changes {
namespace {

constexpr unsigned looked_at = STATX_BASIC_STATS | STATX_MNT_ID;

Timestamp timestamp(const statx_timestamp& time) {
    return {time.tv_sec, time.tv_nsec};
}

Entry entry_of(const struct statx& found) {
    Entry entry;
    entry.exists = true;
    entry.mode = found.stx_mode;
    entry.uid = found.stx_uid;
    entry.gid = found.stx_gid;
    entry.size = found.stx_size;
    entry.links = found.stx_nlink;
    entry.device = makedev(found.stx_dev_major, found.stx_dev_minor);
    entry.inode = found.stx_ino;
    entry.special = makedev(found.stx_rdev_major, found.stx_rdev_minor);
    entry.mount = (found.stx_mask & STATX_MNT_ID) != 0 ? found.stx_mnt_id : 0;
    entry.accessed = timestamp(found.stx_atime);
    entry.modified = timestamp(found.stx_mtime);
    entry.changed = timestamp(found.stx_ctime);
    return entry;
}

}  // namespace

Problem::Problem(const std::string& why, int error, ChangeNote::Kind kind)
    : std::runtime_error(error == 0 ? why : why + ": " + std::strerror(error)), error_(error), kind_(kind) {}

Entry look(int directory, const std::string& name) {
    struct statx found {};
    if (::statx(directory, name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, looked_at, &found) == 0) {
        return entry_of(found);
    }
    if (errno != ENOENT) {
        throw Problem("it cannot be looked at", errno);
    }
    return {};
}

Entry look(int file) {
    struct statx found {};
    if (::statx(file, "", AT_EMPTY_PATH, looked_at, &found) < 0) {
        throw Problem("it cannot be looked at", errno);
    }
    return entry_of(found);
}

bool is_full(int error) {
    return error == ENOSPC || error == EDQUOT;
}

FileType type_of(const Entry& entry) {
    if (!entry.exists) {
        return FileType::none;
    }
    switch (entry.type()) {
        case S_IFREG:
            return FileType::file;
        case S_IFDIR:
            return FileType::directory;
        case S_IFLNK:
            return FileType::symlink;
        case S_IFIFO:
            return FileType::fifo;
        case S_IFSOCK:
            return FileType::socket;
        case S_IFCHR:
            return FileType::character_device;
        default:
            return FileType::block_device;
    }
}

sys::UniqueFd open_file(int directory, const std::string& name) {
    // What has become a pipe or a device meanwhile must not be waited for.
    sys::UniqueFd file(sys::above_streams(
        ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)));
    if (!file) {
        throw Problem("it cannot be read", errno);
    }
    if (!look(file.get()).is(S_IFREG)) {
        throw Problem("it was replaced meanwhile");
    }
    return file;
}

sys::UniqueFd open_directory(int directory, const std::string& name) noexcept {
    return sys::above_streams(
        ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

sys::UniqueFd open_path(int directory, const std::string& name) noexcept {
    return sys::above_streams(::openat(directory, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

sys::UniqueFd open_canonical(const std::string& path) noexcept {
    sys::UniqueFd at(sys::above_streams(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)));
    for (std::size_t start = 1; at && start < path.size();) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        at = open_path(at.get(), path.substr(start, end - start));
        start = end + 1;
    }
    return at;
}

std::string read_link(int directory, const std::string& name) {
    std::string target(4096, '\0');
    const ssize_t length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
    if (length < 0) {
        throw Problem("the link cannot be read", errno);
    }
    target.resize(static_cast<std::size_t>(length));
    return target;
}

std::vector<std::string> names_in(int directory) {
    // A description of its own: its position is nobody else's.
    const int again = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (again < 0) {
        throw Problem("it cannot be listed", errno);
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(again), &::closedir);
    if (!entries) {
        const int error = errno;
        ::close(again);
        throw Problem("it cannot be listed", error);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* found = ::readdir(entries.get())) {
        const std::string_view name = found->d_name;
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
        errno = 0;
    }
    if (errno != 0) {
        throw Problem("it cannot be listed", errno);
    }
    std::ranges::sort(names);
    return names;
}

std::string proc_path(int directory, const std::string& name) {
    return proc_path(directory) + "/" + name;
}

std::string proc_path(int descriptor) {
    return "/proc/self/fd/" + std::to_string(descriptor);
}

}  // namespace sandbox::changes
