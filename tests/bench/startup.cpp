// Start-up and exit of the no-op, against every rival.
#include "rivals.hpp"
#include "sections.hpp"

namespace bench {
namespace {

struct Limit {
    const char* rival;
    double ratio;
};
constexpr Limit limits[] = {{floor_name, 1.15}, {bubblewrap_name, 0.60}, {unshare_name, 1.20}};

}  // namespace

Section measure_startup(const Settings& settings, const Caller& caller) {
    const Effort effort = settings.quick ? Effort{100, 4} : Effort{1000, 30};
    const Figures figures = Figures::decode(run_as(
        caller, settings.place.directory(), [] {},
        [&] {
            const Rivals rivals = find_rivals(settings.place);
            Figures result = summarise(rivals.commands, in_turn(rivals.commands, effort));
            result.notes.insert(result.notes.begin(), rivals.notes.begin(), rivals.notes.end());
            return result.encode();
        }));

    Section section;
    section.table.title = "Start-up and exit of a static no-op, as " + caller.name + " (microseconds)";
    section.table.columns = {"", "median", "p10", "p99", "sandbox is"};
    const Figures::Row* own = figures.find(sandbox_name);
    for (const Figures::Row& row : figures.rows) {
        if (!row.failure.empty()) {
            section.table.rows.push_back({row.name, "failed", "", "", ""});
            continue;
        }
        section.table.rows.push_back(
            {row.name, number(row.values[0]), number(row.values[1]), number(row.values[2]),
             own == nullptr || own == &row ? "" : ratio(own->values[0] / row.values[0]) + " x"});
    }
    for (const Limit& limit : limits) {
        const Figures::Row* rival = figures.find(limit.rival);
        if (own != nullptr && rival != nullptr) {
            section.goals.push_back({"start-up against " + std::string(limit.rival) + ", as " + caller.name,
                                     limit.ratio, own->values[0] / rival->values[0]});
        }
    }
    section.table.notes = figures.remarks();
    return section;
}

}  // namespace bench
