#include "spec/limits.hpp"

#include "spec/numbers.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace sandbox::spec {
namespace {

struct LimitRow {
    Limit limit;
    std::string_view name;
    std::string_view option;
};
constexpr std::array limit_table{
    LimitRow{Limit::timeout, "timeout", "--timeout"},  LimitRow{Limit::cpu_time, "cpu-time", "--cpu-time"},
    LimitRow{Limit::output, "output", "--max-output"}, LimitRow{Limit::memory, "oom", "--memory"},
    LimitRow{Limit::pids, "pids", "--pids"},
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

std::vector<unsigned> parse_processors(std::string_view text) {
    constexpr unsigned most = 65536;
    const auto bad = [] { return BadValue("not a list of processors", "as 0-3,8, in ascending order"); };
    const auto number = [&](std::string_view digits) {
        unsigned value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size() || value >= most) {
            throw bad();
        }
        return value;
    };
    std::vector<unsigned> processors;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t comma = std::min(text.find(',', start), text.size());
        const std::string_view range = text.substr(start, comma - start);
        const std::size_t dash = range.find('-');
        const unsigned first = number(range.substr(0, dash));
        const unsigned last = dash == std::string_view::npos ? first : number(range.substr(dash + 1));
        if (last < first || (!processors.empty() && first <= processors.back())) {
            throw bad();
        }
        for (unsigned processor = first; processor <= last; ++processor) {
            processors.push_back(processor);
        }
        start = comma + 1;
    }
    return processors;
}

std::string cpus_text(std::uint64_t thousandths) {
    constexpr std::uint64_t one = 1000;
    std::string fraction = std::to_string(one + thousandths % one).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return std::to_string(thousandths / one) + (fraction.empty() ? "" : "." + fraction);
}

std::string seconds_text(std::chrono::nanoseconds duration) {
    constexpr std::int64_t second = 1'000'000'000;
    std::string fraction = std::to_string(second + duration.count() % second).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return std::to_string(duration.count() / second) + (fraction.empty() ? "" : "." + fraction) + " s";
}

}  // namespace sandbox::spec
