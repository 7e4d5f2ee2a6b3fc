// What stands under a name in a directory: looked at without following it, opened without leaving the directory.
#pragma once

#include "changes/record.hpp"
#include "sys/fd.hpp"

#include <sandbox/changes.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace sandbox::changes {

struct Entry {
    bool exists = false;
    mode_t mode = 0;  ///< with the type
    uid_t uid = 0;
    gid_t gid = 0;
    std::uint64_t size = 0;
    std::uint64_t links = 0;
    dev_t device = 0;
    ino_t inode = 0;
    dev_t special = 0;  ///< of a device node
    std::uint64_t mount = 0;
    Timestamp accessed;
    Timestamp modified;
    Timestamp changed;

    [[nodiscard]] mode_t type() const { return mode & S_IFMT; }
    [[nodiscard]] mode_t permissions() const { return mode & 07777; }
    [[nodiscard]] bool is(mode_t wanted) const { return exists && type() == wanted; }
    [[nodiscard]] bool is_same(const Entry& other) const { return device == other.device && inode == other.inode; }
    /// Something was mounted or unmounted since that was seen.
    [[nodiscard]] bool is_elsewhere(const Seen& seen) const {
        return seen.inode != 0 && device != seen.device && inode != seen.inode;
    }
};

/// Something that keeps one file from being looked at or worked on. what() says what and why.
class Problem : public std::runtime_error {
  public:
    explicit Problem(const std::string& why, int error = 0, ChangeNote::Kind kind = ChangeNote::Kind::failed);
    [[nodiscard]] int error() const noexcept { return error_; }
    [[nodiscard]] ChangeNote::Kind kind() const noexcept { return kind_; }

  private:
    int error_;
    ChangeNote::Kind kind_;
};

/// An entry that does not exist where there is nothing. Throws Problem.
[[nodiscard]] Entry look(int directory, const std::string& name);
/// Of an open file.
[[nodiscard]] Entry look(int file);

[[nodiscard]] FileType type_of(const Entry& entry);

/// Whether there is no room, or no more for the caller.
[[nodiscard]] bool is_full(int error);

/// To read its content. Throws Problem.
[[nodiscard]] sys::UniqueFd open_file(int directory, const std::string& name);
/// To list it. Empty, with errno.
[[nodiscard]] sys::UniqueFd open_directory(int directory, const std::string& name) noexcept;
/// To go through it. Empty, with errno.
[[nodiscard]] sys::UniqueFd open_path(int directory, const std::string& name) noexcept;
/// An absolute canonical path, none of whose components is followed. Empty, with errno.
[[nodiscard]] sys::UniqueFd open_canonical(const std::string& path) noexcept;

/// Where a link leads. Throws Problem.
[[nodiscard]] std::string read_link(int directory, const std::string& name);

/// The names in a directory, without `.` and `..`, in the order of their bytes. Throws Problem.
[[nodiscard]] std::vector<std::string> names_in(int directory);

/// A path by which calls that take no directory reach an entry, which they must not follow; or a descriptor itself.
[[nodiscard]] std::string proc_path(int directory, const std::string& name);
[[nodiscard]] std::string proc_path(int descriptor);

}  // namespace sandbox::changes
