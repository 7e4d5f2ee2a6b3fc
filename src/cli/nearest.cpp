// See nearest.hpp.
#include "cli/nearest.hpp"

#include <algorithm>
#include <vector>

namespace sandbox::cli {

std::size_t edit_distance(std::string_view from, std::string_view to) {
    // Rows of the usual table: distances of the prefixes of `from` that are two, one and no letters shorter.
    std::vector<std::size_t> before_last(to.size() + 1);
    std::vector<std::size_t> last(to.size() + 1);
    std::vector<std::size_t> row(to.size() + 1);
    for (std::size_t j = 0; j <= to.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= from.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[to.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    constexpr std::size_t longest_name = 64;
    if (word.empty() || word.size() > longest_name) {
        return {};
    }
    std::string_view best;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    if (!best.empty()) {
        return best;
    }
    // An abbreviation, where only one name can be meant.
    const auto begins = [word](std::string_view candidate) { return candidate.starts_with(word); };
    const auto first = std::ranges::find_if(candidates, begins);
    return std::ranges::count_if(candidates, begins) == 1 ? *first : std::string_view{};
}

}  // namespace sandbox::cli
