// What stands in the registry about one sandbox: values to text and back. Pure.
//
// An entry is a file of lines, each an object of JSON: who asks for the name, what runs, how it ended. A line is added
// with one write(2); what has no newline behind it was cut off by a full disk or a killed launcher, and says nothing.
#pragma once

#include <sandbox/registry.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <linux/filter.h>

namespace sandbox::registry {

/// A process, and what tells it from all that have its number later.
struct ProcessId {
    pid_t pid = 0;
    std::uint64_t start = 0;  ///< field 22 of /proc/PID/stat
    friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

/// What a command that joins gets, beside the namespaces.
struct Joining {
    NamespaceSet owned;  ///< kinds that the guest's user namespace owns
    std::vector<std::uint32_t> groups;
    NamespaceSet inherited;     ///< kinds that it has joined itself
    bool quota_userns = false;  ///< there is a user namespace between the setup one and the guest's
    bool set_ids = false;       ///< the ids inside are not those that the caller has there
    bool set_groups = false;    ///< setgroups(2) is open inside
    bool private_ids = false;  ///< the caller's own ids are not mapped: those of the setup user namespace's 0 are taken
    std::optional<std::uint64_t> core_limit;
    std::vector<sock_filter> filter;
    bool clear_environment = false;
    std::vector<EnvironmentRule> environment;
    std::string home;
    std::optional<std::string> user_name;
};

/// The first line.
struct Request {
    std::string name;
    std::string boot;  ///< /proc/sys/kernel/random/boot_id: pids and start times are of this one
    ProcessId launcher;
    bool detached = false;
    bool foreground = false;  ///< the launcher forwards the signals that it gets
};

/// The second.
struct Running {
    ProcessId init;
    ProcessId command;
    NamedSandbox sandbox;  ///< all but what Request has
    Joining joining;
};

struct Entry {
    Request request;
    std::optional<Running> running;
    std::optional<Outcome> ended;
};

/// With the newline behind it.
[[nodiscard]] std::string request_line(const Request& request);
[[nodiscard]] std::string running_line(const Running& running);
[[nodiscard]] std::string ended_line(const Outcome& outcome);

/// Nothing where not even the first line is one. A later line that is none ends the entry.
[[nodiscard]] std::optional<Entry> parse_entry(std::string_view text);

/// What can be known of a sandbox from its entry; `entry.running` is there.
[[nodiscard]] NamedSandbox sandbox_of(const Entry& entry);

/// Throws Error: a name is a letter or a digit, and up to 63 of those and `.`, `_`, `-`.
void check_name(std::string_view name);

}  // namespace sandbox::registry
