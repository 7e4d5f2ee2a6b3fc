// Sandboxes per second, with several at once.
#include "rivals.hpp"
#include "sections.hpp"

#include <array>

namespace bench {
namespace {

constexpr std::array<std::size_t, 4> at_once = {1, 2, 8, 32};

// The rivals take turns, slice by slice; the median of each one's slices counts.
Figures measure(const std::vector<Command>& commands, std::size_t slices, double seconds) {
    Figures figures;
    for (const Command& command : commands) {
        figures.rows.push_back({command.name, {}, ""});
    }
    for (const std::size_t parallel : at_once) {
        std::vector<std::vector<double>> rates(commands.size());
        for (std::size_t slice = 0; slice < slices; ++slice) {
            for (std::size_t i = 0; i < commands.size(); ++i) {
                if (figures.rows[i].failure.empty()) {
                    const Rate one = rate(commands[i], parallel, seconds);
                    rates[i].push_back(one.per_second);
                    figures.rows[i].failure = one.failure;
                }
            }
        }
        for (std::size_t i = 0; i < commands.size(); ++i) {
            figures.rows[i].values.push_back(median(rates[i].empty() ? std::vector<double>{0} : rates[i]));
        }
    }
    return figures;
}

}  // namespace

Section measure_throughput(const Settings& settings, const Caller& caller) {
    const Figures figures = Figures::decode(run_as(
        caller, settings.place.directory(), [] {},
        [&] {
            const Rivals rivals = find_rivals(settings.place);
            Figures result = settings.quick ? measure(rivals.commands, 1, 0.3) : measure(rivals.commands, 3, 1);
            result.notes = rivals.notes;
            return result.encode();
        }));
    Section section;
    section.table.title = "No-ops per second, as " + caller.name;
    section.table.columns = {"at once"};
    for (const std::size_t parallel : at_once) {
        section.table.columns.push_back(std::to_string(parallel));
    }
    for (const Figures::Row& row : figures.rows) {
        std::vector<std::string> cells = {row.name};
        for (const double value : row.values) {
            cells.push_back(row.failure.empty() ? number(value) : "failed");
        }
        section.table.rows.push_back(std::move(cells));
    }
    section.table.notes = figures.remarks();
    return section;
}

}  // namespace bench
