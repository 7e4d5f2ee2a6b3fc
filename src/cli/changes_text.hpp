// What the verbs about changes print. Pure: no name can drive a terminal.
#pragma once

#include <sandbox/changes.hpp>

#include <string>

namespace sandbox::cli {

/// `modified  /srv/x`, with a newline.
[[nodiscard]] std::string change_line(const Change& change, bool colours);
/// An object of JSON, in one line, without one at the end.
[[nodiscard]] std::string change_json(const Change& change);
/// `214 added, 3 modified`; `nothing`.
[[nodiscard]] std::string counts_text(const ChangeCounts& counts);
/// A line for each kind there is, with a newline each.
[[nodiscard]] std::string stat_text(const ChangeCounts& counts, std::uint64_t bytes_before, std::uint64_t bytes_after);
/// `sandbox: /srv/x: ...`, with a newline.
[[nodiscard]] std::string note_line(const ChangeNote& note);
/// A patch, in the colours of its lines.
[[nodiscard]] std::string patch_text(const std::string& patch, bool colours);

}  // namespace sandbox::cli
