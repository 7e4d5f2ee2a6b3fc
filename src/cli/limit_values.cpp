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

bool are_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::uint64_t parse_amount(std::string_view text, spec::Unit unit) {
    if (text == "unlimited" || text == "infinity") {
        return unlimited;
    }
    if (!are_digits(text) && unit != spec::Unit::bytes) {
        throw BadValue("a limit is a number or unlimited", "NAME=SOFT or NAME=SOFT:HARD");
    }
    return spec::parse_size(text);
}

int parse_within(std::string_view text, int least, int most) {
    const bool negative = text.starts_with('-');
    const std::string_view digits = text.substr(negative ? 1 : 0);
    constexpr std::size_t most_digits = 4;
    if (!are_digits(digits) || digits.size() > most_digits) {
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

std::uint64_t parse_cpus(std::string_view text) {
    constexpr std::uint64_t one = 1000;
    constexpr std::size_t most_digits = 6;
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view fraction = point == std::string_view::npos ? "0" : text.substr(point + 1);
    if (!are_digits(whole) || !are_digits(fraction) || whole.size() > most_digits || fraction.size() > 3) {
        throw BadValue("not a number of processors", "as 2, or 0.5, with up to three digits behind the point");
    }
    std::string thousandths(fraction);
    thousandths.resize(3, '0');
    const std::uint64_t cpus = std::stoull(std::string(whole)) * one + std::stoull(thousandths);
    if (cpus < spec::least_cpus) {
        throw BadValue("too little for anything to run", "0.01 is the least, as the kernel has it");
    }
    return cpus;
}

std::uint64_t parse_count(std::string_view text) {
    constexpr std::size_t most_digits = 9;
    if (!are_digits(text) || text.size() > most_digits) {
        throw BadValue("not a whole number up to 999999999", "as 100");
    }
    const std::uint64_t count = std::stoull(std::string(text));
    if (count == 0) {
        throw BadValue("not even the command may be there", "leave it out for no limit");
    }
    return count;
}

unsigned parse_io_weight(std::string_view text) {
    if (!are_digits(text) || text.size() > std::string_view("10000").size() || std::stoul(std::string(text)) < 1 ||
        std::stoul(std::string(text)) > spec::most_io_weight) {
        throw BadValue("not a number from 1 to 10000");
    }
    return static_cast<unsigned>(std::stoul(std::string(text)));
}

std::string parse_cpuset(std::string_view text) {
    (void)spec::parse_processors(text);
    return std::string(text);
}

bool parse_holding(std::string_view text) {
    if (text != "required" && text != "best-effort") {
        throw BadValue("not one of required, best-effort");
    }
    return text == "best-effort";
}

int parse_niceness(std::string_view text) {
    return parse_within(text, -20, 19);
}
int parse_oom_score(std::string_view text) {
    return parse_within(text, -1000, 1000);
}

}  // namespace sandbox::cli
