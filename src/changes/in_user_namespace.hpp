// Work on the files of a run by who is no root: in a user namespace where the ids that the run had are mapped, each to
// itself, one may do there what the run could do, and no more.
#pragma once

#include "changes/record.hpp"

#include <sandbox/changes.hpp>

#include <functional>

namespace sandbox::changes {

/// Calls `work` with a listener whose calls end in `listener`'s. Root works in this process; everybody else in a copy
/// of it, which is in a user namespace of its own with all capabilities there - but for whoever may make none, who
/// works with what permissions there are, if the runs had no ids but the caller's own. Throws what `work` throws as
/// Error.
void with_ids_of(const Record& record, const ChangeListener& listener,
                 const std::function<void(const ChangeListener&)>& work);

/// Gives a directory of the caller's to who has it in the tree that it stands for, who may be one of the ids of the
/// runs. Returns an errno; throws Error where these cannot be had.
[[nodiscard]] int dress_for(const Record& record, int directory, const Attributes& attributes);

}  // namespace sandbox::changes
