// The strict parsers of ids, sizes, modes and seconds.
#include "spec/numbers.hpp"

#include <cstdint>
#include <limits>
#include <string_view>

#include <gtest/gtest.h>

namespace sandbox::spec {
namespace {

/// What no parser takes: nothing, blanks, signs, trailing text, other notations.
constexpr std::string_view never_numbers[] = {"",     " ",   "x",   "+5", " 5",  "5 ",  "5\n",  "5x",
                                              "0x10", "1e3", "1.5", "5-", "1_0", "1,0", "self", "\xd9\xa3"};

TEST(ParseId, TakesTheWholeRange) {
    EXPECT_EQ(parse_id("0"), 0U);
    EXPECT_EQ(parse_id("1000"), 1000U);
    EXPECT_EQ(parse_id("4294967294"), 4294967294U);
}

TEST(ParseId, RefusesWhatDoesNotFit) {
    for (const std::string_view text : {"4294967295", "4294967296", "18446744073709551615", "18446744073709551616",
                                        "99999999999999999999999999", "-1"}) {
        EXPECT_THROW((void)parse_id(text), BadValue) << text;
    }
}

TEST(ParseSize, SuffixesArePowersOf1024) {
    EXPECT_EQ(parse_size("0"), 0U);
    EXPECT_EQ(parse_size("512"), 512U);
    EXPECT_EQ(parse_size("1K"), 1024U);
    EXPECT_EQ(parse_size("512M"), 512ULL << 20);
    EXPECT_EQ(parse_size("2G"), 2ULL << 30);
    EXPECT_EQ(parse_size("3T"), 3ULL << 40);
    EXPECT_EQ(parse_size("16777215T"), 16777215ULL << 40);
}

TEST(ParseSize, RefusesOverflowAndOtherSuffixes) {
    for (const std::string_view text : {"18446744073709551616", "16777216T", "18014398509481984K", "512MB", "512MiB",
                                        "512mb", "M", "1KK", "-1M", "5P"}) {
        EXPECT_THROW((void)parse_size(text), BadValue) << text;
    }
}

TEST(ParseMode, IsOctal) {
    EXPECT_EQ(parse_mode("0"), 0U);
    EXPECT_EQ(parse_mode("755"), 0755U);
    EXPECT_EQ(parse_mode("0755"), 0755U);
    EXPECT_EQ(parse_mode("1777"), 01777U);
    EXPECT_EQ(parse_mode("7777"), 07777U);
}

TEST(ParseMode, RefusesOtherDigitsAndBits) {
    for (const std::string_view text : {"8", "0o755", "10000", "7778", "-1", "u+x", "7777777777777777777777777"}) {
        EXPECT_THROW((void)parse_mode(text), BadValue) << text;
    }
}

TEST(ParseSeconds, TakesSignAndUnits) {
    EXPECT_EQ(parse_seconds("0"), 0);
    EXPECT_EQ(parse_seconds("-0"), 0);
    EXPECT_EQ(parse_seconds("90"), 90);
    EXPECT_EQ(parse_seconds("-90"), -90);
    EXPECT_EQ(parse_seconds("90s"), 90);
    EXPECT_EQ(parse_seconds("10m"), 600);
    EXPECT_EQ(parse_seconds("-2h"), -7200);
    EXPECT_EQ(parse_seconds("3d"), 259200);
    EXPECT_EQ(parse_seconds("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(parse_seconds("-9223372036854775807"), -std::numeric_limits<std::int64_t>::max());
}

TEST(ParseSeconds, RefusesOverflowAndOtherSuffixes) {
    for (const std::string_view text : {"9223372036854775808", "18446744073709551616", "153722867280912931m",
                                        "106751991167301d", "--5", "-", "m", "-m", "1M", "1ms", "1h30m", "1w", "- 5"}) {
        EXPECT_THROW((void)parse_seconds(text), BadValue) << text;
    }
}

TEST(Numbers, RefuseWhatIsNoNumber) {
    for (const std::string_view text : never_numbers) {
        EXPECT_THROW((void)parse_id(text), BadValue) << text;
        EXPECT_THROW((void)parse_size(text), BadValue) << text;
        EXPECT_THROW((void)parse_mode(text), BadValue) << text;
        EXPECT_THROW((void)parse_seconds(text), BadValue) << text;
    }
}

TEST(ParseDuration, UnitsAndFractions) {
    using namespace std::chrono_literals;
    EXPECT_EQ(parse_duration("0"), 0s);
    EXPECT_EQ(parse_duration("90"), 90s);
    EXPECT_EQ(parse_duration("90s"), 90s);
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("0.2"), 200ms);
    EXPECT_EQ(parse_duration("1.5m"), 90s);
    EXPECT_EQ(parse_duration("2h"), 2h);
    EXPECT_EQ(parse_duration("0.5d"), 12h);
    EXPECT_EQ(parse_duration("0.000000001"), 1ns);
    EXPECT_EQ(parse_duration("0.1ms"), 100us);
    EXPECT_EQ(parse_duration("9223372036.854775807s"), std::chrono::nanoseconds::max());
}

TEST(ParseDuration, RefusesWhatIsNoneOrTooLong) {
    for (const std::string_view text : {"",
                                        "-1",
                                        "1.",
                                        ".5",
                                        ".",
                                        "s",
                                        "ms",
                                        "1.5.5",
                                        "1,5",
                                        "1e3",
                                        "0x1",
                                        " 1",
                                        "1 s",
                                        "1S",
                                        "5x",
                                        "1.0000000001",
                                        "9223372036.854775808",
                                        "9223372037s",
                                        "106752d",
                                        "99999999999999999999"}) {
        EXPECT_THROW((void)parse_duration(text), BadValue) << text;
    }
}

}  // namespace
}  // namespace sandbox::spec
