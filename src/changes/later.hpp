// What the host has changed by itself since the first run began.
#pragma once

#include "changes/entry.hpp"
#include "changes/journal.hpp"
#include "changes/record.hpp"

#include <optional>
#include <string>

namespace sandbox::changes {

/// Whether somebody else has changed that since.
[[nodiscard]] bool is_later(const Entry& entry, const Timestamp& began, const Journal& journal);

/// The first thing in a tree that somebody has changed since, or that lies in another file system: its name below
/// `directory`. Throws Problem.
[[nodiscard]] std::optional<std::string> find_later(int directory, const std::string& name, const Timestamp& began,
                                                    const Journal& journal);

}  // namespace sandbox::changes
