// A table of figures, printed for people or as Markdown.
#pragma once

#include <string>
#include <vector>

namespace bench {

struct Table {
    std::string title;
    std::vector<std::string> columns;  ///< the first names the rows
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> notes;  ///< what the reader has to know: a rival that is missing or failed
};

enum class Format { text, markdown };

[[nodiscard]] std::string render(const Table& table, Format format);

/// 1234.5 microseconds -> "1234", 12.3 -> "12.3".
[[nodiscard]] std::string number(double value);
/// "0.57".
[[nodiscard]] std::string ratio(double value);

}  // namespace bench
