// Tables for a terminal.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace sandbox::cli {

using Row = std::vector<std::string>;

/// Columns as wide as their widest cell, two blanks between them, no blanks at the end of a line.
[[nodiscard]] std::string table_text(std::span<const Row> rows);

}  // namespace sandbox::cli
