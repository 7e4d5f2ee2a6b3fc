// A command in what runs already, against nsenter(1).
#include "rivals.hpp"
#include "sections.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr const char* nsenter_name = "nsenter";
constexpr double most = 1.0;

/// A process that runs until the object is gone.
class Target {
  public:
    explicit Target(const std::vector<std::string>& command) {
        std::vector<char*> argv;
        for (const std::string& word : command) {
            argv.push_back(const_cast<char*>(word.c_str()));
        }
        argv.push_back(nullptr);
        if (const int error = ::posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), environ); error != 0) {
            throw std::runtime_error("cannot start " + command[0]);
        }
    }
    ~Target() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_ = -1;
};

/// Where the sandbox is registered. Not below the directory of the programs: whoever starts there would not be shown
/// it.
class Runtime {
  public:
    explicit Runtime(const Caller& caller) {
        if (::mkdtemp(path_.data()) == nullptr || ::chown(path_.c_str(), caller.uid, caller.gid) < 0) {
            throw std::runtime_error("cannot make " + path_);
        }
    }
    ~Runtime() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;
    [[nodiscard]] const char* path() const { return path_.c_str(); }

  private:
    std::string path_ = "/tmp/sandbox-bench.XXXXXX";
};

// unshare(1) forks: what it runs is its only child. Nothing where there is none in time.
std::string child_of(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children";
    for (const double end = now() + 10; now() < end; ::usleep(1000)) {
        std::string child;
        if (std::ifstream(path) >> child) {
            // Its exec is what unshare does last.
            std::string name;
            if (std::ifstream("/proc/" + child + "/comm") >> name && name == "sleep") {
                return child;
            }
        }
    }
    return {};
}

std::vector<Command> commands(const Place& place, const std::string& target) {
    return {{sandbox_name, {place.sandbox(), "enter", "bench", "--", place.noop()}},
            {nsenter_name,
             {"/usr/bin/nsenter", "--target", target, "--user", "--preserve-credentials", "--mount", "--pid", "--uts",
              "--ipc", "--net", "--cgroup", place.noop()}}};
}

}  // namespace

Section measure_enter(const Settings& settings, const Caller& caller) {
    const Effort effort = settings.quick ? Effort{100, 4} : Effort{1000, 20};
    const Runtime runtime(caller);
    const Figures figures = Figures::decode(run_as(
        caller, settings.place.directory(), [] {},
        [&] {
            ::setenv("XDG_RUNTIME_DIR", runtime.path(), 1);
            const Target sandbox({settings.place.sandbox(), "--name", "bench", "--", "/bin/sleep", "600"});
            const Target unshare(
                {"/usr/bin/unshare", "-UrmpnfiuC", "--mount-proc", "--kill-child", "/bin/sleep", "600"});
            const std::vector<Command> all = commands(settings.place, child_of(unshare.pid()));
            for (const double end = now() + 10; now() < end && !try_out(all[0], {"check"}, 42).empty();) {
                ::usleep(10000);
            }
            const Rivals rivals = only_working(all);
            Figures result = summarise(rivals.commands, in_turn(rivals.commands, effort));
            result.notes.insert(result.notes.begin(), rivals.notes.begin(), rivals.notes.end());
            return result.encode();
        }));

    Section section;
    section.table.title = "A static no-op in a running sandbox, as " + caller.name + " (microseconds)";
    section.table.columns = {"", "median", "p10", "p99", "sandbox enter is"};
    const Figures::Row* own = figures.find(sandbox_name);
    const Figures::Row* rival = figures.find(nsenter_name);
    for (const Figures::Row& row : figures.rows) {
        section.table.rows.push_back(
            {row.name == sandbox_name ? "sandbox enter" : row.name, number(row.values[0]), number(row.values[1]),
             number(row.values[2]), own == nullptr || own == &row ? "" : ratio(own->values[0] / row.values[0]) + " x"});
    }
    if (own != nullptr && rival != nullptr) {
        section.goals.push_back({"enter against nsenter", most, own->values[0] / rival->values[0]});
    }
    section.table.notes = figures.remarks();
    section.table.notes.emplace_back(
        "nsenter enters the same kinds of namespaces, made by unshare, with one user namespace");
    return section;
}

}  // namespace bench
