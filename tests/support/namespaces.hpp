// The namespaces that a process is in, as /proc/PID/ns shows them.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sandbox_test {

inline constexpr std::array namespace_kinds{"mnt", "pid", "uts", "ipc", "net", "cgroup", "user", "time"};

/// Kind -> what the link says, e.g. `net:[4026531840]`.
using Namespaces = std::map<std::string, std::string>;

/// Those of a process of this machine, `self` by default.
Namespaces namespaces_of(const std::string& process = "self");
/// Those that a command finds itself in, inside `sandbox OPTION...`. Fails the test when they cannot be had.
Namespaces namespaces_inside(const std::vector<std::string>& options = {});
/// The kinds in which the two differ.
std::set<std::string> different(const Namespaces& one, const Namespaces& other);

/// Writes `a b c`: for failure messages, and to compare with.
std::string listed(const std::set<std::string>& kinds);

}  // namespace sandbox_test
