// Removes trees that somebody else has filled: by descriptors, never along a link, and in one mount only.
#pragma once

#include <string>

namespace sandbox::changes {

/// Removes what has that name in a directory, with all below it. Nothing there is fine. Throws Problem.
void remove_tree(int directory, const std::string& name);

}  // namespace sandbox::changes
