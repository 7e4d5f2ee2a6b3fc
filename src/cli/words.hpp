// What is said about words of a command line that are no options, or are used wrongly.
#pragma once

#include "cli/program_options.hpp"

#include <span>
#include <string>
#include <string_view>

namespace sandbox::cli {

/// `--name`
[[nodiscard]] std::string dashed(std::string_view name);

/// Throws Error for an option without its value, with one too many, or with one that looks like an option.
void check_form(const Form& option, const Word& word);

/// Throws Error that offers the nearest name.
[[noreturn]] void refuse_unknown(const Word& word, std::span<const Form> options, const std::string& where_to_look);

}  // namespace sandbox::cli
