// Start-up with an overlay, against one without.
#include "rivals.hpp"
#include "sections.hpp"

#include <array>

namespace bench {
namespace {

constexpr double most_over_plain = 1.20;
constexpr const char* plain = "plain";

struct Case {
    const char* name;
    std::vector<std::string> options;
};

}  // namespace

Section measure_overlays(const Settings& settings, const Caller& caller) {
    const std::string tree = settings.place.make_directories("overlay", 10);
    const std::string kept = settings.place.make_directories("kept", 1);
    for (const std::string& path : {tree, kept}) {
        Place::give_to(path, caller.uid, caller.gid);
    }
    const std::array<Case, 4> cases = {
        {{plain, {}},
         {"--overlay DIR", {"--overlay", tree}},
         {"--overlay DIR --changes", {"--overlay", tree, "--changes", kept + "/changes"}},
         {"--overlay /", {"--overlay", "/"}}}};
    std::vector<Command> commands;
    for (const Case& one : cases) {
        Command command{one.name, {settings.place.sandbox()}};
        command.argv.insert(command.argv.end(), one.options.begin(), one.options.end());
        command.argv.insert(command.argv.end(), {"--", settings.place.noop()});
        commands.push_back(command);
    }
    const Effort effort = settings.quick ? Effort{50, 4} : Effort{500, 20};
    const Figures figures = Figures::decode(run_as(
        caller, settings.place.directory(), [] {},
        [&] { return summarise(commands, in_turn(commands, effort)).encode(); }));
    Section section;
    section.table.title = "Start-up with an overlay, as " + caller.name + " (median, microseconds)";
    section.table.columns = {"", "median", "over plain"};
    const Figures::Row* without = figures.find(plain);
    for (const Case& one : cases) {
        const Figures::Row* row = figures.find(one.name);
        if (row == nullptr || without == nullptr) {
            section.table.rows.push_back({one.name, "failed", ""});
            continue;
        }
        const double over = row->values[0] / without->values[0];
        section.table.rows.push_back({one.name, number(row->values[0]), row == without ? "" : ratio(over) + " x"});
        if (one.name == cases[1].name) {
            section.goals.push_back(
                {"start-up with --overlay DIR over a plain one, as " + caller.name, most_over_plain, over});
        }
    }
    section.table.notes = figures.remarks();
    return section;
}

}  // namespace bench
