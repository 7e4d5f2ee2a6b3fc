#include "plan/glob.hpp"

#include <cstddef>

namespace sandbox::plan {
namespace {

constexpr std::size_t none = std::string_view::npos;

// The length of the character that the text begins with: a byte, where it is no UTF-8.
std::size_t character(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    for (std::size_t at = 1; at < length; ++at) {
        if (at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80) {
            return 1;
        }
    }
    return length;
}

// `[...]` at the front of the pattern: whether the byte is one of them, and how long that is; none where there is no
// closing bracket: then it is a bracket like any letter.
std::size_t read_set(std::string_view pattern, char byte, bool& found) {
    std::size_t at = 1;
    const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
    at += negated ? 1 : 0;
    found = false;
    for (bool first = true; at < pattern.size() && (pattern[at] != ']' || first); first = false) {
        at += pattern[at] == '\\' && at + 1 < pattern.size() ? 1 : 0;
        const auto low = static_cast<unsigned char>(pattern[at++]);
        auto high = low;
        if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
            high = static_cast<unsigned char>(pattern[at + 1]);
            at += 2;
        }
        const auto wanted = static_cast<unsigned char>(byte);
        found = found || (low <= wanted && wanted <= high);
    }
    if (at >= pattern.size()) {
        return none;
    }
    found = found != negated;
    return at + 1;
}

// One element at the front of the pattern against the front of the name; 0 where they differ.
std::size_t step(std::string_view pattern, std::string_view name, std::size_t& taken) {
    taken = 1;
    switch (pattern[0]) {
        case '?':
            return character(name);
        case '[': {
            bool found = false;
            const std::size_t length = read_set(pattern, name[0], found);
            if (length != none) {
                taken = length;
                return found ? 1 : 0;
            }
            return name[0] == '[' ? 1 : 0;
        }
        case '\\':
            taken = pattern.size() > 1 ? 2 : 1;
            return pattern[taken - 1] == name[0] ? 1 : 0;
        default:
            return pattern[0] == name[0] ? 1 : 0;
    }
}

}  // namespace

bool is_pattern(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '*' || text[at] == '?' || text[at] == '[') {
            return true;
        }
    }
    return false;
}

std::string unquoted(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        at += text[at] == '\\' && at + 1 < text.size() ? 1 : 0;
        plain += text[at];
    }
    return plain;
}

// The last star is the only one that has to be tried again: what an earlier one would take, it can take, too.
bool matches(std::string_view pattern, std::string_view name) {
    std::size_t in_pattern = 0;
    std::size_t in_name = 0;
    std::size_t star = none;
    std::size_t star_name = 0;
    while (in_name < name.size()) {
        std::size_t taken = 0;
        if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
            star = ++in_pattern;
            star_name = in_name;
            continue;
        }
        const std::size_t length =
            in_pattern < pattern.size() ? step(pattern.substr(in_pattern), name.substr(in_name), taken) : 0;
        if (length != 0) {
            in_pattern += taken;
            in_name += length;
        } else if (star != none) {
            in_pattern = star;
            in_name = ++star_name;
        } else {
            return false;
        }
    }
    while (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
        ++in_pattern;
    }
    return in_pattern == pattern.size();
}

}  // namespace sandbox::plan
