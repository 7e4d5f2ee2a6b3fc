// Ids, sizes, modes, seconds: held to arithmetic in 128 bits.
#include "fuzz/fuzz.hpp"

#include "spec/numbers.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace sandbox_fuzz {
namespace {

using sandbox::spec::BadValue;
__extension__ typedef __int128 Wide;

constexpr Wide too_much = Wide{1} << 80;  // which may still be multiplied by a unit

/// Digits and nothing else; what is very large stays so.
std::optional<Wide> digits(std::string_view text, int base) {
    Wide number = 0;
    for (const char digit : text) {
        if (digit < '0' || digit >= '0' + base) {
            return std::nullopt;
        }
        number = number > too_much ? number : number * base + (digit - '0');
    }
    return text.empty() ? std::nullopt : std::optional<Wide>(number);
}

std::optional<Wide> with_unit(std::string_view text, std::string_view letters, const Wide* units) {
    const std::size_t letter = text.empty() ? std::string_view::npos : letters.find(text.back());
    if (letter == std::string_view::npos) {
        return digits(text, 10);
    }
    const std::optional<Wide> number = digits(text.substr(0, text.size() - 1), 10);
    return number ? std::optional<Wide>(*number > too_much ? *number : *number * units[letter]) : std::nullopt;
}

template <class Number>
void check(std::string_view text, Number (*parse)(std::string_view), std::optional<Wide> expected, Wide limit) {
    Number number = 0;
    const bool accepted = accepts<BadValue>([&] { number = parse(text); });
    const bool fits = expected && *expected <= limit && *expected >= -limit;
    must(accepted == fits, "what is a number that fits is accepted, and nothing else");
    must(!accepted || number == *expected, "the number is the one written");
}

}  // namespace

void numbers(std::string_view text) {
    constexpr Wide kilo = 1 << 10;
    constexpr Wide mega = kilo * kilo;
    constexpr Wide sizes[] = {kilo, mega, mega * kilo, mega * mega, kilo, mega, mega * kilo, mega * mega};
    constexpr Wide times[] = {1, 60, 3600, 86400};
    using namespace sandbox::spec;
    check(text, parse_id, digits(text, 10), 4294967294);
    // The largest size is one less than 64 bits hold.
    check(text, parse_size, with_unit(text, "KMGTkmgt", sizes), UINT64_MAX - Wide{1});
    check(text, parse_mode, digits(text, 8), 07777);

    const bool negative = text.starts_with('-');
    std::optional<Wide> seconds = with_unit(text.substr(negative ? 1 : 0), "smhd", times);
    if (seconds && negative) {
        seconds = -*seconds;
    }
    check(text, parse_seconds, seconds, INT64_MAX);
    // A whole number of seconds is the same to both, as far as it fits.
    if (!negative && text.find('.') == std::string_view::npos && !text.ends_with("ms")) {
        check<std::int64_t>(
            text, [](std::string_view value) { return std::int64_t{parse_duration(value).count()}; },
            seconds ? std::optional<Wide>(*seconds > too_much ? *seconds : *seconds * 1'000'000'000) : seconds,
            INT64_MAX);
    } else {
        static_cast<void>(
            accepts<BadValue>([&] { must(parse_duration(text).count() >= 0, "no duration is negative"); }));
    }
}

}  // namespace sandbox_fuzz
