// Start-up against the number of paths that are hidden, and of missing ones that are protected.
#include "rivals.hpp"
#include "sections.hpp"

#include <fstream>

namespace bench {
namespace {

constexpr double most_each = 20;

Effort effort(const Settings& settings) {
    return settings.quick ? Effort{10, 2} : Effort{100, 8};
}

// `options` once, then `--hide` with each of the first paths.
Command hiding(const Place& place, const std::string& name, const std::vector<std::string>& options,
               const std::vector<std::string>& paths, std::size_t count) {
    Command command{name, {place.sandbox()}};
    command.argv.insert(command.argv.end(), options.begin(), options.end());
    for (std::size_t i = 0; i < count; ++i) {
        command.argv.insert(command.argv.end(), {"--hide", paths[i]});
    }
    command.argv.insert(command.argv.end(), {"--", place.noop()});
    return command;
}

std::vector<std::string> numbered(const std::string& parent, std::size_t count, const std::string& suffix) {
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < count; ++i) {
        paths.push_back(parent + "/" + std::to_string(i) + suffix);
    }
    return paths;
}

}  // namespace

Section measure_hides(const Settings& settings, const Caller& caller) {
    constexpr std::size_t most = 1000;
    const std::string parent = settings.place.make_directories("hidden", most);
    const std::vector<std::string> there = numbered(parent, most, "");
    for (const std::string& path : there) {
        std::ofstream(path + "/file") << "secret\n";
    }
    // The caller of the measured commands has to be able to make the missing ones.
    const std::string writable = settings.place.make_directories("protected", 1);
    Place::give_to(writable, caller.uid, caller.gid);
    Place::give_to(parent, caller.uid, caller.gid);
    const std::vector<std::string> missing = numbered(writable, most, ".missing");
    struct Case {
        std::string name;
        std::vector<std::string> options;
        const std::vector<std::string>& paths;
    };
    const std::vector<Case> cases = {{"hidden, read-only", {}, there},
                                     {"hidden, writable", {"--rw", parent}, there},
                                     {"missing, protected", {"--rw", writable}, missing}};
    std::vector<Command> commands;
    for (const Case& one : cases) {
        for (const std::size_t count : {std::size_t{1}, most}) {
            commands.push_back(
                hiding(settings.place, one.name + " " + std::to_string(count), one.options, one.paths, count));
        }
    }
    const Figures figures = Figures::decode(run_as(
        caller, settings.place.directory(), [] {},
        [&] { return summarise(commands, in_turn(commands, effort(settings))).encode(); }));
    Section section;
    section.table.title = "Start-up with more --hide, as " + caller.name + " (median, microseconds)";
    section.table.columns = {"paths", "1", std::to_string(most), "each"};
    for (const Case& one : cases) {
        const Figures::Row* few = figures.find(one.name + " 1");
        const Figures::Row* many = figures.find(one.name + " " + std::to_string(most));
        if (few == nullptr || many == nullptr) {
            section.table.rows.push_back({one.name, "failed", "failed", ""});
            continue;
        }
        const double each = (many->values[0] - few->values[0]) / static_cast<double>(most - 1);
        section.table.rows.push_back({one.name, number(few->values[0]), number(many->values[0]), number(each)});
        section.goals.push_back({"one more path " + one.name + ", microseconds", most_each, each});
    }
    section.table.notes = figures.remarks();
    return section;
}

}  // namespace bench
