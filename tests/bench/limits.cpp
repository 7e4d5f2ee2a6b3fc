// What limits cost at start-up in a cgroup tree that was handed over, and how true a report is, beside what time(1)
// says of the same command.
#include "sections.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <sys/stat.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr double most_overhead = 150;
const std::string with_cgroup = "in a cgroup of its own";
const std::string without_cgroup = "in the caller's";
const std::string floor_with = "the kernel's part of it, in one";
const std::string floor_without = "and in the caller's";

Effort effort(const Settings& settings) {
    return settings.quick ? Effort{50, 3} : Effort{1000, 12};
}

std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

void write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    if (!(file << text << std::flush)) {
        throw std::runtime_error("cannot write to " + path);
    }
}

std::optional<std::string> mount_of_version_2() {
    std::ifstream mounts("/proc/self/mounts");
    for (std::string device, target, type, rest; mounts >> device >> target >> type && std::getline(mounts, rest);) {
        if (type == "cgroup2") {
            return target;
        }
    }
    return std::nullopt;
}

// Two places that the caller may go between: below one it may make cgroups, below the other it may not.
class Tree {
  public:
    Tree(const std::string& mount, const Caller& caller)
        : top_(mount + "/sandbox-bench-" + std::to_string(::getpid())) {
        const std::string available = " " + read(mount + "/cgroup.controllers");
        limited_ = available.find(" memory") != std::string::npos && available.find(" pids") != std::string::npos;
        for (const std::string& directory : {top_, handed(), handed() + "/worker", plain()}) {
            make(directory);
        }
        try {
            for (const std::string& directory : {mount, top_, handed()}) {
                if (limited_) {
                    write(directory + "/cgroup.subtree_control", "+memory +pids");
                }
            }
            for (const std::string& path :
                 {top_ + "/cgroup.procs", handed(), handed() + "/cgroup.procs", handed() + "/cgroup.subtree_control",
                  handed() + "/worker", handed() + "/worker/cgroup.procs", plain() + "/cgroup.procs"}) {
                if (::chown(path.c_str(), caller.uid, caller.gid) < 0) {
                    throw std::runtime_error("chown " + path + ": " + std::strerror(errno));
                }
            }
        } catch (...) {
            remove();
            throw;
        }
    }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;
    ~Tree() { remove(); }

    [[nodiscard]] bool limited() const { return limited_; }
    /// Below which sandbox makes one: what has processes hands nothing out.
    [[nodiscard]] std::string parent() const { return limited_ ? handed() : handed() + "/worker"; }
    [[nodiscard]] std::string in_handed() const { return handed() + "/worker/cgroup.procs"; }
    [[nodiscard]] std::string in_plain() const { return plain() + "/cgroup.procs"; }

  private:
    [[nodiscard]] std::string handed() const { return top_ + "/handed"; }
    [[nodiscard]] std::string plain() const { return top_ + "/plain"; }
    void make(const std::string& directory) const {
        if (::mkdir(directory.c_str(), 0755) < 0) {
            const std::string error = std::strerror(errno);
            remove();
            throw std::runtime_error("mkdir " + directory + ": " + error);
        }
    }
    void remove() const {
        for (const std::string& directory : {handed() + "/worker", handed(), plain(), top_}) {
            ::rmdir(directory.c_str());
        }
    }

    std::string top_;
    bool limited_ = false;
};

// Where no controller is to be had, counting for a report takes the same steps, but for the limits' files.
std::vector<Command> starts(const Settings& settings, const Tree& tree, const std::string& report) {
    std::vector<std::string> limited{settings.place.sandbox()};
    std::vector<std::string> plain = limited;
    if (tree.limited()) {
        limited.insert(limited.end(), {"--memory", "1G", "--pids", "100"});
    } else {
        limited.insert(limited.end(), {"--report", report});
        plain = limited;
    }
    for (std::vector<std::string>* const words : {&limited, &plain}) {
        words->insert(words->end(), {"--", settings.place.noop()});
    }
    const Place& place = settings.place;
    return {{with_cgroup, limited, tree.in_handed()},
            {without_cgroup, plain, tree.in_plain()},
            {floor_with, {place.floor_cgroup(), tree.parent(), place.noop()}, tree.in_handed()},
            {floor_without, {place.floor_cgroup(), "-", place.noop()}, tree.in_handed()}};
}

// The number behind `"KEY":`.
double figure(const std::string& report, const std::string& key) {
    const std::size_t at = report.find("\"" + key + "\":");
    if (at == std::string::npos) {
        throw std::runtime_error("no " + key + " in the report");
    }
    return std::atof(report.c_str() + at + key.size() + 3);
}

// Of `time -v`.
double said(const std::string& text, const std::string& what) {
    const std::size_t at = text.find(what + ": ");
    if (at == std::string::npos) {
        throw std::runtime_error("time(1) has no \"" + what + "\"");
    }
    return std::atof(text.c_str() + at + what.size() + 2);
}

// Both look at the same run: time(1) is inside.
Figures::Row compare(const Settings& settings, const std::string& directory, const char* word) {
    const std::string report = directory + "/report";
    const std::string timed = directory + "/timed";
    const Command command{word,
                          {settings.place.sandbox(), "--report", report, "--rw", directory, "--", "/usr/bin/time", "-v",
                           "-o", timed, settings.place.noop()}};
    if (const std::string failure = try_out(command, {word}, 0); !failure.empty()) {
        return {word, {}, failure};
    }
    const std::string told = read(report);
    const std::string outside = read(timed);
    return {word,
            {(figure(told, "user_us") + figure(told, "system_us")) / 1000,
             (said(outside, "User time (seconds)") + said(outside, "System time (seconds)")) * 1000,
             figure(told, "peak_bytes") / 1024, said(outside, "Maximum resident set size (kbytes)")},
            ""};
}

}  // namespace

std::vector<Section> measure_limits(const Settings& settings, const Caller& caller) {
    Section cost;
    cost.table.title = "A cgroup at start-up, as " + caller.name + " (microseconds)";
    cost.table.columns = {"", "median", "p10", "p99"};
    Section truth;
    truth.table.title = "What a report says, beside time(1), as " + caller.name;
    truth.table.columns = {"", "report", "time -v", "ratio"};
    const std::optional<std::string> mount = mount_of_version_2();
    if (!mount || ::geteuid() != 0) {
        cost.table.notes.emplace_back("Not measured: it takes root, to hand a cgroup tree over, and cgroup2.");
        return {cost};
    }
    const std::string directory = settings.place.make_directories("limits", 0);
    std::filesystem::create_directories(directory);
    Place::give_to(directory, caller.uid, caller.gid);
    const Tree tree(*mount, caller);
    const std::vector<Command> commands = starts(settings, tree, directory + "/report");
    const auto enter = [&] { write(tree.in_handed(), "0"); };
    const Figures figures = Figures::decode(run_as(caller, settings.place.directory(), enter, [&] {
        return summarise(commands, in_turn(commands, effort(settings))).encode();
    }));
    for (const Figures::Row& row : figures.rows) {
        if (row.failure.empty()) {
            cost.table.rows.push_back({row.name, number(row.values[0]), number(row.values[1]), number(row.values[2])});
        }
    }
    cost.table.notes = figures.remarks();
    cost.table.notes.emplace_back(tree.limited()
                                      ? "With --memory and --pids, against none."
                                      : "With --report, which counts in it: no controller is to be had here.");
    const Figures::Row* const kernel_with = figures.find(floor_with);
    const Figures::Row* const kernel_without = figures.find(floor_without);
    if (kernel_with != nullptr && kernel_without != nullptr) {
        cost.table.notes.push_back("What the kernel takes of that, asked by a C program that decides nothing: " +
                                   number(kernel_with->values[0] - kernel_without->values[0]) + " microseconds.");
    }
    const Figures::Row* const in_own = figures.find(with_cgroup);
    const Figures::Row* const in_callers = figures.find(without_cgroup);
    if (in_own != nullptr && in_callers != nullptr) {
        cost.goals.push_back(
            {"a cgroup at start-up, microseconds", most_overhead, in_own->values[0] - in_callers->values[0]});
    }

    const Figures compared = Figures::decode(run_as(caller, settings.place.directory(), enter, [&] {
        Figures rows;
        for (const char* const word : {"burn", "touch"}) {
            rows.rows.push_back(compare(settings, directory, word));
        }
        return rows.encode();
    }));
    if (const Figures::Row* const row = compared.find("burn")) {
        truth.table.rows.push_back({"processor time of who uses nothing else, ms", number(row->values[0]),
                                    number(row->values[1]), ratio(row->values[0] / row->values[1])});
    }
    if (const Figures::Row* const row = compared.find("touch")) {
        truth.table.rows.push_back({"peak memory of who writes to 64 MiB, KiB", number(row->values[2]),
                                    number(row->values[3]), ratio(row->values[2] / row->values[3])});
    }
    truth.table.notes = compared.remarks();
    return {cost, truth};
}

}  // namespace bench
