#include "spec/limits.hpp"

namespace sandbox::spec {
namespace {

struct LimitRow {
    Limit limit;
    std::string_view name;
    std::string_view option;
};
constexpr std::array limit_table{
    LimitRow{Limit::timeout, "timeout", "--timeout"},
    LimitRow{Limit::cpu_time, "cpu-time", "--cpu-time"},
    LimitRow{Limit::output, "output", "--max-output"},
};

const LimitRow& limit_row(Limit limit) {
    return limit_table.at(static_cast<std::size_t>(limit));
}

std::string number(std::uint64_t value) {
    return value == unlimited ? "unlimited" : std::to_string(value);
}

}  // namespace

std::string_view name(Limit limit) noexcept {
    return limit_row(limit).name;
}

std::string_view option(Limit limit) noexcept {
    return limit_row(limit).option;
}

std::optional<Limit> find_limit(std::string_view name) noexcept {
    for (const LimitRow& candidate : limit_table) {
        if (candidate.name == name) {
            return candidate.limit;
        }
    }
    return std::nullopt;
}

const ResourceRow& row(Resource resource) noexcept {
    return resource_table.at(static_cast<std::size_t>(resource));
}

std::string text(Resource resource, const ResourceLimit& limit) {
    return std::string(row(resource).name) + " = " + number(limit.soft) + ':' + number(limit.hard);
}

std::string seconds_text(std::chrono::nanoseconds duration) {
    constexpr std::int64_t second = 1'000'000'000;
    std::string fraction = std::to_string(second + duration.count() % second).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return std::to_string(duration.count() / second) + (fraction.empty() ? "" : "." + fraction) + " s";
}

}  // namespace sandbox::spec
