#include "measure.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr std::size_t warm_up_rounds = 3;
constexpr std::size_t least_rounds = 5;

// argv as posix_spawn(3) takes it, made once and not per run.
class Arguments {
  public:
    explicit Arguments(const std::vector<std::string>& argv, std::string cgroup = {})
        : argv_(argv), cgroup_(std::move(cgroup)) {
        for (std::string& argument : argv_) {
            pointers_.push_back(argument.data());
        }
        pointers_.push_back(nullptr);
    }
    Arguments(const Arguments&) = delete;
    Arguments& operator=(const Arguments&) = delete;

    // With what is spawned next.
    void enter_cgroup() const {
        if (cgroup_.empty()) {
            return;
        }
        const int file = ::open(cgroup_.c_str(), O_WRONLY | O_CLOEXEC);
        const bool entered = file >= 0 && ::write(file, "0", 1) == 1;
        const int error = errno;
        ::close(file);
        if (!entered) {
            throw std::runtime_error(cgroup_ + ": " + std::strerror(error));
        }
    }

    // posix_spawn clones with CLONE_VM | CLONE_VFORK: the size of this process does not matter.
    [[nodiscard]] pid_t spawn(const posix_spawn_file_actions_t* actions = nullptr) const {
        pid_t pid = -1;
        const int error = ::posix_spawn(&pid, pointers_[0], actions, nullptr, pointers_.data(), environ);
        if (error != 0) {
            throw std::runtime_error(argv_[0] + ": " + std::strerror(error));
        }
        return pid;
    }

  private:
    std::vector<std::string> argv_;
    std::string cgroup_;
    std::vector<char*> pointers_;
};

int wait_for(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            throw std::runtime_error(std::string("waitpid: ") + std::strerror(errno));
        }
    }
    return status;
}

std::string describe(int status) {
    if (WIFEXITED(status)) {
        return "exit status " + std::to_string(WEXITSTATUS(status));
    }
    return "ended by signal " + std::to_string(WTERMSIG(status));
}

double percentile(const std::vector<double>& sorted, double share) {
    const auto last = static_cast<double>(sorted.size() - 1);
    return sorted[static_cast<std::size_t>(std::lround(share * last))];
}

// In an order that changes: the kernel takes a namespace apart after its last process has been waited for, and who runs
// next pays for that.
void run_round(const std::vector<std::unique_ptr<Arguments>>& prepared, std::minstd_rand& random,
               std::vector<Samples>& results) {
    std::vector<std::size_t> order(prepared.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t i : order) {
        if (!results[i].failure.empty()) {
            continue;
        }
        prepared[i]->enter_cgroup();
        const double start = now();
        const int status = wait_for(prepared[i]->spawn());
        results[i].microseconds.push_back((now() - start) * 1e6);
        if (status != 0) {
            results[i].failure = describe(status) + " in run " + std::to_string(results[i].microseconds.size());
        }
    }
}

}  // namespace

double now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Summary summarise(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    return {percentile(samples, 0.5), percentile(samples, 0.1), percentile(samples, 0.99)};
}

double median(std::vector<double> values) {
    return summarise(std::move(values)).median;
}

std::vector<Samples> in_turn(const std::vector<Command>& commands, Effort effort) {
    std::vector<std::unique_ptr<Arguments>> prepared;
    for (const Command& command : commands) {
        prepared.push_back(std::make_unique<Arguments>(command.argv, command.cgroup));
    }
    std::vector<Samples> results(commands.size());
    std::minstd_rand random;  // the same order in every run of the benchmark
    const double warm_up_end = now() + effort.seconds / 4;
    for (std::size_t round = 0; round < warm_up_rounds && (round == 0 || now() < warm_up_end); ++round) {
        run_round(prepared, random, results);
    }
    for (Samples& result : results) {
        result.microseconds.clear();
    }
    const double end = now() + effort.seconds;
    for (std::size_t round = 0; round < effort.rounds && (round < least_rounds || now() < end); ++round) {
        run_round(prepared, random, results);
    }
    return results;
}

Rate rate(const Command& command, std::size_t parallel, double seconds) {
    const Arguments arguments(command.argv);
    Rate result;
    std::size_t running = 0;
    std::size_t ended = 0;
    const double start = now();
    while (running < parallel) {
        static_cast<void>(arguments.spawn());
        ++running;
    }
    while (running > 0) {
        const int status = wait_for(-1);
        --running;
        ++ended;
        if (status != 0) {
            result.failure = describe(status) + " with " + std::to_string(parallel) + " at once";
        }
        if (result.failure.empty() && now() - start < seconds) {
            static_cast<void>(arguments.spawn());
            ++running;
        }
    }
    result.per_second = static_cast<double>(ended) / (now() - start);
    return result;
}

std::string try_out(const Command& command, const std::vector<std::string>& arguments, int expected_status) {
    std::vector<std::string> argv = command.argv;
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    int error_pipe[2];
    if (::pipe2(error_pipe, O_CLOEXEC) < 0) {
        throw std::runtime_error(std::string("pipe2: ") + std::strerror(errno));
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, error_pipe[1], 2);
    const pid_t pid = Arguments(argv).spawn(&actions);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(error_pipe[1]);
    std::string said;
    char buffer[4096];
    for (ssize_t length = 0; (length = ::read(error_pipe[0], buffer, sizeof buffer)) > 0;) {
        said.append(buffer, static_cast<std::size_t>(length));
    }
    ::close(error_pipe[0]);
    const int status = wait_for(pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == expected_status) {
        return "";
    }
    return describe(status) + (said.empty() ? "" : ": " + said.substr(0, said.find('\n')));
}

}  // namespace bench
