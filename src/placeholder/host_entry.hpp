// One placeholder on the host: made, recognised, removed. Every path is walked from a descriptor of the directory that
// holds it, and no symbolic link is followed.
#pragma once

#include "placeholder/record.hpp"

#include <optional>

namespace sandbox::placeholder {

/// An errno: ENOENT, ENOTDIR, ELOOP (a symbolic link on the way)... or 0 and the identity.
int identify(int directory, const std::string& name, bool is_directory, Identity& identity);

/// What stands at the path; nothing where that cannot be seen. `followed`: what the path leads to.
[[nodiscard]] std::optional<Identity> identify(const std::string& path, bool followed);

/// Makes the entry: a file without permissions, or a directory. Returns an errno; EEXIST where something is there.
int make_entry(int directory, const Entry& entry);

enum class Removal {
    removed,
    gone,     ///< nothing is there
    in_use,   ///< a directory with something in it: it has become a directory like any other
    foreign,  ///< something else is there
    failed,
};

/// Removes the entry if it is still exactly what was made. One whose identity was not noted any more, because the
/// launcher was killed at that moment, is recognised by what nobody else makes: an empty file or directory of the
/// caller's own with the odd permissions of ours, not touched since, and not older than `noted`. `caller`: geteuid(2).
Removal remove_entry(int directory, const Entry& entry, const Timestamp& noted, uid_t caller);

}  // namespace sandbox::placeholder
