#include "support/text.hpp"

#include <algorithm>
#include <sstream>

namespace sandbox_test {

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t number = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) {
        ++number;
    }
    return number;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    std::istringstream stream(text);
    for (std::string word; stream >> word;) {
        words.push_back(word);
    }
    return words;
}

std::string trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(first, text.find_last_not_of(" \t\n") - first + 1));
}

std::string line_starting(const std::string& text, std::string_view start) {
    for (const std::string& line : lines_of(text)) {
        if (line.starts_with(start)) {
            return line;
        }
    }
    return {};
}

bool has_line(const std::string& text, std::string_view line) {
    const std::vector<std::string> lines = lines_of(text);
    return std::ranges::find(lines, line) != lines.end();
}

}  // namespace sandbox_test
