#include "cli/limit_values.hpp"

#include "spec/limits.hpp"
#include "spec/numbers.hpp"

#include <algorithm>
#include <string>

namespace sandbox::cli {
namespace {

using spec::BadValue;

const spec::ResourceRow& find_resource(std::string_view name) {
    const auto* const found = std::ranges::find(spec::resource_table, name, &spec::ResourceRow::name);
    if (found == spec::resource_table.end()) {
        throw BadValue("no limit has that name", "prlimit(1) lists them: as, core, cpu, data, fsize, nofile, nproc...");
    }
    return *found;
}

std::uint64_t parse_amount(std::string_view text, spec::Unit unit) {
    if (text == "unlimited" || text == "infinity") {
        return unlimited;
    }
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits && unit != spec::Unit::bytes) {
        throw BadValue("a limit is a number or unlimited", "NAME=SOFT or NAME=SOFT:HARD");
    }
    return spec::parse_size(text);
}

int parse_within(std::string_view text, int least, int most) {
    const bool negative = text.starts_with('-');
    const std::string_view digits = text.substr(negative ? 1 : 0);
    constexpr std::size_t most_digits = 4;
    if (digits.empty() || digits.size() > most_digits ||
        digits.find_first_not_of("0123456789") != std::string_view::npos) {
        throw BadValue("not a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    const int magnitude = std::stoi(std::string(digits));
    const int number = negative ? -magnitude : magnitude;
    if (number < least || number > most) {
        throw BadValue("not a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return number;
}

}  // namespace

std::chrono::nanoseconds parse_time_limit(std::string_view text) {
    const std::chrono::nanoseconds duration = spec::parse_duration(text);
    if (duration == std::chrono::nanoseconds::zero()) {
        throw BadValue("no time at all is left to the command", "leave it out for no limit");
    }
    return duration;
}

std::uint64_t parse_size_limit(std::string_view text) {
    const std::uint64_t size = spec::parse_size(text);
    if (size == 0) {
        throw BadValue("nothing at all is left to the command", "leave it out for no limit");
    }
    return size;
}

void add_resource_limit(Limits& limits, std::string_view text) {
    const std::size_t equal = text.find('=');
    if (equal == std::string_view::npos) {
        throw BadValue("not of the form NAME=SOFT or NAME=SOFT:HARD", "as in nofile=256");
    }
    const spec::ResourceRow& row = find_resource(text.substr(0, equal));
    const std::string_view amounts = text.substr(equal + 1);
    const std::size_t colon = amounts.find(':');
    ResourceLimit limit;
    limit.soft = parse_amount(amounts.substr(0, colon), row.unit);
    limit.hard = colon == std::string_view::npos ? limit.soft : parse_amount(amounts.substr(colon + 1), row.unit);
    if (limit.soft > limit.hard) {
        throw BadValue("the soft limit is above the hard one");
    }
    if (!limits.resources.emplace(row.resource, limit).second) {
        throw BadValue("that limit was already given", "give it once");
    }
}

int parse_niceness(std::string_view text) {
    return parse_within(text, -20, 19);
}
int parse_oom_score(std::string_view text) {
    return parse_within(text, -1000, 1000);
}

}  // namespace sandbox::cli
