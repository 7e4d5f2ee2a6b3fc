// The credential stores: what --home ro leaves out, what the current directory never uncovers, and what of the system
// only root could read. One list, to be read.
#pragma once

#include "host/facts.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::plan {

/// Below a home. The last component may be a pattern (glob.hpp).
[[nodiscard]] std::span<const std::string_view> home_stores();
/// Of the system: absolute. Hidden when the caller is root, as nobody else could read them.
[[nodiscard]] std::span<const std::string_view> system_stores();

/// Whether a path relative to a home is in a store or is one.
[[nodiscard]] bool is_in_store(std::string_view relative);

/// Whether a store of this home is in a directory, or the directory in it, wherever symbolic links lead. Of a pattern,
/// in the directory that it is about or above.
[[nodiscard]] bool holds_store(const host::Tree& tree, const std::string& home, const std::string& canonical);

/// The stores below `base` (a home, or an empty string for those of the system): patterns become what they match; a
/// path without one stands for itself where the directory above it exists, or with `existing` where it does.
[[nodiscard]] std::vector<std::string> find_stores(const host::Tree& tree, const std::string& base,
                                                   std::span<const std::string_view> stores, bool existing);

}  // namespace sandbox::plan
