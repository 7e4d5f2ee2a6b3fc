#include "table.hpp"

#include <algorithm>
#include <cstdio>

namespace bench {
namespace {

std::string formatted(const char* format, double value) {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

std::string render_text(const Table& table) {
    std::vector<std::size_t> widths;
    for (std::size_t column = 0; column < table.columns.size(); ++column) {
        widths.push_back(table.columns[column].size());
        for (const auto& row : table.rows) {
            widths[column] = std::max(widths[column], row[column].size());
        }
    }
    std::string text = table.title + "\n";
    const auto add_line = [&](const std::vector<std::string>& cells) {
        std::string line = "  " + cells[0] + std::string(widths[0] - cells[0].size(), ' ');
        for (std::size_t column = 1; column < cells.size(); ++column) {
            line += "  " + std::string(widths[column] - cells[column].size(), ' ') + cells[column];
        }
        text += line + "\n";
    };
    add_line(table.columns);
    std::for_each(table.rows.begin(), table.rows.end(), add_line);
    return text;
}

std::string render_markdown(const Table& table) {
    std::string text = "**" + table.title + "**\n\n";
    const auto add_line = [&](const std::vector<std::string>& cells) {
        for (const std::string& cell : cells) {
            text += "| " + cell + " ";
        }
        text += "|\n";
    };
    add_line(table.columns);
    text += "|---|";
    for (std::size_t column = 1; column < table.columns.size(); ++column) {
        text += "---:|";
    }
    text += "\n";
    std::for_each(table.rows.begin(), table.rows.end(), add_line);
    return text;
}

}  // namespace

std::string render(const Table& table, Format format) {
    std::string text = format == Format::text ? render_text(table) : render_markdown(table);
    for (const std::string& note : table.notes) {
        text += format == Format::text ? "  (" + note + ")\n" : "\n" + note + "\n";
    }
    return text + "\n";
}

std::string number(double value) {
    return formatted(value < 100 ? "%.1f" : "%.0f", value);
}
std::string ratio(double value) {
    return formatted("%.2f", value);
}

}  // namespace bench
