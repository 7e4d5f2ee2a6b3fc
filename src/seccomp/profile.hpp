// Profiles as containers have them (seccomp.json of Podman and Docker): text to a value. Pure.
//
// What a profile asks for and cannot have is an error, never passed over: a profile that is half understood protects
// from half of what it should.
#pragma once

#include "json/json.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::seccomp {

using json::Json;
/// What is no profile: what() says where and why.
using BadProfile = json::BadText;

/// What becomes of a call.
struct Action {
    enum class Kind : std::uint8_t { allow, log, fail, trap, kill_thread, kill_process };
    Kind kind = Kind::fail;
    std::uint32_t error = 0;  ///< fail: the errno; 0 pretends that it was done
    [[nodiscard]] bool lets_through() const { return kind == Kind::allow || kind == Kind::log; }
    friend bool operator==(const Action&, const Action&) = default;
};

/// What an argument of a call must be for a rule to hold.
struct Condition {
    enum class Comparison : std::uint8_t {
        not_equal,
        less,
        less_or_equal,
        equal,
        greater_or_equal,
        greater,
        masked_equal  ///< (argument & value) == second
    };
    unsigned argument = 0;  ///< 0 to 5
    Comparison comparison = Comparison::equal;
    std::uint64_t value = 0;
    std::uint64_t second = 0;
    friend bool operator==(const Condition&, const Condition&) = default;
};

struct KernelVersion {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    friend bool operator==(const KernelVersion&, const KernelVersion&) = default;
    friend bool operator<(const KernelVersion& one, const KernelVersion& other) {
        return one.major != other.major ? one.major < other.major : one.minor < other.minor;
    }
};

/// `5.15`, or the beginning of `5.15.0-91-generic`, for a kernel's release.
[[nodiscard]] std::optional<KernelVersion> kernel_version(std::string_view release);

/// Where a rule is for, or not for.
struct Circumstances {
    std::vector<std::string> machines;      ///< as Go calls them: amd64
    std::vector<std::string> capabilities;  ///< CAP_SYS_ADMIN
    std::optional<KernelVersion> kernel;    ///< that one or a later one
    friend bool operator==(const Circumstances&, const Circumstances&) = default;
};

struct Rule {
    std::size_t line = 0;  ///< where it begins
    std::vector<std::string> names;
    Action action;
    std::vector<Condition> conditions;
    Circumstances includes;
    Circumstances excludes;
};

struct OciProfile {
    Action default_action;
    std::vector<Rule> rules;
};

/// Throws BadProfile.
[[nodiscard]] OciProfile parse_profile(std::string_view text);

/// The rules that hold here, with what they ask for taken away. `capabilities`: what the command can ever have, as
/// `CAP_SYS_ADMIN`.
[[nodiscard]] OciProfile profile_for(const OciProfile& profile, std::string_view machine,
                                     const std::vector<std::string>& capabilities, KernelVersion kernel);

}  // namespace sandbox::seccomp
