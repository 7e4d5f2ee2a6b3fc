// See quote.hpp.
#include "cli/quote.hpp"

#include <algorithm>
#include <cstddef>

namespace sandbox::cli {
namespace {

constexpr std::size_t longest_word = 200;
constexpr std::size_t longest_line = 400;

bool plain(char c) {
    constexpr std::string_view harmless = "%+,-./:=@_^";
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || harmless.find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::string quoted(std::string_view word) {
    const bool cut = word.size() > longest_word;
    word = word.substr(0, longest_word);
    std::string text;
    if (!word.empty() && std::ranges::all_of(word, plain)) {
        text = word;
    } else {
        text = "'";
        for (const char c : word) {
            text += c == '\'' ? std::string("'\\''") : std::string(1, c);
        }
        text += "'";
    }
    return cut ? text + "..." : text;
}

std::string command_line(std::span<const std::string> words) {
    std::string line;
    for (const std::string& word : words) {
        if (line.size() > longest_line) {
            return line + " ...";
        }
        line += line.empty() ? "" : " ";
        line += quoted(word);
    }
    return line;
}

}  // namespace sandbox::cli
