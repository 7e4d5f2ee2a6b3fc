// Start-up against the depth of what is hidden, protected or shown: every directory on the way is rebuilt or pinned.
#include "rivals.hpp"
#include "sections.hpp"

#include <array>
#include <filesystem>
#include <fstream>

namespace bench {
namespace {

constexpr std::array<std::size_t, 3> depths = {5, 20, 60};
constexpr double most_each = 20;

Effort effort(const Settings& settings) {
    return settings.quick ? Effort{10, 2} : Effort{300, 8};
}

struct Case {
    std::string name;
    bool writable;     ///< the top of the tree is
    std::string what;  ///< the option
    std::string leaf;  ///< below the deepest directory
};

// `top` itself is one directory above the first level.
Command with_depth(const Place& place, const Case& one, const std::string& top, std::size_t depth) {
    std::string path = top;
    for (std::size_t level = 0; level < depth; ++level) {
        path += "/d";
    }
    std::filesystem::create_directories(path);
    std::ofstream(path + "/file") << "content\n";
    Command command{one.name + " " + std::to_string(depth), {place.sandbox()}};
    if (one.writable) {
        command.argv.insert(command.argv.end(), {"--rw", top});
    }
    command.argv.insert(command.argv.end(), {one.what, path + one.leaf, "--", place.noop()});
    return command;
}

}  // namespace

Section measure_deep(const Settings& settings, const Caller& caller) {
    const std::string parent = settings.place.make_directories("deep", 1);
    const std::string top = parent + "/0";
    const std::array<Case, 5> cases = {{{"hidden, read-only", false, "--hide", "/file"},
                                        {"hidden, writable", true, "--hide", "/file"},
                                        {"missing, protected", true, "--hide", "/missing"},
                                        {"read-only in writable", true, "--ro", ""},
                                        {"writable in read-only", false, "--rw", ""}}};
    std::vector<Command> commands;
    for (const Case& one : cases) {
        for (const std::size_t depth : depths) {
            commands.push_back(with_depth(settings.place, one, top, depth));
        }
    }
    Place::give_to(parent, caller.uid, caller.gid);
    const Figures figures = Figures::decode(run_as(
        caller, settings.place.directory(), [] {},
        [&] { return summarise(commands, in_turn(commands, effort(settings))).encode(); }));
    Section section;
    section.table.title = "Start-up with one path in a deeper tree, as " + caller.name + " (median, microseconds)";
    section.table.columns = {"directories above it"};
    for (const std::size_t depth : depths) {
        section.table.columns.push_back(std::to_string(depth));
    }
    section.table.columns.push_back("each");
    for (const Case& one : cases) {
        std::vector<std::string> cells = {one.name};
        for (const std::size_t depth : depths) {
            const Figures::Row* row = figures.find(one.name + " " + std::to_string(depth));
            cells.push_back(row == nullptr ? "failed" : number(row->values[0]));
        }
        const Figures::Row* first = figures.find(one.name + " " + std::to_string(depths.front()));
        const Figures::Row* last = figures.find(one.name + " " + std::to_string(depths.back()));
        if (first != nullptr && last != nullptr) {
            const double each =
                (last->values[0] - first->values[0]) / static_cast<double>(depths.back() - depths.front());
            cells.push_back(number(each));
            section.goals.push_back(
                {"one more directory above what is " + one.name + ", microseconds", most_each, each});
        } else {
            cells.emplace_back();
        }
        section.table.rows.push_back(std::move(cells));
    }
    section.table.notes = figures.remarks();
    return section;
}

}  // namespace bench
