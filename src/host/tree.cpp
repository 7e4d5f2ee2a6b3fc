#include "host/tree.hpp"

#include "sys/fd.hpp"
#include "sys/syscalls.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace sandbox::host {
namespace {

constexpr std::size_t most_text = 64UL * 1024;

/// Nothing, and errno, where it cannot be read.
std::optional<std::string> read_link(int directory, const char* name) {
    char text[PATH_MAX];
    const ssize_t length = ::readlinkat(directory, name, text, sizeof text);
    return length < 0 ? std::nullopt : std::optional(std::string(text, static_cast<std::size_t>(length)));
}

bool is_whiteout(int directory, const char* name, mode_t type) {
    struct stat entry {};
    return S_ISCHR(type) && ::fstatat(directory, name, &entry, AT_SYMLINK_NOFOLLOW) == 0 && entry.st_rdev == 0;
}

std::optional<Entry> look_at(int directory, const char* name) {
    // A link that is none any more when it is read (EINVAL) was exchanged meanwhile. Without its text it would pass for
    // a link to the directory that it is in. Who exchanges it faster than we look gets nothing at all.
    for (int tries = 0; tries < 100; ++tries) {
        const std::optional<plan::FileId> id = identify(directory, name, AT_SYMLINK_NOFOLLOW);
        if (!id || !S_ISLNK(id->type)) {
            return id ? std::optional(Entry{name, *id, {}, is_whiteout(directory, name, id->type)}) : std::nullopt;
        }
        if (std::optional<std::string> text = read_link(directory, name)) {
            return Entry{name, *id, std::move(*text)};
        }
        if (errno != EINVAL && errno != ENOENT) {
            return Entry{name, *id, {}};
        }
    }
    return std::nullopt;
}

/// Hands over what is in a directory, except `.` and `..`; false where it cannot be opened.
template <class Take>
bool read_directory(const std::string& path, const Take& take) {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
    if (!directory) {
        return false;
    }
    while (const dirent* found = ::readdir(directory.get())) {
        const std::string_view name = found->d_name;
        if (name != "." && name != "..") {
            take(::dirfd(directory.get()), found->d_name);
        }
    }
    return true;
}

// A device or FIFO under that name must not be opened: that alone may do something, or never return.
std::string read_up_to(const std::string& root, const std::string& path, std::size_t most) {
    const sys::UniqueFd directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const sys::UniqueFd place(sys::openat2(directory.get(), path.c_str(), how));
    const std::optional<plan::FileId> id = place ? identify(place.get(), "", AT_EMPTY_PATH) : std::nullopt;
    if (!id || !S_ISREG(id->type)) {
        return {};
    }
    const std::string again = "/proc/self/fd/" + std::to_string(place.get());
    const sys::UniqueFd file(::open(again.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    char chunk[4096];
    while (file && text.size() < most) {
        const ssize_t length = ::read(file.get(), chunk, sizeof chunk);
        if (length <= 0) {
            break;
        }
        text.append(chunk, static_cast<std::size_t>(length));
    }
    return text;
}

}  // namespace

std::optional<plan::FileId> identify(int directory, const char* path, int flags) {
    struct statx entry {};
    if (::statx(directory, path, flags | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &entry) < 0) {
        return std::nullopt;
    }
    return plan::FileId{makedev(entry.stx_dev_major, entry.stx_dev_minor), static_cast<ino_t>(entry.stx_ino),
                        static_cast<mode_t>(entry.stx_mode & S_IFMT)};
}

std::optional<Entry> RealTree::look(const std::string& path) const {
    return look_at(AT_FDCWD, path.c_str());
}

std::optional<plan::FileId> RealTree::follow(const std::string& path, int& error) const {
    std::optional<plan::FileId> id = identify(AT_FDCWD, path.c_str(), 0);
    error = id ? error : errno;
    return id;
}

std::optional<std::string> RealTree::canonical(const std::string& path) const {
    const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
    return resolved ? std::optional<std::string>(resolved.get()) : std::nullopt;
}

std::optional<std::vector<Entry>> RealTree::list(const std::string& path) const {
    std::vector<Entry> entries;
    const bool read = read_directory(path, [&](int directory, const char* name) {
        if (std::optional<Entry> entry = look_at(directory, name)) {
            entries.push_back(std::move(*entry));
        }
    });
    if (!read) {
        return std::nullopt;
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
}

std::optional<std::vector<std::string>> RealTree::names(const std::string& path) const {
    std::vector<std::string> names;
    const bool read = read_directory(path, [&](int, const char* name) { names.emplace_back(name); });
    return read ? std::optional(std::move(names)) : std::nullopt;
}

std::string RealTree::read(const std::string& root, const std::string& path) const {
    return read_text_inside(root, path);
}

std::string read_text(const std::string& path) {
    return read_up_to("/", path, most_text);
}

std::string read_text_inside(const std::string& root, const std::string& path) {
    return read_up_to(root, path, most_text);
}

}  // namespace sandbox::host
