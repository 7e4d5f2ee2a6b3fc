// What the verbs about changes print: no name of a file may drive a terminal.
#include "cli/changes_text.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace sandbox::cli {
namespace {

Change hostile(ChangeKind kind) {
    Change change;
    change.kind = kind;
    change.path = "/\x1b[2J\n\x7f\xc2\x9b\xff";
    change.before = {FileType::symlink, 0777, 1, 2, 3, "\x1b]0;x\x07"};
    change.after = {FileType::symlink, 0777, 1, 2, 3, "\xe2\x80\xae"};
    change.before.capabilities = change.after.capabilities = "\x1b\n";
    change.mode = change.owner = change.time = change.attributes = true;
    return change;
}

bool drives(const std::string& text) {
    return std::ranges::any_of(text,
                               [](char c) { return c != '\n' && (static_cast<unsigned char>(c) < 32 || c == 127); }) ||
           text.find("\xc2\x9b") != std::string::npos || text.find("\xe2\x80\xae") != std::string::npos ||
           text.find('\n') + 1 != text.size();
}

TEST(ChangesText, CarriesNoControlCharacters) {
    for (std::size_t kind = 0; kind < change_kinds; ++kind) {
        const Change change = hostile(static_cast<ChangeKind>(kind));
        EXPECT_FALSE(drives(change_line(change, false))) << change_line(change, false);
        EXPECT_FALSE(drives(change_json(change) + "\n")) << change_json(change);
    }
    EXPECT_FALSE(drives(note_line({ChangeNote::Kind::failed, "/\x1b", "\x1b\n"})));
}

TEST(ChangesText, ALineSaysWhatDiffers) {
    Change change;
    change.kind = ChangeKind::mode;
    change.path = "/srv/d";
    change.before = {FileType::directory, 0755, 0, 0, 0, ""};
    change.after = {FileType::directory, 02700, 5, 6, 0, ""};
    change.mode = change.owner = change.attributes = change.time = true;
    EXPECT_EQ(change_line(change, false), "mode      /srv/d/ (0755 -> 2700, 0:0 -> 5:6, attributes, time)\n");
    EXPECT_EQ(change_line(change, true),
              "\x1b[36mmode      /srv/d/ (0755 -> 2700, 0:0 -> 5:6, attributes, time)\x1b[m\n");
    change.path = "/";
    EXPECT_TRUE(change_line(change, false).starts_with("mode      / ("));
}

TEST(ChangesText, ALineSaysWhatIsMoreThanAFile) {
    Change change;
    change.path = "/srv/n";
    change.after = {FileType::symlink, 0777, 0, 0, 0, "/etc/\x1b"};
    EXPECT_EQ(change_line(change, false), "added     /srv/n (-> /etc/\\x1b)\n");
    change.after = {FileType::fifo, 0644, 0, 0, 0, ""};
    EXPECT_EQ(change_line(change, false), "added     /srv/n (fifo)\n");
    change.after = {FileType::file, 04755, 0, 0, 0, ""};
    EXPECT_EQ(change_line(change, false), "added     /srv/n (4755)\n");
    change.after.mode = 0755;
    EXPECT_EQ(change_line(change, false), "added     /srv/n\n");
    change.kind = ChangeKind::type;
    change.before = change.after;
    change.after = {FileType::symlink, 0777, 0, 0, 0, "x"};
    EXPECT_EQ(change_line(change, false), "type      /srv/n (file -> symlink, -> x)\n");
}

TEST(ChangesText, ALineSaysWhatGivesPowers) {
    Change change;
    change.path = "/srv/n";
    change.after = {FileType::file, 0755, 0, 0, 0};
    change.after.capabilities = "cap_net_raw=ep";
    EXPECT_EQ(change_line(change, false), "added     /srv/n (cap_net_raw=ep)\n");
    change.after.mode = 04755;
    EXPECT_EQ(change_line(change, false), "added     /srv/n (4755, cap_net_raw=ep)\n");
    change.kind = ChangeKind::modified;
    change.content = true;
    change.before = change.after;
    EXPECT_EQ(change_line(change, false), "modified  /srv/n (4755, cap_net_raw=ep)\n");
    change.before.capabilities = "";
    change.attributes = true;
    EXPECT_EQ(change_line(change, false), "modified  /srv/n (4755, no capabilities -> cap_net_raw=ep, attributes)\n");
    change.kind = ChangeKind::mode;
    change.content = change.attributes = false;
    change.before = change.after;
    change.time = true;
    EXPECT_EQ(change_line(change, false), "mode      /srv/n (time)\n");
    change.kind = ChangeKind::deleted;
    change.time = false;
    change.after = {};
    EXPECT_EQ(change_line(change, false), "deleted   /srv/n\n");
    EXPECT_NE(change_json(change).find("\"size\":0,\"capabilities\":\"cap_net_raw=ep\"},\"after\":null"),
              std::string::npos)
        << change_json(change);
}

TEST(ChangesText, Counts) {
    ChangeCounts counts;
    EXPECT_EQ(counts_text(counts), "nothing");
    EXPECT_EQ(stat_text(counts, 0, 0), "");
    counts.of = {214, 3, 0, 0, 0, 0, 1};
    EXPECT_EQ(counts.all(), 218U);
    EXPECT_EQ(counts_text(counts), "214 added, 3 modified, 1 unlinked");
    EXPECT_EQ(stat_text(counts, 1023, 5ULL << 30U),
              "added     214\nmodified  3\nunlinked  1\nsize      1023 bytes -> 5.0 GiB\n");
}

TEST(ChangesText, PatchesHaveColours) {
    EXPECT_EQ(patch_text("@@ x\n-a\n+b\n c\n", false), "@@ x\n-a\n+b\n c\n");
    EXPECT_EQ(patch_text("@@ x\n-a\n+b\n c\n", true), "\x1b[36m@@ x\x1b[m\n\x1b[31m-a\x1b[m\n\x1b[32m+b\x1b[m\n c\n");
}

}  // namespace
}  // namespace sandbox::cli
