// Start-up against the number of paths that are hidden, and of missing ones that are protected.
#include "rivals.hpp"
#include "sections.hpp"

#include <fstream>
#include <optional>

namespace bench {
namespace {

constexpr double most_each = 20;
const std::string floor_of = "floor (C): ";

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
        const char* floor;  ///< what floor_paths does for it
        const std::string& directory;
    };
    const std::vector<Case> cases = {{"hidden, read-only", {}, there, nullptr, parent},
                                     {"hidden, writable", {"--rw", parent}, there, "mask", parent},
                                     {"missing, protected", {"--rw", writable}, missing, "hold", writable}};
    std::vector<Command> commands;
    for (const Case& one : cases) {
        for (const std::size_t count : {std::size_t{1}, most}) {
            commands.push_back(
                hiding(settings.place, one.name + " " + std::to_string(count), one.options, one.paths, count));
            if (one.floor != nullptr) {
                commands.push_back({floor_of + one.name + " " + std::to_string(count),
                                    {settings.place.floor_paths(), one.floor, one.directory, std::to_string(count)}});
            }
        }
    }
    const Figures figures = Figures::decode(run_as(
        caller, settings.place.directory(), [] {},
        [&] { return summarise(commands, in_turn(commands, effort(settings))).encode(); }));
    Section section;
    section.table.title = "Start-up with more --hide, as " + caller.name + " (median, microseconds)";
    section.table.columns = {"paths", "1", std::to_string(most), "each"};
    const auto add_row = [&](const std::string& name) -> std::optional<double> {
        const Figures::Row* few = figures.find(name + " 1");
        const Figures::Row* many = figures.find(name + " " + std::to_string(most));
        if (few == nullptr || many == nullptr) {
            section.table.rows.push_back({name, "failed", "failed", ""});
            return std::nullopt;
        }
        const double each = (many->values[0] - few->values[0]) / static_cast<double>(most - 1);
        section.table.rows.push_back({name, number(few->values[0]), number(many->values[0]), number(each)});
        return each;
    };
    for (const Case& one : cases) {
        const std::optional<double> each = add_row(one.name);
        if (one.floor != nullptr) {
            add_row(floor_of + one.name);
        }
        if (!each) {
            continue;
        }
        section.goals.push_back({"one more path " + one.name + ", microseconds", most_each, *each});
    }
    section.table.notes = figures.remarks();
    return section;
}

}  // namespace bench
