// Records of placeholders: text to values and back, whatever somebody has written there.
#include "placeholder/record.hpp"
#include "placeholder/state.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sandbox::placeholder {
namespace {

Record two_groups() {
    Record record;
    record.groups.push_back({"/home/ann/a b\n%", 7, 8, {{".git", true, false, {}}, {".git/hooks", false, false, {}}}});
    record.groups.push_back({"/srv/\xff", 9, 10, {{".envrc", false, false, {}}}});
    return record;
}

TEST(PlaceholderRecord, IsReadAsItWasWritten) {
    Record record = two_groups();
    record.groups[0].entries[1].made = true;
    record.groups[0].entries[1].identity = {1, 2, {3, 4}, {-5, 6}};
    record.init = 77;
    record.init_start = 1234567;
    const std::string text = intent_text(record) + identity_text(record) + init_text(record);
    const Record read = parse_record(text);
    ASSERT_EQ(read.groups.size(), 2U);
    EXPECT_EQ(read.groups[0].path, "/home/ann/a b\n%");
    EXPECT_EQ(read.groups[0].device, 7U);
    EXPECT_EQ(read.groups[0].inode, 8U);
    ASSERT_EQ(read.groups[0].entries.size(), 2U);
    EXPECT_EQ(read.groups[0].entries[0].name, ".git");
    EXPECT_TRUE(read.groups[0].entries[0].directory);
    EXPECT_FALSE(read.groups[0].entries[0].made);
    EXPECT_TRUE(read.groups[0].entries[1].made);
    EXPECT_EQ(read.groups[0].entries[1].identity, record.groups[0].entries[1].identity);
    EXPECT_EQ(read.groups[1].path, "/srv/\xff");
    EXPECT_EQ(read.init, 77);
    EXPECT_EQ(read.init_start, 1234567U);
}

// A full disk or a killed launcher cuts a record off anywhere.
TEST(PlaceholderRecord, WhatIsCutOffStandsForNothing) {
    const std::string text = intent_text(two_groups());
    for (std::size_t length = 0; length < text.size(); ++length) {
        const Record read = parse_record(text.substr(0, length));
        std::size_t entries = 0;
        for (const Group& group : read.groups) {
            EXPECT_TRUE(group.path == "/home/ann/a b\n%" || group.path == "/srv/\xff") << length;
            entries += group.entries.size();
        }
        EXPECT_LT(entries, 3U) << length;
    }
}

TEST(PlaceholderRecord, NamesNeverLeaveTheirDirectory) {
    for (const char* name : {"..", "../x", "a/../b", "/etc/passwd", "", "a//b", ".", "a/", "a/./b"}) {
        EXPECT_FALSE(is_plain(name)) << name;
        EXPECT_TRUE(parse_record("below 1 2 /srv\nfile " + std::string(name) + "\n").groups[0].entries.empty()) << name;
    }
    EXPECT_TRUE(is_plain("a"));
    EXPECT_TRUE(is_plain(".git/hooks"));
    EXPECT_TRUE(is_plain("..."));
}

// For the kernel `a/..` and a NUL is `a/..`, whatever stands behind.
TEST(PlaceholderRecord, NamesThatTheKernelWouldCutAreRefused) {
    const std::string cut{"a/..\0x", 6};
    EXPECT_TRUE(parse_record("below 1 2 /srv\nfile " + cut + "\n").groups.at(0).entries.empty());
    EXPECT_TRUE(parse_record("below 1 2 /" + cut + "\n").groups.empty());
}

TEST(PlaceholderRecord, NonsenseIsPassedOver) {
    for (const char* text :
         {"", "\n\n", "file a\n", "made 0 0 1 2 3 4 5 6\n", "below 1 2 relative\nfile a\n", "below 1 /x\nfile a\n",
          "below x 2 /srv\nfile a\n", "below 1 2 /a%0\nfile a\n", "below 1 2 /a%00\nfile a\n",
          "below 1 2 /a%zz\nfile a\n", "init x 1\n", "init 1\n", "\xff\xfe\n"}) {
        const Record read = parse_record(text);
        EXPECT_TRUE(read.groups.empty()) << text;
        EXPECT_EQ(read.init, 0) << text;
    }
    const Record read =
        parse_record("below 1 2 /srv\nfile a\nmade 0 1 1 2 3 4 5 6\nmade 9 0 1 2 3 4 5 6\nmade 0 0 1\n");
    ASSERT_EQ(read.groups.size(), 1U);
    EXPECT_FALSE(read.groups[0].entries[0].made);
}

TEST(PlaceholderState, TheCallersOwnDirectoriesComeFirst) {
    using Paths = std::vector<std::string>;
    EXPECT_EQ(state_paths(1000, "/x"), (Paths{"/x/sandbox", "/run/user/1000/sandbox", "/tmp/sandbox-1000"}));
    EXPECT_EQ(state_paths(1000, "/run/user/1000"), (Paths{"/run/user/1000/sandbox", "/tmp/sandbox-1000"}));
    EXPECT_EQ(state_paths(1000, "relative"), (Paths{"/run/user/1000/sandbox", "/tmp/sandbox-1000"}));
    EXPECT_EQ(state_paths(0, ""), (Paths{"/run/user/0/sandbox", "/run/sandbox", "/tmp/sandbox-0"}));
}

}  // namespace
}  // namespace sandbox::placeholder
