// See numbers.hpp.
#include "spec/numbers.hpp"

#include <charconv>
#include <limits>
#include <optional>
#include <system_error>

namespace sandbox::spec {
namespace {

constexpr std::uint32_t largest_id = 4294967294U;
constexpr std::uint32_t largest_mode = 07777;

/// Digits of the base and nothing else. No value: not digits; the largest number: more than fits.
std::optional<std::uint64_t> digits(std::string_view text, int base = 10) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return error == std::errc::result_out_of_range ? std::numeric_limits<std::uint64_t>::max() : number;
}

/// number * unit, or nothing where the product exceeds the limit.
std::optional<std::uint64_t> scaled(std::uint64_t number, std::uint64_t unit, std::uint64_t limit) {
    if (number > limit / unit) {
        return std::nullopt;
    }
    return number * unit;
}

std::optional<std::uint64_t> size_unit(char suffix) {
    switch (suffix) {
        case 'K':
        case 'k':
            return 1ULL << 10;
        case 'M':
        case 'm':
            return 1ULL << 20;
        case 'G':
        case 'g':
            return 1ULL << 30;
        case 'T':
        case 't':
            return 1ULL << 40;
        default:
            return std::nullopt;
    }
}

std::optional<std::uint64_t> time_unit(char suffix) {
    switch (suffix) {
        case 's':
            return 1;
        case 'm':
            return 60;
        case 'h':
            return 60 * 60;
        case 'd':
            return 24 * 60 * 60;
        default:
            return std::nullopt;
    }
}

}  // namespace

std::uint32_t parse_id(std::string_view text) {
    const std::optional<std::uint64_t> number = digits(text);
    if (!number) {
        throw BadValue("not an id, which is a number from 0 to 4294967294");
    }
    if (*number > largest_id) {
        throw BadValue("too large, the largest id is 4294967294");
    }
    return static_cast<std::uint32_t>(*number);
}

std::uint64_t parse_size(std::string_view text) {
    constexpr std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() - 1;  // digits() says max for an overflow
    const std::optional<std::uint64_t> unit = text.empty() ? std::nullopt : size_unit(text.back());
    if (unit) {
        text.remove_suffix(1);
    }
    const std::optional<std::uint64_t> number = digits(text);
    if (!number) {
        throw BadValue("not a size, which is a whole number of bytes, or one with K, M, G or T behind it",
                       "as in 1048576, 512M or 2G");
    }
    const std::optional<std::uint64_t> bytes = scaled(*number, unit.value_or(1), limit);
    if (!bytes) {
        throw BadValue("too large, a size must fit in 64 bits");
    }
    return *bytes;
}

std::uint32_t parse_mode(std::string_view text) {
    const std::optional<std::uint64_t> number = digits(text, 8);
    if (!number) {
        throw BadValue("not an octal mode such as 0755");
    }
    if (*number > largest_mode) {
        throw BadValue("too large, the largest mode is 7777");
    }
    return static_cast<std::uint32_t>(*number);
}

int parse_descriptor(std::string_view text) {
    const std::optional<std::uint64_t> number = digits(text);
    if (!number || *number > std::numeric_limits<int>::max()) {
        throw BadValue("FD is not the number of a descriptor", "e.g. 3, with 3<FILE behind the command line");
    }
    return static_cast<int>(*number);
}

std::int64_t parse_seconds(std::string_view text) {
    constexpr std::uint64_t limit = std::numeric_limits<std::int64_t>::max();
    const bool negative = text.starts_with('-');
    if (negative) {
        text.remove_prefix(1);
    }
    const std::optional<std::uint64_t> unit = text.empty() ? std::nullopt : time_unit(text.back());
    if (unit) {
        text.remove_suffix(1);
    }
    const std::optional<std::uint64_t> number = digits(text);
    if (!number) {
        throw BadValue("not a number of seconds, which may have s, m, h or d behind it, as in -90 or 10m");
    }
    const std::optional<std::uint64_t> seconds = scaled(*number, unit.value_or(1), limit);
    if (!seconds) {
        throw BadValue("too large, seconds must fit in 63 bits");
    }
    const auto magnitude = static_cast<std::int64_t>(*seconds);
    return negative ? -magnitude : magnitude;
}

std::chrono::nanoseconds parse_duration(std::string_view text) {
    constexpr std::uint64_t limit = std::numeric_limits<std::int64_t>::max();
    std::uint64_t unit = 1'000'000'000;
    if (text.ends_with("ms")) {
        unit = 1'000'000;
        text.remove_suffix(2);
    } else if (const std::optional<std::uint64_t> seconds = text.empty() ? std::nullopt : time_unit(text.back())) {
        unit *= *seconds;
        text.remove_suffix(1);
    }
    const std::size_t point = text.find('.');
    const std::string_view behind = point == std::string_view::npos ? "0" : text.substr(point + 1);
    const std::optional<std::uint64_t> whole = digits(text.substr(0, point));
    const std::optional<std::uint64_t> part = digits(behind);
    constexpr std::size_t most_digits = 9;
    if (!whole || !part || behind.size() > most_digits) {
        throw BadValue("not a duration, which is a number of seconds, or one with ms, s, m, h or d behind it",
                       "as in 90s, 0.5s or 10m");
    }
    std::uint64_t divisor = 1;
    for (std::size_t i = 0; i < behind.size(); ++i) {
        divisor *= 10;
    }
    // Less than a unit, a day at most: part / divisor < 1, so the quotient is taken in pieces that fit.
    const std::uint64_t rest = unit / divisor * *part + unit % divisor * *part / divisor;
    const std::optional<std::uint64_t> nanoseconds = scaled(*whole, unit, limit - rest);
    if (!nanoseconds) {
        throw BadValue("too long, the longest duration is some 290 years");
    }
    return std::chrono::nanoseconds(static_cast<std::int64_t>(*nanoseconds + rest));
}

}  // namespace sandbox::spec
