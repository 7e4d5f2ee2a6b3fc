// Text from outside (file names, arguments) made harmless before a terminal shows it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sandbox::spec {

/// The text with every byte of a control character (C0, DEL, C1, and the ones that turn the direction of writing) and
/// of invalid UTF-8 as \xNN. A newline counts as a control character. Everything else stays.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace sandbox::spec
