// See quote.hpp.
#include "cli/quote.hpp"

#include "spec/escape.hpp"

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

std::string in_quotes(std::string_view word) {
    if (!word.empty() && std::ranges::all_of(word, plain)) {
        return std::string(word);
    }
    std::string text = "'";
    for (const char c : word) {
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return text + "'";
}

}  // namespace

std::string quoted(std::string_view word) {
    return word.size() > longest_word ? in_quotes(word.substr(0, longest_word)) + "..." : in_quotes(word);
}

std::string to_paste(std::string_view word) {
    if (spec::escaped(word) == word) {
        return in_quotes(word);
    }
    std::string text = "$'";
    for (const char c : word) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\'' || c == '\\') {
            text += {'\\', c};
        } else if (byte < 0x20 || byte >= 0x7f) {
            for (const char digit :
                 {'\\', static_cast<char>('0' + (byte >> 6U)), static_cast<char>('0' + ((byte >> 3U) & 7U)),
                  static_cast<char>('0' + (byte & 7U))}) {
                text += digit;
            }
        } else {
            text += c;
        }
    }
    return text + "'";
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
