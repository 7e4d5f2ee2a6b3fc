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

}  // namespace sandbox::changes
