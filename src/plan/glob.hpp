// Patterns of path components: `*`, `?`, `[a-z]`, `[!a-z]`; a backslash takes its meaning from what follows. Unlike a
// shell's, they match a leading dot, too: what is to be hidden is not to escape by its name. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sandbox::plan {

/// Whether there is anything of a pattern in the text.
[[nodiscard]] bool is_pattern(std::string_view text);
/// The text without its backslashes.
[[nodiscard]] std::string unquoted(std::string_view text);
/// Whether a component matches a pattern. Bytes, not characters of the locale, but `?` takes a whole UTF-8 one.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name);

}  // namespace sandbox::plan
