// What a command may use: part of a Spec, as plain data. sandbox(1), What it may use.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>

namespace sandbox {

/// A limit that can be the reason for an end: the first three end the command when they are reached; memory and pids
/// are the reason where they were reached and the command then failed.
enum class Limit : std::uint8_t { timeout, cpu_time, output, memory, pids };

/// The limits of setrlimit(2), which each process has for itself; named as there. nproc is counted for the sandbox.
enum class Resource : std::uint8_t {
    as,
    core,
    cpu,
    data,
    fsize,
    locks,
    memlock,
    msgqueue,
    nice,
    nofile,
    nproc,
    rss,
    rtprio,
    rttime,
    sigpending,
    stack,
};

inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

/// In the unit that setrlimit(2) has for the resource, or `unlimited`. The soft one is not above the hard one, and that
/// is not above the hard one of the calling process.
struct ResourceLimit {
    std::uint64_t soft = unlimited;
    std::uint64_t hard = unlimited;
    friend bool operator==(const ResourceLimit&, const ResourceLimit&) = default;
};

/// Durations are real time, not less than a nanosecond, and at most some 290 years. Process::wait() holds them: a
/// caller that does not wait has no limit of time.
struct Limits {
    /// From when launch() has its plan to the end of the command (CLOCK_MONOTONIC: while a machine is suspended it
    /// stands still). Then the command gets SIGTERM and SIGCONT, and everything inside is killed `kill_after` later. A
    /// sandbox that is still being made then is killed at once.
    std::optional<std::chrono::nanoseconds> timeout;
    /// User and system time of all processes inside together, as far as it can be seen: what the launcher looks at are
    /// the processes that run and what those have waited for. Time of others, whose parents ignore their end, is lost.
    /// Each process is moreover held by RLIMIT_CPU, a second later. Ends the command as `timeout` does.
    std::optional<std::chrono::nanoseconds> cpu_time;
    /// 0: no SIGTERM, everything is killed at once. Not negative.
    std::chrono::nanoseconds kill_after = std::chrono::seconds(2);
    /// Bytes that the command may write to descriptors 1 and 2 together. They are pipes then, unless they are on a
    /// terminal of its own; what is beyond is not passed on, and everything inside is killed at once. May be 0.
    std::optional<std::uint64_t> output;

    /// The following are of all processes inside together, and held by a cgroup (cgroups(7), version 2) that the
    /// sandbox gets below one that the caller may use: launch() throws Error where there is none.
    ///
    /// Bytes of memory, what the kernel keeps for them and files in its cache included: memory.max. Not 0.
    std::optional<std::uint64_t> memory = {};
    /// Bytes of swap: memory.swap.max. With `memory` alone there is none.
    std::optional<std::uint64_t> swap = {};
    /// Thousandths of a processor, each tenth of a second: cpu.max. Not less than 10.
    std::optional<std::uint64_t> cpus = {};
    /// Processes and threads, the command included: pids.max, to which the sandbox's own are added. Not 0.
    std::optional<std::uint64_t> pids = {};
    std::optional<unsigned> io_weight = {};  ///< 1..10000, the default being 100: io.weight
    std::optional<std::string> cpuset = {};  ///< processors as 0-3,8: cpuset.cpus
    /// Where there is no cgroup: `pids` is held by RLIMIT_NPROC, and `memory` by RLIMIT_AS for each process on its own.
    /// The others cannot be held so.
    bool best_effort = false;
    [[nodiscard]] bool need_cgroup() const noexcept { return memory || swap || cpus || pids || io_weight || cpuset; }

    std::map<Resource, ResourceLimit> resources;
    std::optional<int> nice;       ///< -20..19, nice(2); below the caller's own only where RLIMIT_NICE allows it
    std::optional<int> oom_score;  ///< -1000..1000, oom_score_adj of proc(5)
    /// Bytes that the private directories may hold together, half of the memory otherwise; entries count, too, one for
    /// each KiB. What is written in an Overlay lies there, too; before Linux 6.6 with this limit alone. Not 0. Not with
    /// Spec::only, where there are none.
    std::optional<std::uint64_t> tmp_size;
    friend bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace sandbox
