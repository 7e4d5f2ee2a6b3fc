// The names of limits, as options, reports and the registry have them. Pure.
#pragma once

#include <sandbox/limits.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>

namespace sandbox::spec {

/// What reports give as reason.
[[nodiscard]] std::string_view name(Limit limit) noexcept;
/// With its dashes.
[[nodiscard]] std::string_view option(Limit limit) noexcept;
[[nodiscard]] std::optional<Limit> find_limit(std::string_view name) noexcept;

/// What the numbers of a resource limit are.
enum class Unit : std::uint8_t { bytes, seconds, microseconds, count };

struct ResourceRow {
    Resource resource;
    std::string_view name;  ///< as prlimit(1) has it
    int number;             ///< as the kernel has it
    Unit unit;
};
inline constexpr std::array resource_table{
    ResourceRow{Resource::as, "as", RLIMIT_AS, Unit::bytes},
    ResourceRow{Resource::core, "core", RLIMIT_CORE, Unit::bytes},
    ResourceRow{Resource::cpu, "cpu", RLIMIT_CPU, Unit::seconds},
    ResourceRow{Resource::data, "data", RLIMIT_DATA, Unit::bytes},
    ResourceRow{Resource::fsize, "fsize", RLIMIT_FSIZE, Unit::bytes},
    ResourceRow{Resource::locks, "locks", RLIMIT_LOCKS, Unit::count},
    ResourceRow{Resource::memlock, "memlock", RLIMIT_MEMLOCK, Unit::bytes},
    ResourceRow{Resource::msgqueue, "msgqueue", RLIMIT_MSGQUEUE, Unit::bytes},
    ResourceRow{Resource::nice, "nice", RLIMIT_NICE, Unit::count},
    ResourceRow{Resource::nofile, "nofile", RLIMIT_NOFILE, Unit::count},
    ResourceRow{Resource::nproc, "nproc", RLIMIT_NPROC, Unit::count},
    ResourceRow{Resource::rss, "rss", RLIMIT_RSS, Unit::bytes},
    ResourceRow{Resource::rtprio, "rtprio", RLIMIT_RTPRIO, Unit::count},
    ResourceRow{Resource::rttime, "rttime", RLIMIT_RTTIME, Unit::microseconds},
    ResourceRow{Resource::sigpending, "sigpending", RLIMIT_SIGPENDING, Unit::count},
    ResourceRow{Resource::stack, "stack", RLIMIT_STACK, Unit::bytes},
};

[[nodiscard]] const ResourceRow& row(Resource resource) noexcept;
/// `nofile = 100:200`.
[[nodiscard]] std::string text(Resource resource, const ResourceLimit& limit);
/// Of Limits::cpus: a quota of a millisecond in a period of a tenth of a second.
inline constexpr std::uint64_t least_cpus = 10;
inline constexpr unsigned most_io_weight = 10000;
/// Numbers of processors from a list as `0-3,8`, in ascending order. Throws BadValue.
[[nodiscard]] std::vector<unsigned> parse_processors(std::string_view text);
/// `1.5` of 1500.
[[nodiscard]] std::string cpus_text(std::uint64_t thousandths);

/// `0.5 s`.
[[nodiscard]] std::string seconds_text(std::chrono::nanoseconds duration);

}  // namespace sandbox::spec
