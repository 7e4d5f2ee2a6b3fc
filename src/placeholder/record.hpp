// What stands in a record: the placeholders of one sandbox, and how each is recognised. Text to values and back. Pure.
//
// A record is written before the first of its placeholders is made. So a line that was cut off by a full disk or a
// killed launcher stands for nothing on the host, and is passed over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <sys/types.h>

namespace sandbox::placeholder {

struct Timestamp {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    friend bool operator==(const Timestamp&, const Timestamp&) = default;
    friend bool operator<(const Timestamp& one, const Timestamp& other) {
        return std::tie(one.seconds, one.nanoseconds) < std::tie(other.seconds, other.nanoseconds);
    }
};

/// What tells a placeholder from everything that may stand under its name later. Inode numbers are used again: the
/// times are not. A directory's time of change says nothing, as it changes with what is made in it.
struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    Timestamp changed;  ///< st_ctime; of a file only
    Timestamp born;     ///< stx_btime, where the file system has it
    friend bool operator==(const Identity&, const Identity&) = default;
    friend bool operator<(const Identity& one, const Identity& other) {
        return std::tie(one.device, one.inode, one.changed, one.born) <
               std::tie(other.device, other.inode, other.changed, other.born);
    }
};

struct Entry {
    std::string name;  ///< relative to its directory; all above the last component are entries before it
    bool directory = false;
    bool made = false;  ///< the identity is known
    Identity identity;
};

/// Placeholders below one directory of the host.
struct Group {
    std::string path;  ///< absolute
    dev_t device = 0;
    ino_t inode = 0;
    std::vector<Entry> entries;
};

struct Record {
    std::vector<Group> groups;
    pid_t init = 0;                ///< of the sandbox, as the writer saw it; 0: not started yet
    std::uint64_t init_start = 0;  ///< field 22 of its /proc/PID/stat
};

/// What is written before anything is made.
[[nodiscard]] std::string intent_text(const Record& record);
/// What is added once all are made: their identities.
[[nodiscard]] std::string identity_text(const Record& record);
/// What is added once init runs.
[[nodiscard]] std::string init_text(const Record& record);

/// Lines that are none, or are cut off, are passed over.
[[nodiscard]] Record parse_record(std::string_view text);

/// Whether the name stays below its directory, component by component.
[[nodiscard]] bool is_plain(std::string_view name);

}  // namespace sandbox::placeholder
