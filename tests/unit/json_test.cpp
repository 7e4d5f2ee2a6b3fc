// JSON out of values and back. What the parser refuses is in seccomp_profile_test.cpp.
#include "json/json.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sandbox::json {
namespace {

TEST(Json, IsReadAsItWasWritten) {
    const Json value = object()
                           .add("text", text("a \"b\"\n\x01"))
                           .add("number", number(~std::uint64_t{0}))
                           .add("yes", boolean(true))
                           .add("no", boolean(false))
                           .add("list", array().add(number(1)).add(array()))
                           .add("none", object());
    const std::string written = write_json(value);
    EXPECT_EQ(
        written,
        R"({"text":"a \"b\"\n\u0001","number":18446744073709551615,"yes":true,"no":false,"list":[1,[]],"none":{}})");
    const Json read = parse_json(written);
    EXPECT_EQ(write_json(read), written);
    EXPECT_EQ(text_of(*read.find("text")), "a \"b\"\n\x01");
    EXPECT_EQ(read.find("yes")->number, 1U);
    EXPECT_EQ(read.find("no")->number, 0U);
    EXPECT_EQ(read.find("missing"), nullptr);
}

TEST(Json, AnyBytesAreAText) {
    const std::string bytes("\xff\0a\xc3", 4);
    const Json value = text(bytes);
    EXPECT_EQ(write_json(value), R"({"bytes":"ff0061c3"})");
    EXPECT_EQ(text_of(parse_json(write_json(value))), bytes);
    EXPECT_EQ(text_of(text("gr\xc3\xbc\xc3\x9f")), "gr\xc3\xbc\xc3\x9f");
    for (const char* none : {R"({"bytes":"f"})", R"({"bytes":"fg"})", R"({"bytes":1})", "{}", "1", "null"}) {
        EXPECT_EQ(text_of(parse_json(none)), std::nullopt) << none;
    }
}

TEST(Json, LinesAreForPeople) {
    EXPECT_EQ(write_json_lines(object().add("a", array().add(number(1)))), "{\n  \"a\": [\n    1\n  ]\n}\n");
}

TEST(Json, IntegersMayBeNegative) {
    EXPECT_EQ(write_json(array().add(integer(-20)).add(integer(0)).add(integer(INT64_MIN))),
              "[-20,0,-9223372036854775808]");
}

TEST(Json, HasALimit) {
    EXPECT_NO_THROW((void)parse_json("[1]", 3));
    EXPECT_THROW((void)parse_json("[1] ", 3), BadText);
}

}  // namespace
}  // namespace sandbox::json
