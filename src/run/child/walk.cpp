// Descriptor walks; see child.hpp for the rules of this directory.
#include "run/child/walk.hpp"

#include "sys/syscalls.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace sandbox::run {
namespace {

// A rename anywhere on the machine makes a scoped `..` walk fail with EAGAIN; a hostile process can provoke that often,
// but not for ever at this rate.
constexpr int walk_retries = 256;

const char* relative(const char* path) noexcept {
    while (*path == '/') {
        ++path;
    }
    return *path == '\0' ? "." : path;
}

int open_by_components(int root, const char* path) noexcept {
    int current = ::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (current >= 0 && *path != '\0') {
        char component[256];
        std::size_t length = 0;
        while (path[length] != '\0' && path[length] != '/') {
            ++length;
        }
        if (length >= sizeof component) {
            ::close(current);
            errno = ENAMETOOLONG;
            return -1;
        }
        std::memcpy(component, path, length);
        component[length] = '\0';
        path += length;
        while (*path == '/') {
            ++path;
        }
        int next = -1;
        int error = EXDEV;
        if (std::strcmp(component, "..") != 0) {
            next = ::openat(current, component, O_PATH | O_NOFOLLOW | O_CLOEXEC | (*path != '\0' ? O_DIRECTORY : 0));
            error = errno;
        }
        ::close(current);
        errno = error;
        current = next;
    }
    return current;
}

int walk(int root, const char* path, std::uint64_t resolve) noexcept {
    path = relative(path);
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | resolve;
    for (int attempt = 0; attempt < walk_retries; ++attempt) {
        const int fd = sys::openat2(root, path, how);
        if (fd >= 0 || errno != EAGAIN) {
            if (fd < 0 && errno == ENOSYS) {
                return open_by_components(root, path);
            }
            return fd;
        }
    }
    return -1;
}

}  // namespace

int open_inside(int root, const char* path) noexcept {
    return walk(root, path, RESOLVE_NO_MAGICLINKS);
}

int open_without_links(int root, const char* path) noexcept {
    return walk(root, path, RESOLVE_NO_SYMLINKS);
}

int identify(int fd, plan::FileId& id) noexcept {
    struct statx entry {};
    if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &entry) < 0) {
        return errno;
    }
    id = {makedev(entry.stx_dev_major, entry.stx_dev_minor), static_cast<ino_t>(entry.stx_ino),
          static_cast<mode_t>(entry.stx_mode & S_IFMT)};
    return 0;
}

int write_file(int directory, const char* path, const char* text) noexcept {
    const int fd = ::openat(directory, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    const std::size_t length = std::strlen(text);
    const ssize_t written = ::write(fd, text, length);
    const int error = written < 0 ? errno : (static_cast<std::size_t>(written) == length ? 0 : EIO);
    ::close(fd);
    return error;
}

}  // namespace sandbox::run
