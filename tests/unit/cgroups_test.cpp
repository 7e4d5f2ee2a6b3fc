// What the kernel says of cgroups, as text to values.
#include "host/cgroups.hpp"
#include "limits/cgroup_figures.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox {
namespace {

using namespace std::chrono_literals;

TEST(Cgroups, TheCallersOwn) {
    EXPECT_EQ(host::parse_own_cgroup("0::/user.slice/a.scope\n"), "/user.slice/a.scope");
    EXPECT_EQ(host::parse_own_cgroup("9:name=systemd:/x\n1:cpu:/y\n0::/z\n"), "/z");
    EXPECT_EQ(host::parse_own_cgroup("0::/without newline"), "/without newline");
    EXPECT_EQ(host::parse_own_cgroup("9:name=systemd:/x\n"), "");
    EXPECT_EQ(host::parse_own_cgroup(""), "");
}

TEST(Cgroups, ItsDirectory) {
    const std::vector<host::MountEntry> mounts{{"0:1", "/", "/", "ext4"},
                                               {"0:2", "/", "/sys/fs/cgroup/unified", "cgroup2"}};
    EXPECT_EQ(host::cgroup_directory("/", mounts), "/sys/fs/cgroup/unified");
    EXPECT_EQ(host::cgroup_directory("/a/b", mounts), "/sys/fs/cgroup/unified/a/b");
    EXPECT_EQ(host::cgroup_directory("/../a", mounts), "");
    EXPECT_EQ(host::cgroup_directory("", mounts), "");
    EXPECT_EQ(host::cgroup_directory("/a", {{"0:1", "/", "/", "ext4"}}), "");
    // A part of the tree, as a container has it.
    const std::vector<host::MountEntry> part{{"0:2", "/box", "/sys/fs/cgroup", "cgroup2"}};
    EXPECT_EQ(host::cgroup_directory("/box", part), "/sys/fs/cgroup");
    EXPECT_EQ(host::cgroup_directory("/box/a", part), "/sys/fs/cgroup/a");
    EXPECT_EQ(host::cgroup_directory("/boxes", part), "");
    EXPECT_EQ(host::cgroup_directory("/", part), "");
    // One over the other: what is below is not what the path shows.
    const std::vector<host::MountEntry> covered{{"0:2", "/", "/sys/fs/cgroup", "cgroup2"},
                                                {"0:2", "/box", "/sys/fs/cgroup", "cgroup2"}};
    EXPECT_EQ(host::cgroup_directory("/box/a", covered), "/sys/fs/cgroup/a");
    EXPECT_EQ(host::cgroup_directory("/a", covered), "");
    const std::vector<host::MountEntry> hidden{{"0:2", "/", "/sys/fs/cgroup", "cgroup2"},
                                               {"0:3", "/", "/sys/fs/cgroup", "tmpfs"},
                                               {"0:2", "/", "/mnt", "cgroup2"}};
    EXPECT_EQ(host::cgroup_directory("/a", hidden), "/mnt/a");
}

TEST(Cgroups, TheInnermostUnit) {
    EXPECT_EQ(host::unit_of("/c/user.slice/user-1.slice/user@1.service/app.slice/x.scope/y"),
              "/c/user.slice/user-1.slice/user@1.service/app.slice/x.scope");
    EXPECT_EQ(host::unit_of("/c/system.slice"), "/c/system.slice");
    EXPECT_EQ(host::unit_of("/sys/fs/cgroup"), "");
    EXPECT_EQ(host::unit_of("/"), "");
    EXPECT_EQ(host::unit_of(""), "");
}

TEST(Cgroups, AUnitsFileSaysWhetherItIsHandedOver) {
    EXPECT_TRUE(host::hands_over("# made\n[Scope]\nDescription=x\nDelegate=yes\n"));
    EXPECT_TRUE(host::hands_over("[Scope]\nDelegate=no\nDelegate=memory pids"));
    EXPECT_FALSE(host::hands_over("[Scope]\nDelegate=yes\nDelegate=no\n"));
    EXPECT_FALSE(host::hands_over("[Scope]\nDelegate=\n"));
    EXPECT_FALSE(host::hands_over("[Scope]\n# Delegate=yes\nDescription=Delegate=yes\n"));
    EXPECT_FALSE(host::hands_over(""));
}

TEST(Cgroups, Figures) {
    EXPECT_EQ(limits::single_figure("4096\n"), 4096U);
    EXPECT_EQ(limits::single_figure("max\n"), std::nullopt);
    EXPECT_EQ(limits::single_figure(""), std::nullopt);
    const std::string events = "low 0\noom 3\noom_kill 2\n";
    EXPECT_EQ(limits::keyed_figure(events, "oom_kill"), 2U);
    EXPECT_EQ(limits::keyed_figure(events, "oom"), 3U);
    EXPECT_EQ(limits::keyed_figure(events, "max"), std::nullopt);
    const std::string io = "8:0 rbytes=10 wbytes=20 rios=1 wios=2\n7:0 \n259:1 rbytes=5 wbytes=1 dbytes=7\n";
    EXPECT_EQ(limits::summed_figure(io, "rbytes"), 15U);
    EXPECT_EQ(limits::summed_figure(io, "bytes"), 0U);
    EXPECT_EQ(limits::summed_figure("", "rbytes"), 0U);
}

TEST(Cgroups, Pressure) {
    const auto pressure = limits::pressure_figure(
        "some avg10=0.00 avg60=1.00 avg300=0.00 total=1500\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=20\n");
    ASSERT_TRUE(pressure);
    EXPECT_EQ(pressure->some, 1500us);
    EXPECT_EQ(pressure->full, 20us);
    EXPECT_FALSE(limits::pressure_figure(""));
    EXPECT_FALSE(limits::pressure_figure("some avg10=0.00\n"));
}

}  // namespace
}  // namespace sandbox
