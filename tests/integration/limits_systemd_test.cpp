// Limits where systemd is in charge and has handed nothing over: the program runs again in a scope that the user's
// manager makes, and for root the system's. It takes both managers:
// `./dev test-vm systemd` runs it where they are, in a session of the user's, and as root in a service.
#include <sandbox/sandbox.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "json/json.hpp"
#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using ::sandbox::json::Json;
using Words = std::vector<std::string>;

bool is_root() {
    return geteuid() == 0;
}

// Of scopes, and of sandboxes in them.
std::set<std::string> cgroups_of_scopes() {
    std::set<std::string> found;
    std::error_code gone;
    for (auto at = std::filesystem::recursive_directory_iterator("/sys/fs/cgroup", gone);
         at != std::filesystem::recursive_directory_iterator(); at.increment(gone)) {
        const std::string name = at->path().filename();
        if ((name.starts_with("run-") && name.ends_with(".scope")) || name.starts_with("sandbox-")) {
            found.insert(at->path());
        }
        if (gone) {
            break;
        }
    }
    return found;
}

class LimitsSystemd : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        ASSERT_TRUE(is_root() || getenv("XDG_RUNTIME_DIR") != nullptr) << "no session of a user's";
        const Result plan = inside({"true"}, {.sandbox = {"--explain", "--pids", "9", "--memory", "99M"}});
        const std::string line = std::string("  cgroup: below a scope that systemd makes: systemd-run ") +
                                 (is_root() ? "" : "--user ") + "--scope -p Delegate=yes";
        ASSERT_TRUE(has_line(plan.out, line)) << plan;
        ASSERT_EQ(cgroups_of_scopes(), std::set<std::string>());
    }
    void TearDown() override {
        EXPECT_TRUE(wait_until([] { return cgroups_of_scopes().empty(); }, "the end of the scopes"));
        Words words = manager("systemctl");
        words.insert(words.end(), {"list-units", "--all", "--plain", "--no-legend", "--type=scope", "run-*"});
        EXPECT_TRUE(wait_until([&] { return run(words).out.empty(); }, "no unit of that is left"));
        SandboxTest::TearDown();
    }

    /// The program for the manager that is asked here.
    [[nodiscard]] static Words manager(const std::string& program) {
        return is_root() ? Words{program} : Words{program, "--user"};
    }
    /// The sandbox, started by the manager as a service.
    [[nodiscard]] static Result in_a_service(const Words& properties, const Words& words) {
        Words all = manager("systemd-run");
        all.insert(all.end(), {"--pipe", "--wait", "--quiet", "--collect"});
        all.insert(all.end(), properties.begin(), properties.end());
        all.emplace_back("--");
        all.insert(all.end(), words.begin(), words.end());
        return run(all);
    }
    [[nodiscard]] Result limited(const std::string& script, Words options) const {
        options.insert(options.end(), {"--report", place()});
        return inside_shell(script, {.sandbox = std::move(options)});
    }
    [[nodiscard]] std::string place() const { return directory() / "report.json"; }
    [[nodiscard]] Json report() const { return ::sandbox::json::parse_json(read_file(place())); }
    [[nodiscard]] std::string reason() const { return report().find("reason")->text; }

    /// A PATH in which `systemd-run` is that script.
    [[nodiscard]] std::string path_with(const std::string& script) const {
        const std::string bin = directory() / "bin";
        mkdir(bin.c_str(), 0755);
        write_file(bin + "/systemd-run", script);
        EXPECT_EQ(chmod((bin + "/systemd-run").c_str(), 0755), 0);
        return bin + ":/usr/bin:/bin";
    }
};

TEST_F(LimitsSystemd, ItStaysTheSameProcess) {
    Running running = start_inside({"sh", "-c", "echo on; cat; echo told >&2; exit 7"},
                                   {.sandbox = {"--memory", "32M", "--pids", "9"}, .keep_input_open = true});
    running.expect("on");
    const std::string process = "/proc/" + std::to_string(running.pid());
    EXPECT_EQ(read_file(process + "/comm"), "sandbox\n");
    const std::string cgroup = read_file(process + "/cgroup");
    EXPECT_NE(cgroup.find(is_root() ? "/system.slice/run-" : "/user@12345.service/app.slice/run-"), std::string::npos)
        << cgroup;
    EXPECT_EQ(cgroups_of_scopes().size(), 2U);  // the scope, and in it the sandbox's
    running.write("some text\n");
    running.close_input();
    const Result result = running.wait();
    EXPECT_EQ(result.exit_status, 7) << result;
    EXPECT_EQ(result.out, "on\nsome text\n");
    EXPECT_EQ(result.err, "told\n");
}

const Words odd_arguments{"$HOME", "${HOME}", "$$", "$",  "a  b", "%n %% %s", "",   "\\x \\\\",
                          "*",     "--",      "-p", "\t", "a;b",  "\"'`",     "\n", "$HOME and ${PATH}"};

TEST_F(LimitsSystemd, ArgumentsAreWhatTheyWere) {
    std::string expected;
    Words command{"printf", "[%s]"};
    for (const std::string& argument : odd_arguments) {
        expected += "[" + argument + "]";
        command.push_back(argument);
    }
    const Words options{"--pids", "9", "--env", "ODD=$HOME%n $$"};
    Result result = inside(command, {.sandbox = options});
    EXPECT_EQ(result.out, expected) << result;
    // As systemd means to have it one day: variables and `$$` in the words of the command.
    const std::string expanding =
        "#!/usr/bin/perl\n"
        "my $of_command = 0;\n"
        "for (@ARGV) { if ($of_command) { s/\\$(\\$|HOME|\\{HOME\\})/$1 eq '$' ? '$' : '\\/gone'/ge }\n"
        "              elsif ($_ eq '--') { $of_command = 1 } }\n"
        "exec '/usr/bin/systemd-run', @ARGV;\n";
    RunOptions other{.sandbox = options, .set = {{"PATH", path_with(expanding)}}};
    result = inside(command, other);
    EXPECT_EQ(result.out, expected) << result;
    EXPECT_EQ(inside({"printenv", "ODD"}, other).out, "$HOME%n $$\n");
    EXPECT_EQ(inside({"printenv", "ODD"}, {.sandbox = options}).out, "$HOME%n $$\n");
}

TEST_F(LimitsSystemd, NothingOfItIsInTheEnvironment) {
    const std::string all = inside({"env"}, {.sandbox = {"--pids", "9", "--env", "SANDBOX_*"}}).out;
    EXPECT_NE(all.find("SANDBOX_BIN="), std::string::npos) << all;
    EXPECT_EQ(all.find("SANDBOX_SCOPE"), std::string::npos) << all;
}

TEST_F(LimitsSystemd, DescriptorsArePassed) {
    write_file(directory() / "text", "of descriptor 7\n");
    const ::sandbox::sys::UniqueFd file(open((directory() / "text").c_str(), O_RDONLY | O_CLOEXEC));
    const Result result =
        inside_shell("cat <&7", {.sandbox = {"--pids", "9", "--fd", "7"}, .descriptors = {{7, file.get()}}});
    EXPECT_EQ(result.out, "of descriptor 7\n") << result;
}

TEST_F(LimitsSystemd, SignalsAndTheTerminal) {
    Running running = start_inside({"sh", "-c", "trap 'echo ended; exit 3' TERM; echo on; while :; do sleep 0.1; done"},
                                   {.sandbox = {"--pids", "9"}});
    running.expect("on");
    running.send(SIGTERM);
    const Result result = running.wait();
    EXPECT_EQ(result.exit_status, 3) << result;
    EXPECT_EQ(result.out, "on\nended\n");

    Terminal terminal({sandbox_binary(), "--pids", "9", "--", "sh", "-c", "tty && echo on && exec sleep 1000"});
    terminal.expect("on");
    terminal.type("\x03");
    EXPECT_EQ(terminal.wait(), 128 + SIGINT) << terminal.shown();
}

TEST_F(LimitsSystemd, AKilledLauncherLeavesNothing) {
    Running running = start_inside({"sh", "-c", "echo on; exec sleep 1000"}, {.sandbox = {"--pids", "9"}});
    running.expect("on");
    running.send(SIGKILL);
    EXPECT_EQ(running.wait().signal, SIGKILL);
}

TEST_F(LimitsSystemd, TheLimitsHold) {
    Result result = limited("dd if=/dev/zero of=/dev/null bs=96M count=1", {"--memory", "32M"});
    EXPECT_EQ(result.exit_status, 128 + SIGKILL) << result;
    EXPECT_EQ(reason(), "oom");
    EXPECT_EQ(report().find("memory")->find("source")->text, "cgroup");
    result = limited("for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; kill 0", {"--pids", "5", "--init"});
    EXPECT_NE(result.exit_status, 0) << result;
    EXPECT_EQ(reason(), "pids");
    result = limited("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max /proc/self/cgroup",
                     {"--memory", "32M", "--pids", "9", "--cpus", "0.5"});
    EXPECT_EQ(result.out, "33554432\n10\n50000 100000\n0::/\n") << result;
    EXPECT_EQ(reason(), "exited");
}

// From a session, which is no place to enter a user's scope from: the kernel asks the cgroup above both.
TEST_F(LimitsSystemd, InTheBackgroundAndEntered) {
    const std::string binary = sandbox_binary();
    const Result started = run({binary, "--detach", "--name", "box", "--pids", "6", "--", "sleep", "1000"});
    ASSERT_EQ(started.exit_status, 0) << started;
    EXPECT_NE(run({binary, "list"}).out.find("box"), std::string::npos);
    const std::string shown = "0::/\n";
    Words enter{binary, "enter", "box", "--", "cat", "/proc/self/cgroup"};
    const Result from_here = run(enter);
    if (is_root()) {
        EXPECT_EQ(from_here.out, shown) << from_here;
    } else {
        EXPECT_EQ(from_here.exit_status, 125) << from_here;
        EXPECT_NE(from_here.err.find("systemd-run --user --scope sandbox "), std::string::npos) << from_here;
    }
    Words beside = manager("systemd-run");
    beside.insert(beside.end(), {"--scope", "--quiet"});
    enter.insert(enter.begin(), beside.begin(), beside.end());
    const Result from_beside = run(enter);
    EXPECT_EQ(from_beside.out, shown) << from_beside;
    EXPECT_EQ(run({binary, "stop", "box", "--timeout", "0"}).exit_status, 0);
}

TEST_F(LimitsSystemd, BestEffortDoesWithoutAScope) {
    const Words best{"--pids", "9", "--limits", "best-effort"};
    const std::string refusing = path_with("#!/bin/sh\necho no scopes today >&2\nexit 1\n");
    Result result = inside({"/bin/echo", "ran"}, {.sandbox = best, .set = {{"PATH", refusing}}});
    EXPECT_EQ(result.out, "ran\n") << result;
    result = inside({"/bin/echo", "ran"}, {.sandbox = {"--pids", "9"}, .set = {{"PATH", refusing}}});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("systemd makes none: no scopes today\n"), std::string::npos) << result;
    const std::string none = directory().path();
    result = inside({"/bin/echo", "ran"}, {.sandbox = {"--pids", "9"}, .set = {{"PATH", none}}});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("install systemd-run"), std::string::npos) << result;
    EXPECT_EQ(inside({"/bin/echo", "ran"}, {.sandbox = best, .set = {{"PATH", none}}}).out, "ran\n");
}

TEST_F(LimitsSystemd, AServiceThatIsHandedOverNeedsNoScope) {
    const Words run_it{
        sandbox_binary(), "--pids", "9", "--", "/bin/sh", "-c", "/bin/cat /sys/fs/cgroup/pids.max; exit 7"};
    // Where systemd-run is not there.
    Result result = in_a_service({"-p", "Delegate=yes", "-E", "PATH=/nowhere"}, run_it);
    EXPECT_EQ(result.exit_status, 7) << result;
    EXPECT_EQ(result.out, "10\n") << result;
    result = in_a_service({"-p", "Delegate=yes"}, {sandbox_binary(), "--explain", "--pids", "9", "--", "true"});
    EXPECT_NE(result.out.find("cgroup: below /sys/fs/cgroup/"), std::string::npos) << result;
    // The other kind does, and leaves its service's cgroup.
    result = in_a_service({}, run_it);
    EXPECT_EQ(result.exit_status, 7) << result;
    EXPECT_EQ(result.out, "10\n") << result;
    result = in_a_service({"-E", "PATH=/nowhere"}, run_it);
    EXPECT_EQ(result.exit_status, 125) << result;
}

// The exact line. The user's manager has cpu, memory and pids of Debian's.
TEST_F(LimitsSystemd, WhatTheErrorSaysGrantsTheRest) {
    if (!is_root()) {
        const Result result = inside({"true"}, {.sandbox = {"--io-weight", "50"}});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_NE(result.err.find("--io-weight: no cgroup can hold it: "), std::string::npos) << result;
        EXPECT_NE(result.err.find(" lacks io\n"), std::string::npos) << result;
        EXPECT_NE(result.err.find("user@" + std::to_string(geteuid()) + ".service"), std::string::npos) << result;
        return;
    }
    const Words limited_user{"runuser",
                             "-u",
                             "tester",
                             "--",
                             "env",
                             "XDG_RUNTIME_DIR=/run/user/12345",
                             "--chdir=/",
                             sandbox_binary(),
                             "--io-weight",
                             "50",
                             "--cpuset",
                             "0",
                             "--",
                             "cat",
                             "/sys/fs/cgroup/io.weight"};
    const Result refused = run(limited_user);
    EXPECT_EQ(refused.exit_status, 125) << refused;
    const std::size_t start = refused.err.find("sudo ");
    const std::size_t end = refused.err.find(" has it handed over");
    ASSERT_NE(start, std::string::npos) << refused;
    ASSERT_NE(end, std::string::npos) << refused;
    const std::string line = refused.err.substr(start + 5, end - start - 5);
    const Result granted = run({"sh", "-c", line});
    EXPECT_EQ(granted.exit_status, 0) << line << granted;
    const Result result = run(limited_user);
    EXPECT_EQ(result.out, "default 50\n") << result;
    EXPECT_EQ(run({"sh", "-c",
                   "rm -r /etc/systemd/system/user@.service.d; systemctl daemon-reload; systemctl restart "
                   "user@12345.service"})
                  .exit_status,
              0);
}

// A program of the library's that is alone in a tree goes beside it, and starts the second from there.
TEST_F(LimitsSystemd, AProgramThatStartsSeveral) {
    const Result result =
        in_a_service({"-p", "Delegate=yes"},
                     {given("SANDBOX_BUILD_DIR") + "/tests/integration/library_limited", "/bin/sh", "-c", "exit 4"});
    EXPECT_EQ(result.exit_status, 0) << result;
}

// Printed, and held to nothing: what it costs to go through systemd-run, against a tree that was handed over.
TEST_F(LimitsSystemd, WhatItCosts) {
    const std::string timed = "began=$(date +%s%N); for i in 1 2 3 4 5; do " + sandbox_binary() +
                              " --pids 9 -- /bin/true || exit; done; echo $((($(date +%s%N) - began) / 5000))";
    const std::string below =
        "own=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup); mkdir $own/shell; "
        "echo 0 >$own/shell/cgroup.procs; ";
    const Result direct = in_a_service({"-p", "Delegate=yes"}, {"/bin/bash", "-c", below + timed});
    const Result scoped = run({"/bin/bash", "-c", timed});
    ASSERT_GT(std::atof(direct.out.c_str()), 0) << direct;
    ASSERT_GT(std::atof(scoped.out.c_str()), 0) << scoped;
    std::cout << "measured: a start through systemd-run " << trimmed(scoped.out)
              << " us, in a tree that was handed over " << trimmed(direct.out)
              << " us: " << std::atof(scoped.out.c_str()) / std::atof(direct.out.c_str()) << " times\n";
}

}  // namespace
}  // namespace sandbox_test
