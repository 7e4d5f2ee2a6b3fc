// The command line as words: which are options, which are values. No meaning yet.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::cli {

/// An option as far as its form goes.
struct Form {
    std::string_view name;      ///< without the two dashes
    std::string_view argument;  ///< empty for a flag
    [[nodiscard]] constexpr bool takes_value() const { return !argument.empty(); }
};

/// What is wrong with a word for its form alone.
enum class Misuse : std::uint8_t {
    needs_value,  ///< nothing behind an option that takes a value
    takes_none,   ///< `--flag=value`
};

/// An option with its value, or a word that is none.
struct Word {
    std::string text;                  ///< as typed, without a value that follows as a word of its own
    std::string option;                ///< the name without dashes, known or not; empty: not an option
    std::optional<std::string> value;  ///< of a known option
    bool value_is_next_word = false;   ///< `--name value`, not `--name=value`
    std::optional<Misuse> misuse;      ///< set on the last word only: what stands behind it was not read
};

/// The words in the order given. `arguments` is what stands before the first `--`, without the program's name.
[[nodiscard]] std::vector<Word> split(std::span<const std::string> arguments, std::span<const Form> options);

}  // namespace sandbox::cli
