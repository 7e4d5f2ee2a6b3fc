// Words in messages: quoting, and the nearest spelling.
#include "cli/nearest.hpp"
#include "cli/quote.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::cli {
namespace {

TEST(Quote, LeavesPlainWordsAlone) {
    EXPECT_EQ(quoted("ls"), "ls");
    EXPECT_EQ(quoted("--rw=.:/work_1"), "--rw=.:/work_1");
    EXPECT_EQ(quoted("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
}

TEST(Quote, QuotesWhatAShellWouldRead) {
    EXPECT_EQ(quoted(""), "''");
    EXPECT_EQ(quoted("a b"), "'a b'");
    EXPECT_EQ(quoted("$HOME"), "'$HOME'");
    EXPECT_EQ(quoted("*"), "'*'");
    EXPECT_EQ(quoted("~"), "'~'");
    EXPECT_EQ(quoted("it's"), "'it'\\''s'");
}

TEST(Quote, WhatIsPastedIsWholeAndHarmless) {
    EXPECT_EQ(to_paste("kept"), "kept");
    EXPECT_EQ(to_paste("it's"), "'it'\\''s'");
    EXPECT_EQ(to_paste("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(to_paste(std::string(5000, 'x')), std::string(5000, 'x'));
    EXPECT_EQ(to_paste("\x1b[1m'\\\n\x7f\xff"), R"($'\033[1m\'\\\012\177\377')");
    EXPECT_EQ(to_paste(""), "''");
}

TEST(Quote, JoinsToALine) {
    EXPECT_EQ(command_line(std::vector<std::string>{"sh", "-c", "a; b"}), "sh -c 'a; b'");
    EXPECT_EQ(command_line(std::vector<std::string>{}), "");
}

TEST(EditDistance, CountsEdits) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("abc", ""), 3U);
    EXPECT_EQ(edit_distance("init", "init"), 0U);
    EXPECT_EQ(edit_distance("hosname", "hostname"), 1U);
    EXPECT_EQ(edit_distance("hostnmae", "hostname"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, OffersOnlyWhatIsNear) {
    const std::array<std::string_view, 5> names{"ro", "rw", "hostname", "home", "new-session"};
    EXPECT_EQ(nearest("hostnam", names), "hostname");
    EXPECT_EQ(nearest("newsession", names), "new-session");
    EXPECT_EQ(nearest("host", names), "hostname");
    EXPECT_EQ(nearest("new", names), "new-session");
    EXPECT_EQ(nearest("r", names), "ro");
    EXPECT_EQ(nearest("memory", names), "");
    EXPECT_EQ(nearest("ho", names).size(), 2U) << "two names begin so: only an edit can tell";
    EXPECT_EQ(nearest("", names), "");
    EXPECT_EQ(nearest(std::string(100'000, 'h'), names), "");
}

}  // namespace
}  // namespace sandbox::cli
