// Goes through a tree of the host's: by descriptors, never along a link, and in one mount only. What it holds is the
// names of the directories on the way, and a bounded number of descriptors.
#pragma once

#include "changes/entry.hpp"

#include <functional>
#include <optional>
#include <string>

namespace sandbox::changes {

/// Something in a tree.
struct Found {
    int directory;
    const std::string& name;
    const Entry& entry;
    bool elsewhere;  ///< in another mount
};

enum class Way { into, past, stop };

/// Asks `met` about what has that name in a directory, and about all below it, each directory before what is in it;
/// nothing there is fine. Where it is to stop: the name of that, below `directory`. Throws Problem.
[[nodiscard]] std::optional<std::string> find_in_tree(int directory, const std::string& name,
                                                      const std::function<Way(const Found&)>& met);

/// Calls back for each file in a tree that has several names, once for each of them; as far as the tree can be looked
/// through.
void for_each_with_other_names(int directory, const std::string& name, const std::function<void(const Entry&)>& met);

}  // namespace sandbox::changes
