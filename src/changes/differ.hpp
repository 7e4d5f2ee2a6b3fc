// From what stands in upper directories and on the host to the changes that a person reads.
#pragma once

#include "changes/compare.hpp"
#include "changes/store.hpp"
#include "changes/walk.hpp"

#include <sandbox/changes.hpp>

#include <optional>

namespace sandbox::changes {

/// What an item changes; nothing where that is nothing. Throws Problem.
[[nodiscard]] std::optional<Change> change_of(const Item& item);
/// The same where it is known what differs.
[[nodiscard]] std::optional<Change> change_of(const Item& item, const Difference& difference);
/// Of the top of an overlay.
[[nodiscard]] std::optional<Change> change_of_top(const std::string& path, const Level& level,
                                                  const Difference& difference);

/// All that were selected, in order.
void find_changes(const Store& store, const Selection& selection, bool patch, const ChangeListener& listener);

}  // namespace sandbox::changes
