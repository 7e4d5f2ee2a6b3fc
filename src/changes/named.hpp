// The PATHs of a verb that stand for nothing: a slip is not to look like work that is done.
#pragma once

#include "changes/selection.hpp"
#include "changes/store.hpp"

namespace sandbox::changes {

/// Throws Error for one of which neither the host nor the runs have anything, and for one that is on the host, and gone
/// with a directory above it: that is a change of the directory. What cannot be looked at is passed over.
void check_named(const Store& store, const Selection& selection);

}  // namespace sandbox::changes
