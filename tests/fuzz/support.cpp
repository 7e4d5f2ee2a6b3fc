#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace sandbox_fuzz {

void must(bool holds, std::string_view what) {
    if (!holds) {
        std::fputs(("does not hold: " + std::string(what) + "\n").c_str(), stderr);
        std::abort();
    }
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string& word = words.emplace_back(text.substr(0, end));
        std::ranges::replace(word, '\0', '\n');
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

}  // namespace sandbox_fuzz
