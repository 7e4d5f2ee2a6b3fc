// Words as the user would type them in a shell, for messages.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sandbox::cli {

/// The word as a shell reads it back; very long ones are cut and end in `...`.
[[nodiscard]] std::string quoted(std::string_view word);

/// The word to be pasted into a shell: whole, and with what would drive the terminal as an escape that the shell reads
/// back.
[[nodiscard]] std::string to_paste(std::string_view word);

/// Words joined to a command line, cut likewise.
[[nodiscard]] std::string command_line(std::span<const std::string> words);

}  // namespace sandbox::cli
