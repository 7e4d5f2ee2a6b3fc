// What `sandbox` is compared with.
#pragma once

#include "measure.hpp"
#include "place.hpp"

#include <string>
#include <vector>

namespace bench {

/// Command lines that run `noop`, `sandbox` always the first, and who is missing or does not work here, and why.
struct Rivals {
    std::vector<Command> commands;
    std::vector<std::string> notes;
};

/// All of them. To be called by the caller and in the mounts that they will be measured with: each has to prove that it
/// runs a command here. Throws when `sandbox` cannot.
[[nodiscard]] Rivals find_rivals(const Place& place);

/// An option of `sandbox` and the one of bubblewrap that does the same, each repeated with every path.
[[nodiscard]] Command sandbox_with_binds(const Place& place, const std::vector<std::string>& paths);
[[nodiscard]] Command bubblewrap_with_binds(const Place& place, const std::vector<std::string>& paths);

/// Moves the commands that do not work here into the notes. Throws when the first does not.
[[nodiscard]] Rivals only_working(std::vector<Command> commands);

/// A table's first column, and the name in its notes.
inline constexpr const char* sandbox_name = "sandbox";
inline constexpr const char* floor_name = "floor (C, same calls)";
inline constexpr const char* unshare_name = "unshare";
inline constexpr const char* bubblewrap_name = "bwrap";

}  // namespace bench
