// A command in what runs already, against nsenter(1), and against a C program that does what `sandbox enter` has to do.
#include "rivals.hpp"
#include "sections.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr const char* nsenter_name = "nsenter";
constexpr double most = 1.0;

// What is entered: it says that it runs, and sleeps.
const std::vector<std::string> sleeper = {"/bin/sh", "-c", "echo; exec sleep 600"};

/// A process that runs until the object is gone, and a command in it.
class Target {
  public:
    explicit Target(std::vector<std::string> words) {
        words.insert(words.end(), sleeper.begin(), sleeper.end());
        std::vector<char*> argv;
        for (std::string& word : words) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        int said[2];
        if (::pipe2(said, O_CLOEXEC) < 0) {
            throw std::runtime_error(std::string("pipe2: ") + std::strerror(errno));
        }
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, said[1], 1);
        const int error = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(said[1]);
        char byte = 0;
        const bool runs = error == 0 && ::read(said[0], &byte, 1) == 1;
        ::close(said[0]);
        if (!runs) {
            end();
            throw std::runtime_error("cannot start " + words[0]);
        }
    }
    ~Target() { end(); }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    /// The process that many generations below: each has one child.
    [[nodiscard]] std::string descendant(int generations) const {
        std::string pid = std::to_string(pid_);
        for (; generations > 0; --generations) {
            std::string path = "/proc/" + pid + "/task/" + pid;
            path += "/children";
            if (!(std::ifstream(path) >> pid)) {
                throw std::runtime_error("cannot read " + path);
            }
        }
        return pid;
    }

  private:
    void end() const {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

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
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_ = "/tmp/sandbox-bench.XXXXXX";
};

std::vector<Command> commands(const Place& place, const Runtime& runtime, const Target& sandbox,
                              const Target& unshare) {
    // Below the launcher is init, and below that the command. unshare(1) forks once.
    return {{sandbox_name, {place.sandbox(), "enter", "bench", "--", place.noop()}},
            {floor_name,
             {place.floor_enter(), sandbox.descendant(2), runtime.path() + "/sandbox/named/bench", place.noop()}},
            {nsenter_name,
             {"/usr/bin/nsenter", "--target", unshare.descendant(1), "--user", "--preserve-credentials", "--mount",
              "--pid", "--uts", "--ipc", "--net", "--cgroup", place.noop()}}};
}

}  // namespace

Section measure_enter(const Settings& settings, const Caller& caller) {
    const Effort effort = settings.quick ? Effort{100, 4} : Effort{1000, 20};
    const Runtime runtime(caller);
    const Figures figures = Figures::decode(run_as(
        caller, settings.place.directory(), [] {},
        [&] {
            ::setenv("XDG_RUNTIME_DIR", runtime.path().c_str(), 1);
            const Target sandbox({settings.place.sandbox(), "--name", "bench", "--"});
            const Target unshare({"/usr/bin/unshare", "-UrmpnfiuC", "--mount-proc", "--kill-child"});
            const Rivals rivals = only_working(commands(settings.place, runtime, sandbox, unshare));
            Figures result = summarise(rivals.commands, in_turn(rivals.commands, effort));
            result.notes.insert(result.notes.begin(), rivals.notes.begin(), rivals.notes.end());
            return result.encode();
        }));

    Section section;
    section.table.title = "A static no-op in a running sandbox, as " + caller.name + " (microseconds)";
    section.table.columns = {"", "median", "p10", "p99", "sandbox enter is"};
    const Figures::Row* own = figures.find(sandbox_name);
    const Figures::Row* floor = figures.find(floor_name);
    const Figures::Row* rival = figures.find(nsenter_name);
    for (const Figures::Row& row : figures.rows) {
        section.table.rows.push_back(
            {row.name == sandbox_name ? "sandbox enter" : row.name, number(row.values[0]), number(row.values[1]),
             number(row.values[2]), own == nullptr || own == &row ? "" : ratio(own->values[0] / row.values[0]) + " x"});
    }
    if (own != nullptr && rival != nullptr) {
        section.goals.push_back({"enter against nsenter", most, own->values[0] / rival->values[0]});
    }
    if (floor != nullptr && rival != nullptr) {
        section.table.notes.push_back("the floor is " + ratio(floor->values[0] / rival->values[0]) + " x nsenter");
    }
    for (const std::string& remark : figures.remarks()) {
        section.table.notes.push_back(remark);
    }
    section.table.notes.emplace_back(
        "nsenter enters the same kinds of namespaces, made by unshare, with one user namespace");
    return section;
}

}  // namespace bench
