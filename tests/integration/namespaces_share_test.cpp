// --share LIST: the kinds that stay the host's, and what goes with them.
#include <unistd.h>

#include "support/ipc_objects.hpp"
#include "support/namespaces.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class NamespacesShare : public SandboxTest, public testing::WithParamInterface<const char*> {};
using NamespacesShareView = SandboxTest;

INSTANTIATE_TEST_SUITE_P(Kind, NamespacesShare, testing::Values("pid", "uts", "ipc", "cgroup"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST_P(NamespacesShare, ThisOneIsTheHostsAndTheOthersAreNew) {
    std::set<std::string> expected{"mnt", "pid", "uts", "ipc", "net", "cgroup", "user"};
    expected.erase(GetParam());
    EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--share", GetParam()}))), listed(expected));
}

TEST_P(NamespacesShare, ItIsNotHandedOver) {
    const Result result = inside({"true"}, {.sandbox = {"--share", GetParam(), "--own", GetParam()}});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(contains(result.err, GetParam())) << result;
}

TEST_P(NamespacesShare, ExplainNamesIt) {
    const Result result = inside({"true"}, {.sandbox = {"--share", GetParam(), "--explain"}});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_TRUE(has_line(result.out, std::string("  the host's: ") + GetParam() + " time")) << result;
}

TEST_F(NamespacesShareView, AllFour) {
    EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--share", "pid,uts,ipc,cgroup"}))), "mnt net user");
}

TEST_F(NamespacesShareView, PidShowsTheProcessesOfTheHost) {
    const std::string self = std::to_string(getpid());
    const Result result = inside_shell("cat /proc/" + self + "/comm; ps -o comm= -p " + self + "; readlink /proc/self",
                                       {.sandbox = {"--share", "pid"}});
    const std::vector<std::string> lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), 3U) << result;
    EXPECT_EQ(lines[0] + "\n", read_file("/proc/self/comm"));
    EXPECT_EQ(lines[0], lines[1]);
    EXPECT_GT(std::stoi(lines[2]), 100) << "a number of the host's";
}

TEST_F(NamespacesShareView, WhatProcMasksStaysMaskedWithTheHostsOne) {
    for (const char* use : {"auto", "none"}) {
        const Result result = inside_shell(
            "find /proc/sys /proc/irq /proc/bus /proc/fs -type f -writable; for file in keys key-users timer_list "
            "kcore; "
            "do test ! -e /proc/$file || cat /proc/$file 2>/dev/null; done; ls -A /proc/acpi /proc/scsi 2>/dev/null | "
            "grep -v '^$\\|:$'",
            {.sandbox = {"--share", "pid", "--landlock", use}});
        EXPECT_EQ(result.out, "") << use;
    }
}

TEST_F(NamespacesShareView, WithPidNothingOfTheSandboxIsLeftEither) {
    const Result result = inside_shell("sleep 1000 & (sleep 1000 &); exit 5", {.sandbox = {"--share", "pid"}});
    EXPECT_EQ(result.exit_status, 5) << result;
    expect_nothing_left();
}

TEST_F(NamespacesShareView, ExplainSaysWhatCanNoLongerBePromisedWithPid) {
    const Result with = inside({"true"}, {.sandbox = {"--share", "pid", "--explain"}});
    const Result without = inside({"true"}, {.sandbox = {"--explain"}});
    EXPECT_TRUE(contains(with.out, "pid namespace shared")) << with;
    EXPECT_TRUE(contains(with.out, "outlive")) << with;
    EXPECT_FALSE(contains(without.out, "pid namespace shared")) << without;
}

TEST_F(NamespacesShareView, UtsHasTheNameOfTheHostForGood) {
    const std::string name = run({"hostname"}).out;
    EXPECT_EQ(inside({"hostname"}, {.sandbox = {"--share", "uts"}}).out, name);
    for (const char* use : {"auto", "none"}) {
        const Result result = inside({"hostname", "foo"}, {.sandbox = {"--share", "uts", "--landlock", use}});
        EXPECT_NE(result.exit_status, 0) << result;
    }
    EXPECT_EQ(run({"hostname"}).out, name);
    for (const char* option : {"--hostname", "--domainname"}) {
        const Result result = inside({"true"}, {.sandbox = {"--share", "uts", option, "x"}});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(contains(result.err, option)) << result;
    }
}

TEST_F(NamespacesShareView, IpcHasTheObjectsOfTheHost) {
    const IpcObjects objects;
    const auto found = [&](const char* use) {
        return inside({probe("ipc"), objects.key(), objects.name()},
                      {.sandbox = {"--share", "ipc", "--landlock", use, "--map-users", "real"}})
            .out;
    };
    EXPECT_EQ(count(found("none"), ": found\n"), 6U);
    // Landlock knows the queues by the place where they are mounted.
    const bool mounted = contains(read_file("/proc/self/mounts"), " /dev/mqueue ");
    EXPECT_EQ(count(found("auto"), ": found\n"), mounted ? 6U : 5U);
}

TEST_F(NamespacesShareView, IpcHasTheHostsDirectories) {
    const std::string script = "for place in /dev/shm /dev/mqueue; do test ! -d $place || stat -c '%d %i' $place; done";
    const std::string outside = run({"sh", "-c", script}).out;
    ASSERT_NE(outside, "");
    const std::string host_has =
        run({"sh", "-c", "for place in /dev/shm /dev/mqueue; do test -d $place && echo $place; done"}).out;
    const Result shared = inside_shell("for place in $PLACES; do stat -c '%d %i' $place; done",
                                       {.sandbox = {"--share", "ipc", "--env", "PLACES=" + trimmed(host_has)}});
    EXPECT_EQ(words_of(shared.out), words_of(outside)) << shared;
    EXPECT_NE(inside_shell("stat -c '%d %i' /dev/shm").out, run({"stat", "-c", "%d %i", "/dev/shm"}).out);
}

TEST_F(NamespacesShareView, CgroupShowsTheHostsPath) {
    const std::string outside = run({"cat", "/proc/self/cgroup"}).out;
    EXPECT_EQ(inside({"cat", "/proc/self/cgroup"}, {.sandbox = {"--share", "cgroup"}}).out, outside);
    for (const std::string& line : lines_of(inside({"cat", "/proc/self/cgroup"}).out)) {
        EXPECT_TRUE(line.ends_with(":/")) << line;
    }
}

TEST_F(NamespacesShareView, OtherKindsAreRefused) {
    for (const char* kind : {"user", "mnt", "net", "time"}) {
        const Result result = inside({"echo", "ran"}, {.sandbox = {"--share", kind}});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_EQ(result.out, "");
        EXPECT_TRUE(contains(result.err, std::string("--share ") + kind)) << result;
    }
    EXPECT_TRUE(contains(inside({"true"}, {.sandbox = {"--share", "net"}}).err, "--net host"));
}

}  // namespace
}  // namespace sandbox_test
