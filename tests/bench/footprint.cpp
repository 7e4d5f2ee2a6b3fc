// What a waiting sandbox costs: the memory of the launcher and of init, and the size of the binary.
#include "sections.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

// A field of /proc/PID/status, in KiB.
double status_field(pid_t pid, const std::string& name) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":")) {
            return std::stod(line.substr(name.size() + 1));
        }
    }
    throw std::runtime_error("no " + name + " of process " + std::to_string(pid));
}

pid_t only_child(pid_t pid) {
    const std::string number = std::to_string(pid);
    std::ifstream file("/proc/" + number + "/task/" + number + "/children");
    pid_t child = -1;
    if (!(file >> child)) {
        throw std::runtime_error("process " + number + " has no child");
    }
    return child;
}

// `sandbox -- noop wait`, looked at while it waits.
class Waiting {
  public:
    explicit Waiting(const Place& place) {
        int input[2];
        int output[2];
        if (::pipe2(input, O_CLOEXEC) < 0 || ::pipe2(output, O_CLOEXEC) < 0) {
            throw std::runtime_error(std::string("pipe2: ") + std::strerror(errno));
        }
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, input[0], 0);
        ::posix_spawn_file_actions_adddup2(&actions, output[1], 1);
        std::string program = place.sandbox();
        std::string noop = place.noop();
        std::string separator = "--";
        std::string wait = "wait";
        char* argv[] = {program.data(), separator.data(), noop.data(), wait.data(), nullptr};
        const int error = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv, environ);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(input[0]);
        ::close(output[1]);
        input_ = input[1];
        char byte = 0;
        const ssize_t length = ::read(output[0], &byte, 1);
        ::close(output[0]);
        if (error != 0 || length != 1) {
            throw std::runtime_error("sandbox does not run a command that waits");
        }
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() { end(); }

    [[nodiscard]] pid_t pid() const { return pid_; }

    int end() {
        if (pid_ > 0) {
            ::close(input_);
            ::waitpid(pid_, &status_, 0);
            pid_ = -1;
        }
        return status_;
    }

  private:
    pid_t pid_ = -1;
    int input_ = -1;
    int status_ = 0;
};

Figures::Row memory_of(const char* name, pid_t pid) {
    return {name, {status_field(pid, "VmRSS"), status_field(pid, "RssAnon"), status_field(pid, "RssFile")}, ""};
}

// After a second the launcher gives back what only starting took. No event tells of it.
void await_slimness(pid_t launcher) {
    const double begin = status_field(launcher, "VmRSS");
    constexpr int tries = 300;
    for (int i = 0; i < tries && status_field(launcher, "VmRSS") == begin; ++i) {
        constexpr timespec rest{0, 10'000'000};
        ::nanosleep(&rest, nullptr);
    }
}

constexpr int watched_seconds = 3;

// Of a processor, in user and kernel mode, in milliseconds: fields 14 and 15 of /proc/PID/stat.
double processor_time(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    std::string field;
    double ticks = 0;
    for (int number = 3; number <= 15 && fields >> field; ++number) {
        ticks += number >= 14 ? std::stod(field) : 0;
    }
    return ticks * 1000 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double time_over_seconds(pid_t pid) {
    const double begin = processor_time(pid);
    constexpr timespec rest{watched_seconds, 0};
    ::nanosleep(&rest, nullptr);
    return processor_time(pid) - begin;
}

std::string look(const Place& place) {
    Waiting waiting(place);
    Figures figures;
    figures.rows.push_back(memory_of("launcher, at the start", waiting.pid()));
    figures.rows.push_back(memory_of("init", only_child(waiting.pid())));
    await_slimness(waiting.pid());
    figures.rows.push_back(memory_of("launcher, after a second", waiting.pid()));
    figures.rows.push_back({"time of the launcher", {time_over_seconds(waiting.pid())}, ""});
    if (waiting.end() != 0) {
        throw std::runtime_error("the sandbox that waited did not exit with 0");
    }
    return figures.encode();
}

}  // namespace

Section measure_footprint(const Settings& settings, const Caller& caller) {
    Figures figures = Figures::decode(run_as(
        caller, settings.place.directory(), [] {}, [&] { return look(settings.place); }));
    const double time = figures.rows.back().values[0];
    figures.rows.pop_back();
    const std::uintmax_t size = std::filesystem::file_size(settings.place.sandbox());
    Section section;
    section.table.title = "While the command runs (KiB)";
    section.table.columns = {"", "VmRSS", "of that anonymous", "of that the binary"};
    for (const Figures::Row& row : figures.rows) {
        section.table.rows.push_back({row.name, number(row.values[0]), number(row.values[1]), number(row.values[2])});
    }
    section.table.rows.push_back({"size of the binary", number(static_cast<double>(size) / 1024), "", ""});
    section.goals.push_back({"VmRSS of the waiting launcher, KiB", 2048, figures.rows.back().values[0]});
    section.goals.push_back(
        {"processor time of the waiting launcher in " + std::to_string(watched_seconds) + " s, ms", 0, time});
    return section;
}

}  // namespace bench
