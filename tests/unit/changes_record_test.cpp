// The record of a directory of changes: text to values and back, whatever somebody has made of it.
#include "changes/record.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sandbox::changes {
namespace {

Record usual() {
    Record record;
    record.began = {1'700'000'000, 999'999'999};
    record.uid = 1000;
    record.gid = 100;
    record.users = {{0, 1000, 1}, {1, 100000, 65535}};
    record.groups = {{0, 100, 1}};
    record.overlays = {{"/", 0, {0755, 0, 0}, {2049, 2}},
                       {"/srv/a b\n\xff", 3, {01777, 5, 4294967294}, {~dev_t{0}, ~ino_t{0}}},
                       {"/unknown", 4, {0755, 0, 0}, {}}};
    return record;
}

std::string refusal(const std::string& text) {
    try {
        (void)parse_record(text);
    } catch (const BadRecord& bad) {
        return bad.what();
    }
    return "";
}

std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    return at == std::string::npos ? "" : text.replace(at, from.size(), to);
}

TEST(ChangesRecord, IsReadAsItWasWritten) {
    const Record read = parse_record(record_text(usual()));
    EXPECT_EQ(read.began, (Timestamp{1'700'000'000, 999'999'999}));
    EXPECT_EQ(read.uid, 1000U);
    EXPECT_EQ(read.gid, 100U);
    EXPECT_EQ(read.users, usual().users);
    EXPECT_EQ(read.groups, usual().groups);
    ASSERT_EQ(read.overlays.size(), 3U);
    EXPECT_EQ(read.overlays[0].path, "/");
    EXPECT_EQ(read.overlays[1].path, "/srv/a b\n\xff");
    EXPECT_EQ(read.overlays[1].number, 3U);
    EXPECT_EQ(read.overlays[1].root, (Attributes{01777, 5, 4294967294}));
    EXPECT_EQ(read.overlays[0].seen.device, 2049U);
    EXPECT_EQ(read.overlays[0].seen.inode, 2U);
    EXPECT_EQ(read.overlays[1].seen.inode, ~ino_t{0});
    EXPECT_EQ(read.overlays[2].seen.inode, 0U);
    EXPECT_EQ(record_text(read), record_text(usual()));
}

TEST(ChangesRecord, OneThatIsCutOffIsNone) {
    const std::string text = record_text(usual());
    for (std::size_t length = 0; length < text.size(); ++length) {
        EXPECT_NE(refusal(text.substr(0, length)), "") << length;
    }
}

TEST(ChangesRecord, OneThatWasEditedIsNone) {
    const std::string text = record_text(usual());
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string edited = text;
        edited[at] = edited[at] == '7' ? '8' : '7';
        EXPECT_NE(refusal(edited), "") << at;
    }
    EXPECT_EQ(refusal(with(text, "1700000000", "1700000001")), "was edited");
    EXPECT_EQ(refusal(with(text, "\"uid\": 1000", "\"uid\":  1000")), "was edited");
    EXPECT_EQ(refusal(with(text, "\"uid\": 1000,", "\"uid\": 1000, \"more\": 1,")), "was edited");
}

TEST(ChangesRecord, AnotherVersionIsToldByItsNumber) {
    try {
        (void)parse_record(with(record_text(usual()), "\"format\": 1", "\"format\": 2"));
        FAIL();
    } catch (const BadRecord& bad) {
        EXPECT_TRUE(bad.is_version());
        EXPECT_STREQ(bad.what(), "has format 2, and this program knows format 1");
    }
}

// Whoever can write a sum can write a right one: what it says must be possible all the same.
TEST(ChangesRecord, WhatCannotBeIsRefusedWhateverTheSum) {
    const auto refused = [](auto change) {
        Record record = usual();
        change(record);
        return !refusal(record_text(record)).empty();
    };
    EXPECT_FALSE(refused([](Record&) {}));
    for (const char* path : {"", "x", "/x/", "/x/..", "/../x", "/x/./y", "//", "/x//y"}) {
        EXPECT_TRUE(refused([&](Record& record) { record.overlays[1].path = path; })) << path;
    }
    EXPECT_TRUE(refused([](Record& record) { record.overlays[1].path = std::string("/x\0y", 4); }));
    EXPECT_TRUE(refused([](Record& record) { record.overlays[1].path = "/"; }));
    EXPECT_TRUE(refused([](Record& record) { record.overlays[1].number = 0; }));
    EXPECT_TRUE(refused([](Record& record) { record.overlays[1].number = 4096; }));
    EXPECT_TRUE(refused([](Record& record) { record.overlays[1].root.mode = 0170755; }));
    EXPECT_TRUE(refused([](Record& record) { record.users[0].count = 0; }));
    EXPECT_TRUE(refused([](Record& record) { record.users[0].outside = 4294967295; }));
    EXPECT_TRUE(refused([](Record& record) { record.began.nanoseconds = 1'000'000'000; }));
    EXPECT_TRUE(refused([](Record& record) { record.users.assign(341, {0, 0, 1}); }));
}

}  // namespace
}  // namespace sandbox::changes
