#include "spec/file_capabilities.hpp"

#include "spec/capabilities.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sandbox::spec {
namespace {

// linux/capability.h: a word of version and flags, then permitted and inheritable ones word by word, then the id of
// root. All words are little-endian.
constexpr std::size_t word = 4;
constexpr std::uint32_t effective_flag = 1;
constexpr unsigned bits = 64;

std::uint32_t word_at(std::string_view attribute, std::size_t number) {
    std::uint32_t value = 0;
    for (std::size_t byte = word; byte-- > 0;) {
        value = value << 8U | static_cast<unsigned char>(attribute[number * word + byte]);
    }
    return value;
}

struct Sets {
    bool effective = false;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;
    std::uint32_t root = 0;
};

// False for none of the versions 1 to 3.
bool read(std::string_view attribute, Sets& sets) {
    constexpr std::array<std::size_t, 4> words_of_version = {0, 3, 5, 6};
    if (attribute.size() < word) {
        return false;
    }
    const std::uint32_t head = word_at(attribute, 0);
    const std::uint32_t version = head >> 24U;
    if (version == 0 || version >= words_of_version.size() || attribute.size() != word * words_of_version.at(version)) {
        return false;
    }
    sets.effective = (head & effective_flag) != 0;
    sets.permitted = word_at(attribute, 1);
    sets.inheritable = word_at(attribute, 2);
    if (version > 1) {
        sets.permitted |= std::uint64_t{word_at(attribute, 3)} << 32U;
        sets.inheritable |= std::uint64_t{word_at(attribute, 4)} << 32U;
    }
    sets.root = version > 2 ? word_at(attribute, 5) : 0;
    return true;
}

std::string names_in(std::uint64_t set) {
    constexpr std::uint64_t all = (std::uint64_t{1} << capability_count) - 1;
    if ((set & all) == all) {
        return "all";
    }
    std::string text;
    for (unsigned number = 0; number < bits; ++number) {
        if ((set >> number & 1U) != 0) {
            text += text.empty() ? "" : ",";
            text += number < capability_count ? "cap_" + std::string(capability_names.at(number))
                                              : std::to_string(number);  // of a later kernel
        }
    }
    return text;
}

}  // namespace

std::string file_capabilities_text(std::string_view attribute) {
    Sets sets;
    if (!read(attribute, sets)) {
        return "capabilities of an unknown form";
    }
    const std::uint64_t both = sets.permitted & sets.inheritable;
    const std::string effective = sets.effective ? "e" : "";
    std::string text;
    for (const auto& [set, flags] :
         {std::pair{both, "ip"}, std::pair{sets.permitted & ~both, "p"}, std::pair{sets.inheritable & ~both, "i"}}) {
        if (set != 0) {
            text += (text.empty() ? "" : " ") + names_in(set) + "=" + effective + flags;
        }
    }
    if (text.empty()) {
        return "empty capabilities";
    }
    return sets.root == 0 ? text : text + " [rootid=" + std::to_string(sets.root) + "]";
}

}  // namespace sandbox::spec
