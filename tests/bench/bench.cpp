// The benchmark: `./dev bench`. How fast a sandbox is made and gone, compared with a plain C program that does the same
// system calls (floor/), unshare(1) and bubblewrap, all measured in turn in one run.
#include "sections.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/utsname.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr std::string_view usage =
    "usage: bench [--quick] [--markdown] [PART...]\n"
    "\n"
    "  --quick     fewer rounds, for a first look\n"
    "  --markdown  tables for the README\n"
    "  PART        what to measure, by default all: startup enter throughput mounts binds hides overlays deep changes\n"
    "              limits footprint\n"
    "\n"
    "SANDBOX_BIN names the binary; by default it is the one of the same build. As root, everything is measured as an\n"
    "ordinary user, and start-up as root, too.\n";

// An ordinary user who owns nothing and whom nobody else uses.
constexpr uid_t ordinary_id = 12345;

using Sections = std::vector<Section>;

struct Part {
    const char* name;
    Sections (*measure)(const Settings& settings, const Caller& user);
};

template <Section (*measure)(const Settings&, const Caller&)>
Sections one(const Settings& settings, const Caller& user) {
    return {measure(settings, user)};
}

Sections measure_startups(const Settings& settings, const Caller& user) {
    Sections sections{measure_startup(settings, user)};
    if (::geteuid() == 0) {
        sections.push_back(measure_startup(settings, {"root", 0, 0}));
    } else {
        sections.back().table.notes.emplace_back("Not measured as root: the benchmark does not run as root.");
    }
    return sections;
}

constexpr std::array parts = {
    Part{"startup", measure_startups},           Part{"enter", one<measure_enter>},
    Part{"throughput", one<measure_throughput>}, Part{"mounts", one<measure_host_mounts>},
    Part{"binds", one<measure_binds>},           Part{"hides", one<measure_hides>},
    Part{"overlays", one<measure_overlays>},     Part{"deep", one<measure_deep>},
    Part{"changes", one<measure_changes>},       Part{"limits", measure_limits},
    Part{"footprint", one<measure_footprint>},
};

struct Options {
    bool quick = false;
    Format format = Format::text;
    std::vector<std::string_view> chosen = {};  ///< parts; empty: all
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--quick") {
            options.quick = true;
        } else if (argument == "--markdown") {
            options.format = Format::markdown;
        } else if (std::ranges::find(parts, argument, &Part::name) != parts.end()) {
            options.chosen.push_back(argument);
        } else {
            throw std::invalid_argument("unknown argument: " + std::string(argument));
        }
    }
    return options;
}

std::string header() {
    utsname system{};
    ::uname(&system);
    char date[32] = {};
    const std::time_t now = std::time(nullptr);
    std::tm broken_down{};
    ::localtime_r(&now, &broken_down);
    std::strftime(date, sizeof date, "%Y-%m-%d", &broken_down);
    return std::string(system.sysname) + " " + system.release + " " + system.machine + ", " +
           std::to_string(std::thread::hardware_concurrency()) + " CPUs, " + date;
}

Place find_programs() {
    const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    const char* named = std::getenv("SANDBOX_BIN");
    const std::string sandbox = named != nullptr ? named : (here / "../../sandbox").string();
    return Place(sandbox, here);
}

Table make_goal_table(const std::vector<Goal>& goals) {
    Table table;
    table.title = "To reach";
    table.columns = {"", "at most", "measured", ""};
    for (const Goal& goal : goals) {
        table.rows.push_back({goal.what, goal.limit < 10 ? ratio(goal.limit) : number(goal.limit),
                              goal.limit < 10 ? ratio(goal.measured) : number(goal.measured),
                              goal.measured <= goal.limit ? "reached" : "NOT REACHED"});
    }
    return table;
}

// The read of a worker's answer is interrupted, and the unwinding removes what was made.
void end_orderly_when_interrupted() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaction(signal, &action, nullptr);
    }
}

void run(const Options& options) {
    const Place place = find_programs();
    const Settings settings{place, options.quick};
    const bool root = ::geteuid() == 0;
    const Caller user{"an ordinary user", root ? ordinary_id : ::getuid(), root ? ordinary_id : ::getgid()};
    std::printf("%s\n\n", header().c_str());

    std::vector<Goal> goals;
    for (const Part& part : parts) {
        if (!options.chosen.empty() && std::ranges::find(options.chosen, part.name) == options.chosen.end()) {
            continue;
        }
        for (const Section& section : part.measure(settings, user)) {
            std::fputs(render(section.table, options.format).c_str(), stdout);
            std::fflush(stdout);
            goals.insert(goals.end(), section.goals.begin(), section.goals.end());
        }
    }
    std::fputs(render(make_goal_table(goals), options.format).c_str(), stdout);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    try {
        const bench::Options options = bench::parse(argc, argv);
        bench::end_orderly_when_interrupted();
        bench::run(options);
        return 0;
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "bench: %s\n%s", error.what(), bench::usage.data());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return 1;
    }
}
