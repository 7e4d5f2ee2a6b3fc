// The system calls that a command may make, and those that it is refused on purpose. What stands in no list does not
// exist for it (ENOSYS). Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sandbox::seccomp {

/// A list of calls. `standard` is for what programs use, `strict` for what computes.
enum class Profile : std::uint8_t { standard, strict };

/// What the namespaces that a command owns or may make are of no use without.
struct Opened {
    bool mounts = false;  ///< the old and the new mount calls
    bool setns = false;
    friend bool operator==(const Opened&, const Opened&) = default;
};

/// Names of system calls, each once. What is in neither list gets ENOSYS.
struct Calls {
    std::vector<std::string_view> allowed;
    std::vector<std::string_view> refused;  ///< with EPERM
};

[[nodiscard]] Calls calls_of(Profile profile, Opened opened);

/// Moves names from one list to the other. What was in neither list is allowed when it is allowed, and stays unknown
/// when it is denied. What is in both is denied.
void change(Calls& calls, std::span<const std::string_view> allow, std::span<const std::string_view> deny);

/// The groups of the table, without the @, each once.
[[nodiscard]] std::span<const std::string_view> groups();
/// All names of the table.
[[nodiscard]] std::span<const std::string_view> listed_calls();
/// The names of a group; empty where there is none of that name.
[[nodiscard]] std::vector<std::string_view> calls_of_group(std::string_view group);

}  // namespace sandbox::seccomp
