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
        throw BadValue("not a size, which is a number of bytes, or one with K, M, G or T behind it");
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

}  // namespace sandbox::spec
