// The records of all sandboxes of a user: what is in use, and what dead launchers have left.
#pragma once

#include "placeholder/record.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sandbox::placeholder {

/// Device and inode.
using Id = std::pair<dev_t, ino_t>;
/// Of several there may be one inode number: that of one which is gone is used again.
using Identities = std::set<Identity>;

/// What a look through the records found.
struct Sweep {
    Identities known;                   ///< placeholders that are in use
    std::vector<std::string> problems;  ///< lines for a person: what could not be cleared, and why
};

/// Removes the placeholders of dead launchers, and their records. Throws nothing for what it finds: a next start must
/// not fail for it.
Sweep sweep();
/// The same without removing anything.
[[nodiscard]] Identities known();

/// Whether what a path has just led to is one of them, and not what has got the number of one since; or is gone
/// already, or replaced. `id`: what was found. `followed`: at the end of a symbolic link, too.
[[nodiscard]] bool is_one_of(const Identities& placeholders, const Id& id, const std::string& path, bool followed);

/// Field 22 of /proc/PID/stat: pids are used again, this is not. 0 where there is no such process.
[[nodiscard]] std::uint64_t start_time(pid_t pid);

/// The paths of state.hpp for the calling process.
[[nodiscard]] std::vector<std::string> own_state_paths();

/// Removes the placeholders of dead launchers in one directory, which the caller has locked.
void sweep_state(int state, const std::string& path, const std::string& own, Sweep& found);

/// The placeholders of all records but `own`, in every directory of records.
[[nodiscard]] Identities others(const std::string& own);

/// Of all records but `own`: the placeholders that are one of these directories, with those above them, by group.
[[nodiscard]] std::vector<Group> holders_of(const std::set<Id>& directories, const std::string& own);

/// Removes what a record has made and no other needs, the last first. `directories`: those that are open, by group.
/// Returns lines for a person.
std::vector<std::string> remove_all(const Record& record, const Timestamp& noted, const std::vector<int>& directories,
                                    const Identities& needed);

/// When a record was last written to, before its placeholders were made.
[[nodiscard]] Timestamp noted_at(int record);

}  // namespace sandbox::placeholder
