// Makes the host what the upper directories say, item by item.
#pragma once

#include "changes/selection.hpp"
#include "changes/store.hpp"

#include <sandbox/changes.hpp>

namespace sandbox::changes {

/// All that was selected. Throws Error where it cannot go on, as when a disk is full.
void apply_changes(const Store& store, const Selection& selection, const ApplyOptions& options,
                   const ChangeListener& listener);

}  // namespace sandbox::changes
