// The parts of the benchmark. Each measures one thing and returns tables.
#pragma once

#include "measure.hpp"
#include "place.hpp"
#include "table.hpp"
#include "worker.hpp"

#include <string>
#include <vector>

namespace bench {

/// What shall be reached, and what was.
struct Goal {
    std::string what;
    double limit = 0;
    double measured = 0;
};

struct Section {
    Table table;
    std::vector<Goal> goals;
};

struct Settings {
    const Place& place;
    bool quick = false;
};

/// Start-up and exit of the no-op.
[[nodiscard]] Section measure_startup(const Settings& settings, const Caller& caller);
/// A command in a sandbox that runs.
[[nodiscard]] Section measure_enter(const Settings& settings, const Caller& caller);
/// Sandboxes per second, with several at once.
[[nodiscard]] Section measure_throughput(const Settings& settings, const Caller& caller);
/// Start-up against the number of mounts of the host.
[[nodiscard]] Section measure_host_mounts(const Settings& settings, const Caller& caller);
/// Start-up against the number of `--ro` options.
[[nodiscard]] Section measure_binds(const Settings& settings, const Caller& caller);
/// Start-up against the number of `--hide` options.
[[nodiscard]] Section measure_hides(const Settings& settings, const Caller& caller);
/// Start-up with overlays.
[[nodiscard]] Section measure_overlays(const Settings& settings, const Caller& caller);
/// Start-up against the depth of what is hidden, protected or shown.
[[nodiscard]] Section measure_deep(const Settings& settings, const Caller& caller);
/// Looking at the changes of a run, and keeping them.
[[nodiscard]] Section measure_changes(const Settings& settings, const Caller& caller);
/// A cgroup at start-up, and what a report says.
[[nodiscard]] std::vector<Section> measure_limits(const Settings& settings, const Caller& caller);
/// Memory and time of what waits, and the size of the binary.
[[nodiscard]] Section measure_footprint(const Settings& settings, const Caller& caller);

/// What a worker sends back: figures by name of the command, or why there are none.
struct Figures {
    struct Row {
        std::string name;
        std::vector<double> values;
        std::string failure;
    };
    std::vector<Row> rows;
    std::vector<std::string> notes;

    [[nodiscard]] std::string encode() const;
    [[nodiscard]] static Figures decode(const std::string& text);
    /// The row, or nullptr where it is missing or failed.
    [[nodiscard]] const Row* find(const std::string& name) const;
    /// The notes, and a line for each row that failed.
    [[nodiscard]] std::vector<std::string> remarks() const;
};

/// Median, 10th and 99th percentile of each command, in microseconds.
[[nodiscard]] Figures summarise(const std::vector<Command>& commands, const std::vector<Samples>& samples);

}  // namespace bench
