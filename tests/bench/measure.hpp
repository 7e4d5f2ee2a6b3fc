// Running commands and taking their time.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

struct Command {
    std::string name;               ///< as the tables show it
    std::vector<std::string> argv;  ///< argv[0] is a path
    std::string cgroup = {};        ///< whose cgroup.procs is entered before, which is not counted; empty: as it is
};

/// How long to go on: until `rounds` are done or `seconds` are over, whichever comes first, but never less than five
/// rounds.
struct Effort {
    std::size_t rounds = 0;
    double seconds = 0;
};

/// What one command took. With a failure there are no figures: what did not work was not fast.
struct Samples {
    std::vector<double> microseconds;
    std::string failure;  ///< empty: every run exited with 0
};

struct Summary {
    double median = 0;
    double p10 = 0;
    double p99 = 0;
};

/// `samples` must not be empty.
[[nodiscard]] Summary summarise(std::vector<double> samples);
[[nodiscard]] double median(std::vector<double> values);

/// From before the spawn until the process has been waited for. The commands run in turn, one of each in every round,
/// so that whatever else the machine does meets them all alike. The first rounds are not counted.
[[nodiscard]] std::vector<Samples> in_turn(const std::vector<Command>& commands, Effort effort);

/// Runs `parallel` processes of a command at once for `seconds`, replacing each that ends; how many ended per second.
struct Rate {
    double per_second = 0;
    std::string failure;
};
[[nodiscard]] Rate rate(const Command& command, std::size_t parallel, double seconds);

/// Runs the command once with `arguments` added and its stderr read; an empty string when it exited with
/// `expected_status`, else what happened.
[[nodiscard]] std::string try_out(const Command& command, const std::vector<std::string>& arguments,
                                  int expected_status);

/// Seconds of CLOCK_MONOTONIC.
[[nodiscard]] double now();

}  // namespace bench
