// The Landlock twin of the plan: what the mounts make read-only is read-only here, too, in a second, independent layer.
// landlock(7); see child.hpp for the rules of this directory.
#include "run/child/steps.hpp"
#include "run/child/walk.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>

namespace sandbox::run {
namespace {

// Newer than the headers of the oldest supported distribution.
constexpr std::uint64_t access_truncate = 1ULL << 14;            // ABI 3, Linux 6.2
constexpr std::uint64_t access_ioctl_device = 1ULL << 15;        // ABI 5, Linux 6.10
constexpr std::uint64_t scope_abstract_unix_socket = 1ULL << 0;  // ABI 6, Linux 6.12
constexpr std::uint64_t scope_signal = 1ULL << 1;
struct RulesetAttributes {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;
    std::uint64_t scoped;
};

constexpr std::uint64_t read_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t file_access = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                      LANDLOCK_ACCESS_FS_WRITE_FILE | access_truncate | access_ioctl_device;

std::uint64_t handled_access(int abi) noexcept {
    // ABI 1 refuses every rename across directories and is not used; REFER came with ABI 2 (Linux 5.19).
    std::uint64_t access = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
    access |= LANDLOCK_ACCESS_FS_REFER;
    access |= abi >= 3 ? access_truncate : 0;
    return abi >= 5 ? access | access_ioctl_device : access;
}

bool is_device(mode_t mode) noexcept {
    return S_ISCHR(mode) || S_ISBLK(mode);
}

bool is_below_or_same(const char* path, const std::string& directory) noexcept {
    const std::size_t length = directory.size();
    return std::strncmp(path, directory.c_str(), length) == 0 &&
           (path[length] == '\0' || path[length] == '/' || length == 1);
}

int allow(int ruleset, int fd, std::uint64_t access) noexcept {
    landlock_path_beneath_attr rule{};
    rule.allowed_access = access;
    rule.parent_fd = fd;
    return sys::landlock_add_path(ruleset, rule) < 0 ? errno : 0;
}

int allow_path(int ruleset, const char* path, std::uint64_t access, const std::string& devices) noexcept {
    const int fd = ::open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    // A file system that does not answer is not asked.
    plan::FileId id;
    int error = identify(fd, id);
    if (error == 0) {
        // A device that is named itself is meant to be used as one.
        if (!is_device(id.type) && !is_below_or_same(path, devices)) {
            access &= ~access_ioctl_device;
        }
        error = allow(ruleset, fd, S_ISDIR(id.type) ? access : access & file_access);
    }
    ::close(fd);
    return error;
}

// What a descriptor was opened for may be opened again through /dev/std* and /proc/self/fd, and no more than that.
// Pipes and sockets are outside of Landlock (EBADFD).
int allow_stream(int ruleset, int fd, std::uint64_t handled) noexcept {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0) {
        return errno == EBADF ? 0 : errno;
    }
    std::uint64_t access = 0;
    const int mode = flags & O_ACCMODE;
    if (mode == O_RDONLY || mode == O_RDWR) {
        access |= LANDLOCK_ACCESS_FS_READ_FILE;
    }
    if ((mode == O_WRONLY || mode == O_RDWR) && (flags & O_APPEND) == 0) {
        access |= LANDLOCK_ACCESS_FS_WRITE_FILE | access_truncate;
    }
    struct stat entry {};
    if (::fstat(fd, &entry) == 0 && is_device(entry.st_mode)) {
        access |= access_ioctl_device;  // or nobody could tell that the terminal is one
    }
    access &= handled;
    const int error = access == 0 ? 0 : allow(ruleset, fd, access);
    return error == EBADFD ? 0 : error;
}

int add_rules(int ruleset, const plan::Landlock& step) noexcept {
    const std::uint64_t handled = handled_access(step.abi);
    int error = allow_path(ruleset, "/", read_access | LANDLOCK_ACCESS_FS_EXECUTE, step.devices);
    for (const std::string& path : step.writable) {
        if (error == 0) {
            error = allow_path(ruleset, path.c_str(), handled, step.devices);
        }
    }
    for (int fd = 0; fd <= 2 && error == 0; ++fd) {
        error = allow_stream(ruleset, fd, handled);
    }
    for (const int fd : step.passed) {
        error = error == 0 ? allow_stream(ruleset, fd, handled) : error;
    }
    return error;
}

}  // namespace

int execute(SetupState&, const plan::Landlock& step) noexcept {
    RulesetAttributes attributes{};
    attributes.handled_access_fs = handled_access(step.abi);
    attributes.scoped = step.abi >= 6 ? scope_abstract_unix_socket | scope_signal : 0;
    const std::size_t size = step.abi >= 6   ? sizeof attributes
                             : step.abi >= 4 ? offsetof(RulesetAttributes, scoped)
                                             : offsetof(RulesetAttributes, handled_access_net);
    const int ruleset =
        sys::landlock_create_ruleset(reinterpret_cast<const landlock_ruleset_attr*>(&attributes), size, 0);
    if (ruleset < 0) {
        return errno;
    }
    int error = add_rules(ruleset, step);
    if (error == 0 && sys::landlock_restrict_self(ruleset) < 0) {
        error = errno;
    }
    ::close(ruleset);
    return error;
}

}  // namespace sandbox::run
