// Removes trees that somebody else has filled: by descriptors, never along a link, and in one mount only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace sandbox::changes {

/// Removes what has that name in a directory, with all below it. Nothing there is fine. From time to time `told` hears
/// how many more are gone. Throws Problem.
void remove_tree(int directory, const std::string& name, const std::function<void(std::uint64_t)>& told = {});

}  // namespace sandbox::changes
