// What the processes of a sandbox use, looked at from outside in /proc: where there is no cgroup, nobody else counts
// while they run.
//
// Seen are the processes that are there, and of each the time of those that it has waited for (proc_pid_stat(5)), which
// holds for descendants of those, too. Not seen is the time of a process whose parent ignores its end (SIGCHLD), once
// that has come: the kernel gives it to nobody.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace sandbox::limits {

struct Usage {
    std::chrono::nanoseconds user{};    ///< in steps of clock ticks, 10 ms
    std::chrono::nanoseconds system{};  ///< likewise
    std::uint64_t peak_memory = 0;      ///< bytes: the most that one process had in memory
    [[nodiscard]] std::chrono::nanoseconds cpu_time() const { return user + system; }
};

/// Of the processes below `init`, and of itself. With `memory` also that: it costs as much again. Nothing where /proc
/// does not tell: it is not mounted, or the kernel is made without CONFIG_PROC_CHILDREN.
[[nodiscard]] std::optional<Usage> look(pid_t init, bool memory);

/// Of one process, by its directory in /proc: bytes it has resident, and its time with that of those it has waited for.
[[nodiscard]] std::uint64_t resident_memory(const std::string& process);
[[nodiscard]] std::chrono::nanoseconds cpu_time(const std::string& process);

}  // namespace sandbox::limits
