// Running a Spec.
#pragma once

#include <sandbox/error.hpp>
#include <sandbox/spec.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sandbox {

/// How a sandbox ended.
struct Outcome {
    enum class Kind : std::uint8_t {
        exited,    ///< value: the command's exit status
        signaled,  ///< value: the signal that ended the command
        lost,      ///< init was killed before it could say: nothing is known about the command
    };
    Kind kind = Kind::lost;
    int value = 0;
    std::optional<Limit> limit = {};  ///< the one that was reached, and for which the command was ended

    /// As a shell has it: the status, 128+N for signal N, 125 for a lost one; 124 for one whose time was up.
    [[nodiscard]] int exit_status() const noexcept;
};

/// How long processes waited for something that was short: `total` of cgroup.rst, PSI.
struct Pressure {
    std::chrono::nanoseconds some{};  ///< at least one
    std::chrono::nanoseconds full{};  ///< all at once
};

/// What only a cgroup counts. What a kernel does not count is not there.
struct CgroupUsage {
    std::optional<std::uint64_t> peak_pids;   ///< processes and threads at once, those of the sandbox itself left out
    std::uint64_t refused_pids = 0;           ///< how often one could not be made because of Limits::pids
    std::uint64_t out_of_memory_kills = 0;    ///< processes that the kernel killed because of Limits::memory
    std::optional<std::uint64_t> read_bytes;  ///< from block devices
    std::optional<std::uint64_t> written_bytes;
    std::optional<std::chrono::nanoseconds> throttled;  ///< held up by Limits::cpus
    std::optional<Pressure> cpu;
    std::optional<Pressure> memory;
    std::optional<Pressure> io;
};

/// What a sandbox has used: as its cgroup has counted it where it has one. As far as the kernel tells otherwise: what
/// has been waited for, and what the launcher saw where a limit ended the command.
struct Usage {
    std::chrono::nanoseconds wall{};    ///< from the beginning of launch() to the end of everything
    std::chrono::nanoseconds user{};    ///< of all processes, init and the setup included
    std::chrono::nanoseconds system{};  ///< likewise
    /// Bytes: the most that all had in memory together, where `peak_of_all`; else that one process had, init included.
    std::uint64_t peak_memory = 0;
    bool peak_of_all = false;
    std::optional<CgroupUsage> cgroup = {};
};

/// One executed step, with Spec::trace.
struct StepTime {
    unsigned index = 0;
    std::string name;
    std::string subject;
    std::int64_t nanoseconds = 0;  ///< CLOCK_MONOTONIC, from the end of the step before
};

/// One namespace kind, with Spec::trace.
struct NamespaceInode {
    std::uint64_t inside = 0;
    std::uint64_t outside = 0;
};

struct Trace {
    std::vector<StepTime> steps;
    std::array<NamespaceInode, namespace_count> namespaces{};  ///< indexed by Namespace
    std::vector<std::string> notes;                            ///< e.g. the Landlock ABI and what it lacks
};

/// A system call that the command's filter refused, with Spec::log_refusals.
struct Refusal {
    std::string call;         ///< its name; `call N` for a number without one
    int error = 0;            ///< what it got, or 0 where it was pretended to be done
    std::uint64_t times = 0;  ///< how often
    pid_t pid = 0;            ///< who made it first, as the host's /proc has it: a thread
    std::string program;      ///< what that called itself (/proc/PID/comm): any bytes
};

/// A running sandbox. Move-only; the destructor kills whatever still runs inside and waits for it. Not thread-safe: one
/// thread at a time may use an object; different objects are independent.
class Process {
  public:
    Process(Process&&) noexcept;
    Process& operator=(Process&&) noexcept;
    ~Process();

    /// The command's pid in the caller's pid namespace.
    [[nodiscard]] pid_t pid() const noexcept;
    /// Waits until the command has ended and every process of the sandbox is gone. Further calls return the same.
    /// Throws Error, once and after all that, where the report cannot be written.
    Outcome wait();
    /// Sends a signal to the command; for a command that is pid 1 its default action is emulated. Nothing happens once
    /// it has ended, or for a number that is no signal.
    void signal(int number);
    /// Kills everything inside at once.
    void kill();
    /// Whole once wait() has returned; before, of what was seen.
    [[nodiscard]] Usage usage() const noexcept;
    /// Empty unless Spec::trace.
    [[nodiscard]] const Trace& trace() const noexcept;
    /// Each call and errno once, in the order of the first time; empty unless Spec::log_refusals. From 256 on they are
    /// one entry, `other calls`. Calls that are refused after the command has ended are not in it.
    [[nodiscard]] const std::vector<Refusal>& refusals() const noexcept;

    class Impl;
    explicit Process(std::unique_ptr<Impl> impl) noexcept;

  private:
    std::unique_ptr<Impl> impl_;
};

/// Starts the sandbox. Returns once the command is executing. Throws Error when it is not: nothing is left behind then.
/// Safe to call from a process with threads, and from several threads at once (unless Spec::foreground).
[[nodiscard]] Process launch(const Spec& spec);

/// The plan of a run, as text; runs nothing. Throws Error for a Spec that launch() would refuse.
[[nodiscard]] std::string explain(const Spec& spec);

/// Whether the limits of the Spec take a cgroup that only systemd can make: launch() throws then, and succeeds in a
/// program that was started by `systemd-run --user --scope -p Delegate=yes`. Asks the kernel, and nobody else.
[[nodiscard]] bool needs_scope(const Spec& spec);

/// For a program that is alone in such a scope: goes to a cgroup below it, so that the scope itself can hand
/// controllers out, whatever other processes the program starts. Does nothing elsewhere.
void settle_in_scope() noexcept;

/// Removes what launchers that were killed have left on the host: placeholders below writable directories, and what
/// overlays have written to a disk (sandbox(1), FILES). Every launch() does the same, for the second where it needs
/// such a place itself. Returns a line for each thing that could not be cleared, and why.
std::vector<std::string> collect_garbage();

/// One line that says what the default closed and how to open it (`--rw .`, ...), or an empty string. For a command
/// that failed.
[[nodiscard]] std::string closed_doors(const Spec& spec);

/// The version of this library, e.g. `0.1.0`.
[[nodiscard]] const char* version() noexcept;

}  // namespace sandbox
