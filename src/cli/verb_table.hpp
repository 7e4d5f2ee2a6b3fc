// The verbs: what sandbox does beside running a command. Name, arguments and help text stand here once, and serve the
// parser, --help and the test that holds the man page. A verb is the first word; behind `--` it is a command.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sandbox::cli {

enum class VerbId : std::uint8_t {
    gc,
};

struct Verb {
    VerbId id;
    std::string_view name;
    std::string_view arguments;  ///< as --help and the man page call them; empty for none
    std::string_view help;
};

inline constexpr auto verb_table = std::to_array<Verb>({
    {VerbId::gc, "gc", "", "Remove what killed sandboxes have left; every start does the same."},
});

/// The verb of that name; null where there is none.
[[nodiscard]] const Verb* find_verb(std::string_view name);

}  // namespace sandbox::cli
