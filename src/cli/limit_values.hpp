// The values of options about limits. As values.hpp: pure, and what is wrong is thrown as spec::BadValue.
#pragma once

#include <sandbox/limits.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace sandbox::cli {

/// A duration that is not 0.
[[nodiscard]] std::chrono::nanoseconds parse_time_limit(std::string_view text);
/// A size that is not 0.
[[nodiscard]] std::uint64_t parse_size_limit(std::string_view text);
/// `NAME=SOFT[:HARD]`, each resource once.
void add_resource_limit(Limits& limits, std::string_view text);
[[nodiscard]] int parse_niceness(std::string_view text);
[[nodiscard]] int parse_oom_score(std::string_view text);

}  // namespace sandbox::cli
