// --only LIST: just these namespaces are new beside user and mnt, and the tree is the host's, in the manner of
// unshare(1).
#include <unistd.h>

#include "support/ipc_objects.hpp"
#include "support/namespaces.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class NamespacesOnly : public SandboxTest, public testing::WithParamInterface<const char*> {};
using NamespacesOnlyView = SandboxTest;

INSTANTIATE_TEST_SUITE_P(Kind, NamespacesOnly, testing::Values("uts", "ipc", "net", "pid", "cgroup", "time"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST_P(NamespacesOnly, JustThisOneIsNew) {
    const std::set<std::string> expected{"user", "mnt", GetParam()};
    EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--only", GetParam()}))), listed(expected));
}

TEST_P(NamespacesOnly, UserAndMntMayBeNamedToo) {
    const std::set<std::string> expected{"user", "mnt", GetParam()};
    const std::string list = std::string("mnt,") + GetParam() + ",user";
    EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--only", list}))), listed(expected));
}

TEST_P(NamespacesOnly, NoMoreCanBeMade) {
    for (const char* use : {"auto", "none"}) {
        const Result result = inside({probe("attempts")}, {.sandbox = {"--only", GetParam(), "--landlock", use}});
        // A command that --only shows the host's tree finds the probe there: the --ro that inside() adds is refused.
        ASSERT_EQ(result.exit_status, 125) << result;
        const Result direct = run({sandbox_binary(), "--only", GetParam(), "--landlock", use, "--", probe("attempts")});
        ASSERT_EQ(direct.exit_status, 0) << direct;
        for (const std::string& line : lines_of(direct.out)) {
            EXPECT_FALSE(line.ends_with(": done") && line != "sethostname: done") << line;
        }
    }
}

TEST_F(NamespacesOnlyView, ManyAtOnce) {
    EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--only", "uts,net,time"}))),
              "mnt net time user uts");
    EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--only", "mnt"}))), "mnt user");
    EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--only", "user"}))), "mnt user");
    EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--only", "mnt,pid,uts,ipc,net,cgroup,user,time"}))),
              "cgroup ipc mnt net pid time user uts");
}

TEST_F(NamespacesOnlyView, TheTreeIsTheHosts) {
    // Not what is in /tmp: other tests work there meanwhile.
    const std::string script = "ls -A / /home /etc 2>/dev/null; ls -d /tmp; pwd; echo $HOME";
    EXPECT_EQ(inside_shell(script, {.sandbox = {"--only", "uts"}, .directory = directory().path()}).out,
              run({"sh", "-c", script}, {.directory = directory().path()}).out);
}

TEST_F(NamespacesOnlyView, WhatTheCallerMayWriteTheCommandMayWrite) {
    const Result result =
        inside_shell("echo text > made", {.sandbox = {"--only", "net"}, .directory = directory().path()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(read_file(directory() / "made"), "text\n");
}

TEST_F(NamespacesOnlyView, TheSettingsOfTheKernelStayReadOnly) {
    for (const std::string list : {"uts", "pid", "net", "mnt"}) {
        for (const char* use : {"auto", "none"}) {
            const Result result = inside_shell(
                "find /sys /proc/sys /proc/irq /proc/bus /proc/fs -type f -writable; for file in /proc/sysrq-trigger "
                "/proc/keys; do test ! -e $file || cat $file 2> /dev/null; done",
                {.sandbox = {"--only", list, "--landlock", use}});
            EXPECT_EQ(result.out, "") << list << use;
        }
    }
}

TEST_F(NamespacesOnlyView, PidShowsOnlyTheSandbox) {
    const Result result = inside_shell("echo $$; ls -d /proc/[0-9]*", {.sandbox = {"--only", "pid"}});
    const std::vector<std::string> lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), 2U) << result;
    EXPECT_EQ(lines[0], "1");
    EXPECT_EQ(lines[1], "/proc/1");
}

TEST_F(NamespacesOnlyView, WithoutPidTheProcessesAreTheHosts) {
    const std::string self = std::to_string(getpid());
    EXPECT_EQ(inside_shell("ls -d /proc/" + self, {.sandbox = {"--only", "uts"}}).out, "/proc/" + self + "\n");
}

TEST_F(NamespacesOnlyView, UtsHasANameOfItsOwnAndTheOthersKeepTheHosts) {
    const std::string name = run({"hostname"}).out;
    EXPECT_EQ(inside({"hostname"}, {.sandbox = {"--only", "uts"}}).out, "sandbox\n");
    EXPECT_EQ(inside({"hostname"}, {.sandbox = {"--only", "net"}}).out, name);
    EXPECT_NE(inside({"hostname", "foo"}, {.sandbox = {"--only", "net"}}).exit_status, 0);
    EXPECT_EQ(run({"hostname"}).out, name);
}

TEST_F(NamespacesOnlyView, NetIsLoopbackAlone) {
    EXPECT_EQ(lines_of(inside({"ip", "-oneline", "link"}, {.sandbox = {"--only", "net"}}).out).size(), 1U);
    EXPECT_TRUE(contains(inside({"ping", "-c", "1", "127.0.0.1"}, {.sandbox = {"--only", "net"}}).out, "1 received"));
}

TEST_F(NamespacesOnlyView, IpcHidesTheObjectsOfTheHost) {
    const IpcObjects objects;
    const auto found = [&](const char* list) {
        const Result result =
            run({sandbox_binary(), "--only", list, "--", probe("ipc"), objects.key(), objects.name()});
        EXPECT_EQ(result.exit_status, 0) << result;
        return result.out;
    };
    EXPECT_EQ(count(found("uts"), "System V") - count(found("uts"), "ENOENT"), 3U);
    EXPECT_TRUE(has_line(found("uts"), "POSIX shared memory: found"));
    EXPECT_EQ(count(found("ipc"), ": ENOENT\n"), 4U)
        << "System V and the queue; /dev/shm is the host's, as its tree is";
}

TEST_F(NamespacesOnlyView, OptionsThatBuildAViewAreRefused) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{"--ro", "/etc"},
                                                 {"--rw", "."},
                                                 {"--tmpfs", "/x"},
                                                 {"--root", "/"},
                                                 {"--home", "rw"},
                                                 {"--net", "host"},
                                                 {"--share", "uts"}}) {
        std::vector<std::string> options{"--only", "uts"};
        options.insert(options.end(), more.begin(), more.end());
        const Result result = inside({"true"}, {.sandbox = options});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(contains(result.err, "--only")) << result;
        EXPECT_TRUE(contains(result.err, more[0])) << result;
    }
}

}  // namespace
}  // namespace sandbox_test
