// What a command may use: part of a Spec, as plain data. sandbox(1), What it may use.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>

namespace sandbox {

/// A limit that ends the command when it is reached.
enum class Limit : std::uint8_t { timeout, cpu_time, output };

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

    std::map<Resource, ResourceLimit> resources;
    std::optional<int> nice;       ///< -20..19, nice(2); below the caller's own only where RLIMIT_NICE allows it
    std::optional<int> oom_score;  ///< -1000..1000, oom_score_adj of proc(5)
    /// Bytes that the private directories may hold together, half of the memory otherwise; entries count, too, one for
    /// each KiB. Not 0. Not with Spec::only, where there are none.
    std::optional<std::uint64_t> tmp_size;
    friend bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace sandbox
