// The files of a cgroup, as text to values. Pure.
#pragma once

#include <sandbox/process.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace sandbox::limits {

/// Of a file with a single number, as memory.peak; nothing for `max`.
[[nodiscard]] std::optional<std::uint64_t> single_figure(std::string_view text);
/// Of a file with a name and a number in each line, as cpu.stat.
[[nodiscard]] std::optional<std::uint64_t> keyed_figure(std::string_view text, std::string_view key);
/// Of io.stat, in which each line is a device: the sum for a key, as rbytes.
[[nodiscard]] std::uint64_t summed_figure(std::string_view text, std::string_view key);
/// Of cpu.pressure and the like.
[[nodiscard]] std::optional<Pressure> pressure_figure(std::string_view text);

}  // namespace sandbox::limits
