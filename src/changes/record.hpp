// What stands in the `sandbox.json` of a directory of changes: values to text and back. Pure.
//
// The text of a record is one text: what parse_record() took is written back byte for byte. So whatever somebody has
// changed in it is found, and so is one that was cut off.
#pragma once

#include <sandbox/spec.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace sandbox::changes {

struct Timestamp {
    std::int64_t seconds = 0;
    std::uint32_t nanoseconds = 0;
    friend bool operator==(const Timestamp&, const Timestamp&) = default;
    friend bool operator>(const Timestamp& one, const Timestamp& other) {
        return one.seconds > other.seconds || (one.seconds == other.seconds && one.nanoseconds > other.nanoseconds);
    }
};

/// Who may do what with the top directory of a tree.
struct Attributes {
    mode_t mode = 0;  ///< permissions alone
    uid_t uid = 0;
    gid_t gid = 0;
    friend bool operator==(const Attributes&, const Attributes&) = default;
};

/// Which directory that was: of another file system than now if both differ. A path to the same one through another
/// mount has the same number, and after a reboot a file system may have another device.
struct Seen {
    dev_t device = 0;
    ino_t inode = 0;  ///< 0: unknown
};

struct Overlay {
    std::string path;     ///< of the lower tree: absolute, without links, `.` and `..`
    unsigned number = 0;  ///< of its directories in DIR
    Attributes root;      ///< what `upper` was made with: what differs later was changed inside
    Seen seen = {};       ///< the lower tree's top, when the first run began
};

struct Record {
    Timestamp began;  ///< by the clock, before the first run
    uid_t uid = 0;    ///< the caller's
    gid_t gid = 0;
    std::vector<IdRange> users;  ///< what the ids of the inside are in the caller's user namespace
    std::vector<IdRange> groups;
    std::vector<Overlay> overlays;
};

inline constexpr std::uint64_t record_format = 1;
inline constexpr std::size_t most_overlays = 4096;

/// A text that is no record. what() says why, in the words of a file that `is ...`.
class BadRecord : public std::runtime_error {
  public:
    explicit BadRecord(const std::string& why, bool version = false) : std::runtime_error(why), version_(version) {}
    /// It was written by another version of the program.
    [[nodiscard]] bool is_version() const noexcept { return version_; }

  private:
    bool version_;
};

[[nodiscard]] std::string record_text(const Record& record);
/// Throws BadRecord.
[[nodiscard]] Record parse_record(std::string_view text);

/// Whether a path is absolute and in the one form that leads to itself alone.
[[nodiscard]] bool is_canonical(std::string_view path);

}  // namespace sandbox::changes
