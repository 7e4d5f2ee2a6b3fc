// Sandboxes that can be found again by their name (Spec::name): those of the calling user that are running.
//
// All functions throw Error, and may be called from several threads. What they return was true when they looked; a
// sandbox may end at any time. sandbox(1), NAMES.
#pragma once

#include <sandbox/process.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sandbox {

/// A place of the inside and what stands there.
struct ShownPath {
    std::string path;
    std::string source;     ///< of the host; empty for what is private
    bool writable = false;  ///< as far as the mounts are concerned
};

/// A running sandbox that has a name.
struct NamedSandbox {
    std::string name;
    pid_t launcher = 0;  ///< the pids as the host's /proc has them, in the launcher's pid namespace
    pid_t init = 0;
    pid_t command = 0;
    std::int64_t started = 0;  ///< seconds since 1970
    bool detached = false;
    std::vector<std::string> arguments;  ///< of the command
    std::uint32_t user = 0;              ///< the command's ids, inside
    std::uint32_t group = 0;
    std::vector<IdRange> users;  ///< what the inside's ids are outside
    std::vector<IdRange> groups;
    NamespaceSet fresh;                                        ///< kinds that are not the caller's
    std::array<NamespaceInode, namespace_count> namespaces{};  ///< indexed by Namespace
    std::vector<ShownPath> paths;
    CapabilitySet capabilities;
    std::string cwd;                  ///< inside
    std::vector<std::string> notes;   ///< as explain() has them
    std::vector<std::string> limits;  ///< likewise, a line each
    std::string cgroup;               ///< the directory of its own, where it has one
};

/// What a sandbox uses by now.
struct LiveUsage {
    std::uint64_t memory = 0;             ///< bytes
    std::chrono::nanoseconds cpu_time{};  ///< of all that was started inside
    std::uint64_t pids = 0;               ///< processes; where a cgroup counts threads
    /// A cgroup has counted it. Otherwise `memory` is what the processes have resident, what several share being
    /// counted for each, and `cpu_time` theirs and that of those they have waited for.
    bool counted = false;
};

/// All that run, by name.
[[nodiscard]] std::vector<NamedSandbox> list();
/// The one of that name, if it runs.
[[nodiscard]] std::optional<NamedSandbox> find(const std::string& name);

/// Without a cgroup it looks at all of /proc. Zeros once it has ended.
[[nodiscard]] LiveUsage live_usage(const NamedSandbox& sandbox);

/// SIGTERM to the command, and after `patience` SIGKILL; returns when all of the sandbox is gone. False where there is
/// none of that name.
[[nodiscard]] bool stop(const std::string& name, std::chrono::milliseconds patience);

/// Waits until it has ended. One that was detached may have ended before: how is kept until it has been asked once.
/// Nothing where there is none of that name; Outcome::Kind::lost where its launcher was killed.
[[nodiscard]] std::optional<Outcome> wait(const std::string& name);

/// A command that joins a running sandbox.
struct EnterSpec {
    std::vector<std::string> command;  ///< argv; empty: an interactive /bin/sh
    std::optional<std::string> cwd;    ///< inside; that of the sandbox's own command otherwise
    /// Behind the rules that the sandbox was started with; applied to the environment of the calling process.
    std::vector<EnvironmentRule> environment;
    Tty tty = Tty::inherited;
    bool foreground = false;  ///< as Spec::foreground
    bool trace = false;       ///< as Spec::trace
};

/// Starts a command in the running sandbox `name`: in its namespaces, with the ids, capabilities, system calls and
/// rules for the environment of its own command, but under no Landlock domain, as one cannot be joined. It ends with
/// the sandbox, and when the Process is destroyed. Throws Error where there is no such sandbox, where it ends
/// meanwhile, and where its command has left the namespaces that it was started in.
[[nodiscard]] Process enter(const std::string& name, const EnterSpec& spec);

}  // namespace sandbox
