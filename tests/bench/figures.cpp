// What a worker sends back, as text: one line a row, cells separated by tabs.
#include "sections.hpp"

#include <algorithm>
#include <sstream>

namespace bench {
namespace {

std::string on_one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n'; }, ' ');
    return text;
}

}  // namespace

std::string Figures::encode() const {
    std::ostringstream text;
    text.precision(17);
    for (const Row& row : rows) {
        text << "row\t" << row.name << '\t' << on_one_line(row.failure);
        for (const double value : row.values) {
            text << '\t' << value;
        }
        text << '\n';
    }
    for (const std::string& note : notes) {
        text << "note\t" << on_one_line(note) << '\n';
    }
    return text.str();
}

Figures Figures::decode(const std::string& text) {
    Figures figures;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream cells(line);
        std::string kind;
        std::getline(cells, kind, '\t');
        std::string first;
        std::getline(cells, first, '\t');
        if (kind == "note") {
            figures.notes.push_back(first);
            continue;
        }
        Row row;
        row.name = first;
        std::getline(cells, row.failure, '\t');
        for (std::string cell; std::getline(cells, cell, '\t');) {
            row.values.push_back(std::stod(cell));
        }
        figures.rows.push_back(std::move(row));
    }
    return figures;
}

const Figures::Row* Figures::find(const std::string& name) const {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& each) { return each.name == name; });
    return row == rows.end() || !row->failure.empty() ? nullptr : &*row;
}

std::vector<std::string> Figures::remarks() const {
    std::vector<std::string> remarks = notes;
    for (const Row& row : rows) {
        if (!row.failure.empty()) {
            remarks.push_back(row.name + " FAILED: " + row.failure);
        }
    }
    return remarks;
}

Figures summarise(const std::vector<Command>& commands, const std::vector<Samples>& samples) {
    Figures figures;
    for (std::size_t i = 0; i < commands.size(); ++i) {
        Figures::Row row{commands[i].name, {}, samples[i].failure};
        if (row.failure.empty()) {
            const Summary summary = summarise(samples[i].microseconds);
            row.values = {summary.median, summary.p10, summary.p99};
        }
        figures.rows.push_back(std::move(row));
    }
    return figures;
}

}  // namespace bench
