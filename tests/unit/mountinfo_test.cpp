// Reading mountinfo as the kernel writes it (proc_pid_mountinfo(5)).
#include "host/mountinfo.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::host {
namespace {

std::string described(const std::string& text) {
    std::string all;
    for (const MountEntry& entry : parse_mountinfo(text)) {
        all += "<" + entry.device + "|" + entry.root + "|" + entry.target + "|" + entry.type + ">";
    }
    return all;
}

TEST(Mountinfo, Lines) {
    EXPECT_EQ(described("22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
                        "98 22 0:45 /@home /home rw shared:2 master:3 propagate_from:4 - btrfs /dev/sdb1 rw\n"
                        "23 22 0:21 / /proc rw,nosuid - proc proc rw\n"),
              "<8:1|/|/|ext4><0:45|/@home|/home|btrfs><0:21|/|/proc|proc>");
}

TEST(Mountinfo, WithoutANewlineAtTheEnd) {
    EXPECT_EQ(described("23 22 0:21 / /proc rw - proc proc rw"), "<0:21|/|/proc|proc>");
}

TEST(Mountinfo, EscapesAreUndone) {
    EXPECT_EQ(described("23 22 0:21 /a\\040b /c\\011d\\012e\\134040 rw - tmpfs x rw\n"),
              "<0:21|/a b|/c\td\ne\\040|tmpfs>");
    EXPECT_EQ(described("23 22 0:21 / /end\\040 rw - tmpfs x rw\n"), "<0:21|/|/end |tmpfs>");
    EXPECT_EQ(described("23 22 0:21 / /not\\04 rw - tmpfs x rw\n"), "<0:21|/|/not\\04|tmpfs>");
}

// A dash of its own may stand in a name only as part of a word: blanks are escaped.
TEST(Mountinfo, ATargetThatLooksLikeTheSeparator) {
    EXPECT_EQ(described("23 22 0:21 / /a\\040-\\040proc rw - tmpfs x rw\n"), "<0:21|/|/a - proc|tmpfs>");
    EXPECT_EQ(described("23 22 0:21 - - rw - tmpfs - rw\n"), "<0:21|-|-|tmpfs>");
}

TEST(Mountinfo, LinesThatAreNoneArePassedOver) {
    EXPECT_EQ(described(""), "");
    EXPECT_EQ(described("\n\nshort line\n23 22 0:21 / /proc rw - proc proc rw\n"), "<0:21|/|/proc|proc>");
}

TEST(Mountinfo, WhatAPathLiesOn) {
    const std::vector<MountEntry> mounts = parse_mountinfo(
        "22 1 8:1 / / rw - ext4 a rw\n30 22 0:1 / /srv/disk rw - xfs b rw\n31 22 0:2 / /srv rw - btrfs c rw\n"
        "32 31 0:3 / /srv/disk rw - tmpfs d rw\n");
    const auto type_at = [&](const char* path) { return mount_holding(mounts, path)->type; };
    EXPECT_EQ(type_at("/"), "ext4");
    EXPECT_EQ(type_at("/srvx"), "ext4");
    EXPECT_EQ(type_at("/srv"), "btrfs");
    EXPECT_EQ(type_at("/srv/a/b"), "btrfs");
    EXPECT_EQ(type_at("/srv/disk/a"), "tmpfs") << "the later one covers the earlier";
    EXPECT_EQ(mount_holding({}, "/"), nullptr);
}

}  // namespace
}  // namespace sandbox::host
