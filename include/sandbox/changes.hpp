// What runs with `--changes DIR` have changed: looked at, put on the host, forgotten. sandbox-diff(1),
// sandbox-apply(1), sandbox-discard(1).
//
// All functions throw Error where DIR is not what it should be, or is being used. Where the calling process is not
// root, they work in a forked process with a user namespace of its own, in which the ids that the runs had are mapped;
// what they call back runs in the calling process and thread. The names that they give are any bytes: to be escaped
// before a terminal sees them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sandbox {

enum class ChangeKind : std::uint8_t {
    added,
    modified,  ///< the content of a file
    deleted,   ///< with all below it
    type,      ///< a directory where a file was, and the like
    mode,      ///< permissions, owner, time or attributes, the content being the same
    symlink,   ///< a link leads elsewhere
    unlinked,  ///< modified, and it had further names, which keep the old content
};
inline constexpr std::size_t change_kinds = 7;
/// As the verbs call it.
[[nodiscard]] const char* name_of(ChangeKind kind);

enum class FileType : std::uint8_t { none, file, directory, symlink, fifo, socket, character_device, block_device };
[[nodiscard]] const char* name_of(FileType type);

/// One side of a change. All but `type` is 0 where there is nothing.
struct ChangedFile {
    FileType type = FileType::none;
    mode_t mode = 0;  ///< permissions alone
    uid_t uid = 0;
    gid_t gid = 0;
    std::uint64_t size = 0;
    std::string target = {};        ///< of a link
    std::string capabilities = {};  ///< of a file, as getcap(8) shows them with -n; empty where it has none
};

struct Change {
    ChangeKind kind = ChangeKind::added;
    std::string path;  ///< on the host, absolute
    ChangedFile before;
    ChangedFile after;
    bool content = false;  ///< what differs, where there is something on both sides
    bool mode = false;
    bool owner = false;
    bool time = false;
    bool attributes = false;
    std::string patch;  ///< where it was asked for: a unified diff, or a line that says why there is none
};

/// How many there are, indexed by ChangeKind.
struct ChangeCounts {
    std::array<std::uint64_t, change_kinds> of{};
    [[nodiscard]] std::uint64_t operator[](ChangeKind kind) const { return of.at(static_cast<std::size_t>(kind)); }
    [[nodiscard]] std::uint64_t all() const;
};

/// What is told of one file beside the changes.
struct ChangeNote {
    enum class Kind : std::uint8_t {
        conflict,  ///< the host has changed it, too: not applied
        refused,   ///< it is nothing that can be understood, or may be put on the host: passed over
        failed,    ///< an error of the host's
        dropped,   ///< applied without its set-id bits or capabilities
        limited,   ///< said once: what the caller may not set
    };
    Kind kind = Kind::failed;
    std::string path;
    std::string text;  ///< what and why
};

struct ChangeProgress {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};

struct ChangeListener {
    std::function<void(const Change&)> change;
    std::function<void(const ChangeNote&)> note;
    std::function<void(const ChangeProgress&)> progress;  ///< from time to time
};

struct DiffOptions {
    std::vector<std::string> paths;  ///< of the host, relative to the current directory; empty: all
    bool patch = false;
};
/// Calls back for each change, in the order of the paths. Throws Error also for a path of which neither the host nor
/// the changes have anything.
ChangeCounts diff(const std::string& directory, const DiffOptions& options, const ChangeListener& listener);

struct ApplyOptions {
    std::vector<std::string> paths;  ///< as above
    bool force = false;              ///< also over what the host has changed since the first run
    bool keep_set_id = false;        ///< set-user-id and set-group-id bits
    bool keep_capabilities = false;  ///< of files
    bool dry_run = false;            ///< nothing is done, neither on the host nor in the directory
};
/// Calls back for each change that was made. What was told by a note of the first three kinds is not done; calling
/// again does the rest. A dry run calls back for what would be done and told; not for errors of the host's and limits
/// of the caller's that only trying shows.
ChangeCounts apply(const std::string& directory, const ApplyOptions& options, const ChangeListener& listener);

/// Removes the directory and all in it.
void discard(const std::string& directory, const ChangeListener& listener);

}  // namespace sandbox
