// The values of options about limits. As values.hpp: pure, and what is wrong is thrown as spec::BadValue.
#pragma once

#include <sandbox/limits.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sandbox::cli {

/// A duration that is not 0.
[[nodiscard]] std::chrono::nanoseconds parse_time_limit(std::string_view text);
/// A size that is not 0.
[[nodiscard]] std::uint64_t parse_size_limit(std::string_view text);
/// `NAME=SOFT[:HARD]`, each resource once.
void add_resource_limit(Limits& limits, std::string_view text);
/// Processors in thousandths: digits, and up to three behind a point; not less than 0.01.
[[nodiscard]] std::uint64_t parse_cpus(std::string_view text);
/// A number that is not 0.
[[nodiscard]] std::uint64_t parse_count(std::string_view text);
/// 1..10000
[[nodiscard]] unsigned parse_io_weight(std::string_view text);
/// A list as spec::parse_processors() has it, as it is.
[[nodiscard]] std::string parse_cpuset(std::string_view text);
/// Whether it is `best-effort`.
[[nodiscard]] bool parse_holding(std::string_view text);
[[nodiscard]] int parse_niceness(std::string_view text);
[[nodiscard]] int parse_oom_score(std::string_view text);

}  // namespace sandbox::cli
