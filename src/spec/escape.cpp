// See escape.hpp.
#include "spec/escape.hpp"

#include <cstddef>
#include <cstdint>

namespace sandbox::spec {
namespace {

/// One character at the start of a text: its code point and its bytes.
struct Character {
    std::uint32_t code = 0;
    std::size_t length = 0;  ///< 0: not UTF-8
};

/// Shortest forms only, no surrogates, nothing above U+10FFFF: what other decoders would read differently is invalid.
Character decode(std::string_view text) {
    const auto byte = [text](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at]));
    };
    const std::uint32_t first = byte(0);
    if (first < 0x80) {
        return {first, 1};
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (first < 0xc2 || first > 0xf4 || text.size() < length) {
        return {};
    }
    std::uint32_t code = first & (0xffU >> (length + 1));
    for (std::size_t at = 1; at < length; ++at) {
        if ((byte(at) & 0xc0U) != 0x80U) {
            return {};
        }
        code = (code << 6) | (byte(at) & 0x3fU);
    }
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < smallest[length] || code > 0x10ffff || surrogate) {
        return {};
    }
    return {code, length};
}

bool drives_the_terminal(std::uint32_t code) {
    const bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    const bool line_or_direction = code == 0x61c || code == 0x200e || code == 0x200f ||  //
                                   (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return control || line_or_direction;
}

void append_hex(std::string& out, char byte) {
    constexpr std::string_view hex = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    out += "\\x";
    out += hex[value >> 4];
    out += hex[value & 0xfU];
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Character character = decode(text);
        const std::size_t length = character.length == 0 ? 1 : character.length;
        if (character.length != 0 && !drives_the_terminal(character.code)) {
            out += text.substr(0, length);
        } else {
            for (const char byte : text.substr(0, length)) {
                append_hex(out, byte);
            }
        }
        text.remove_prefix(length);
    }
    return out;
}

}  // namespace sandbox::spec
