// The valid spelling nearest to a mistyped one.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sandbox::cli {

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

/// The candidate that was most likely meant; empty where none is near.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sandbox::cli
