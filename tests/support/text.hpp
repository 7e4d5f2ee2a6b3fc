// Reading what programs print.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox_test {

bool contains(std::string_view text, std::string_view part);
/// How often `part` stands in `text`, without overlap.
std::size_t count(std::string_view text, std::string_view part);
/// The lines, without their ends.
std::vector<std::string> lines_of(const std::string& text);
/// The words between blanks.
std::vector<std::string> words_of(const std::string& text);
/// All but the blanks and line ends at both ends.
std::string trimmed(std::string_view text);
/// The line that begins with `start`, and an empty one where there is none.
std::string line_starting(const std::string& text, std::string_view start);
/// Whether one of the lines is exactly `line`.
bool has_line(const std::string& text, std::string_view line);

}  // namespace sandbox_test
