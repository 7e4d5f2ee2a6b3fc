// What a command may use: limits of time, which end it whatever it does, and those that the kernel holds.
#include <sys/resource.h>
#include <sandbox/sandbox.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "support/named.hpp"
#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"

namespace sandbox_test {
namespace {

using Limits = NamesTest;
using Words = std::vector<std::string>;

constexpr int timed_out = 124;

/// With this time, and with as little between SIGTERM and the end.
Words timeout(const std::string& time, Words more = {}) {
    more.insert(more.end(), {"--timeout", time, "--kill-after", "0.1s"});
    return more;
}

/// Calls it with a time, in tenths of a second, and with twice as much as long as it says that the time was up too
/// early: a machine that has other work may take it all for the start.
void with_time_enough(int tenths, const std::function<bool(const std::string& time)>& is_enough) {
    constexpr int most = 600;
    while (!is_enough(std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "s")) {
        tenths *= 2;
        ASSERT_LT(tenths, most) << "the command does not come so far";
    }
}

TEST_F(Limits, ASleepIsEndedWhenTheTimeIsUp) {
    for (const Words& options : {Words{}, Words{"--init"}, Words{"--share", "pid"}, Words{"--only", "pid"},
                                 Words{"--new-session"}, Words{"--seccomp-log"}, Words{"--strict"}}) {
        const Result result = inside({"sleep", "1000"}, {.sandbox = timeout("0.2s", options)});
        EXPECT_EQ(result.exit_status, timed_out) << result;
        EXPECT_EQ(result.out, "");
        EXPECT_EQ(result.err, "sandbox: ended by --timeout after 0.2 s\n");
        expect_nothing_left();
    }
}

TEST_F(Limits, NothingIsSaidWithQuiet) {
    const Result result = inside({"sleep", "1000"}, {.sandbox = timeout("0.2s", {"--quiet"})});
    EXPECT_EQ(result.exit_status, timed_out) << result;
    EXPECT_EQ(result.err, "");
}

TEST_F(Limits, WhoIsInTimeKeepsItsStatus) {
    const Result result =
        inside_shell("exit 7", {.sandbox = {"--timeout", "1000s", "--cpu-time", "1000s", "--kill-after", "1h"}});
    EXPECT_EQ(result.exit_status, 7) << result;
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(inside_shell("kill -KILL $$; exit 1", {.sandbox = {"--timeout", "1h", "--init"}}).exit_status,
              128 + SIGKILL);
}

TEST_F(Limits, TheCommandIsAskedToEndFirst) {
    for (const Words& options : {Words{}, Words{"--init"}}) {
        with_time_enough(3, [&](const std::string& time) {
            Words all = options;
            all.insert(all.end(), {"--timeout", time, "--kill-after", "1000s"});
            const Result result =
                inside_shell("trap 'echo asked; exit 3' TERM; echo on; while :; do sleep 0.05; done", {.sandbox = all});
            EXPECT_EQ(result.exit_status, timed_out) << result;
            const bool came_so_far = result.out.starts_with("on\n");
            EXPECT_TRUE(!came_so_far || result.out == "on\nasked\n") << result;
            return came_so_far;
        });
    }
}

TEST_F(Limits, WithoutATimeBetweenItIsNotAsked) {
    const Result result = inside_shell("trap 'echo asked; exit 3' TERM; while :; do sleep 0.05; done",
                                       {.sandbox = {"--timeout", "0.2s", "--kill-after", "0"}});
    EXPECT_EQ(result.exit_status, timed_out) << result;
    EXPECT_EQ(result.out, "");
}

TEST_F(Limits, WhatItDoesAgainstItIsInVain) {
    const std::vector<std::string> scripts{
        "trap '' TERM HUP INT; while :; do sleep 0.05; done",
        "kill -STOP $$; sleep 1000",
        "sleep 1000 & kill -STOP $!; wait",
        "trap '' TERM; setsid sleep 1000 & setsid sh -c 'trap \"\" TERM; sleep 1000 & wait' & wait",
        "setsid setsid sleep 1000 >/dev/null 2>&1 </dev/null & exec sleep 1000",
        "trap '' TERM CHLD; while :; do sh -c 'sleep 0.01' & done",
        "trap '' TERM; while :; do :; done",
    };
    for (const std::string& script : scripts) {
        for (const Words& options : {Words{}, Words{"--init"}, Words{"--share", "pid"}}) {
            SCOPED_TRACE(script + (options.empty() ? "" : " " + options.front()));
            const Result result = inside_shell(script, {.sandbox = timeout("0.3s", options)});
            EXPECT_EQ(result.exit_status, timed_out) << result;
            expect_nothing_left();
        }
    }
}

// At a terminal, and where there is none, the launcher stops with its command, as a shell expects it. The clock goes
// on.
TEST_F(Limits, ACommandThatStopsItsLauncherEndsAllTheSame) {
    const Result result = inside_shell("kill -TSTP $$; echo went on; trap '' TERM; while :; do sleep 0.05; done",
                                       {.sandbox = timeout("0.3s", {"--init"})});
    EXPECT_EQ(result.exit_status, timed_out) << result;
}

TEST_F(Limits, AJobStoppedAtTheTerminalEndsWhenItsTimeIsUp) {
    for (const char* options : {"", "--init ", "--tty new "}) {
        with_time_enough(20, [&](const std::string& time) {
            const TemporaryDirectory place;
            const std::string status = place / "status";
            HostShell shell;
            // Of a job that is stopped it is 148, and of one that is over 124.
            shell.run("$SANDBOX --timeout " + time + " --kill-after 0.1s " + options + "-- sleep 1000; echo $? >" +
                      status + ".new; mv " + status + ".new " + status);
            pid_t sleep = 0;
            wait_until(
                [&] {
                    for (const ProcessState& process : descendants_of(shell.pid())) {
                        sleep = process.name == "sleep" ? process.pid : sleep;
                    }
                    return sleep != 0 || std::filesystem::exists(status);
                },
                "the command");
            shell.type("\x1a");
            wait_until([&] { return std::filesystem::exists(status); }, "that the job is stopped, or over");
            if (read_file(status) == "124\n") {
                return false;
            }
            EXPECT_EQ(read_file(status), "148\n") << options;
            EXPECT_TRUE(wait_until([&] { return ::kill(sleep, 0) < 0; }, "the end of the stopped command")) << options;
            wait_until([&] { return descendants_of(shell.pid()).empty(); }, "the end of the sandbox");
            // Said before a prompt: the next one, if not the last.
            shell.run("");
            shell.expect("Exit 124");
            return true;
        });
    }
}

TEST_F(Limits, OnATerminalOfItsOwn) {
    HostShell shell;
    with_time_enough(3, [&](const std::string& time) {
        shell.run("$SANDBOX --tty new --timeout " + time +
                  " --kill-after 0.1s -- sh -c 'trap \"\" TERM; echo i''gnored; sleep 1000'; echo status=$?''.");
        const std::string shown = shell.expect("status=124.");
        shell.expect_prompt();
        return shown.empty() || shown.find("ignored") != std::string::npos;
    });
}

TEST_F(Limits, ADetachedOneIsEndedToo) {
    Words words = timeout("0.3s", {"--detach", "--name", "timed"});
    words.insert(words.end(), {"--", "sleep", "1000"});
    EXPECT_EQ(sandbox(words).exit_status, 0);
    EXPECT_EQ(sandbox({"wait", "timed"}).exit_status, timed_out);
}

TEST_F(Limits, CpuTimeOfAllTogetherIsCounted) {
    const std::vector<std::string> scripts{
        "while :; do :; done",
        "trap '' TERM; for i in 1 2 3; do while :; do :; done & done; wait",
        // Each is short, and waited for.
        "while :; do sh -c 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done'; done",
        "sh -c 'sh -c \"while :; do :; done\" & wait'; sleep 1000",
    };
    for (const std::string& script : scripts) {
        for (const Words& more : {Words{}, Words{"--init"}, Words{"--share", "pid"}}) {
            SCOPED_TRACE(script + (more.empty() ? "" : " " + more.front()));
            Words options{"--cpu-time", "0.3s", "--kill-after", "0.1s"};
            options.insert(options.end(), more.begin(), more.end());
            const Result result = inside_shell(script, {.sandbox = options});
            EXPECT_EQ(result.exit_status, timed_out) << result;
            EXPECT_EQ(result.err, "sandbox: ended by --cpu-time after 0.3 s\n");
            expect_nothing_left();
        }
    }
}

TEST_F(Limits, CpuTimeIsNotRealTime) {
    const Result result = inside({"sleep", "2.5"}, {.sandbox = {"--cpu-time", "2s"}});
    EXPECT_EQ(result.exit_status, 0) << result;
}

// Whoever stops the launcher stops its looking; each process is held all the same.
TEST_F(Limits, EachProcessIsHeldByTheKernelAsWell) {
    const Result result = inside_shell("ulimit -St; ulimit -Ht", {.sandbox = {"--cpu-time", "10.5s"}});
    EXPECT_EQ(result.out, "12\n12\n") << result;
    const Result own = inside_shell("ulimit -St", {.sandbox = {"--cpu-time", "10s", "--rlimit", "cpu=7"}});
    EXPECT_EQ(own.out, "7\n") << own;
}

TEST_F(Limits, EveryResourceLimitIsTheCommands) {
    const std::vector<std::pair<std::string, std::string>> limits{
        {"core=0", "Max core file size 0 0 bytes"},
        {"cpu=100:200", "Max cpu time 100 200 seconds"},
        {"as=2G", "Max address space 2147483648 2147483648 bytes"},
        {"data=1G:unlimited", "Max data size 1073741824 unlimited bytes"},
        {"fsize=1M", "Max file size 1048576 1048576 bytes"},
        {"locks=10", "Max file locks 10 10 locks"},
        {"memlock=4K", "Max locked memory 4096 4096 bytes"},
        {"msgqueue=1K", "Max msgqueue size 1024 1024 bytes"},
        {"nice=0", "Max nice priority 0 0"},
        {"nofile=20:30", "Max open files 20 30 files"},
        {"nproc=50", "Max processes 50 50 processes"},
        {"rss=1G", "Max resident set 1073741824 1073741824 bytes"},
        {"rtprio=0", "Max realtime priority 0 0"},
        {"rttime=100", "Max realtime timeout 100 100 us"},
        {"sigpending=20", "Max pending signals 20 20 signals"},
        {"stack=1M", "Max stack size 1048576 1048576 bytes"},
    };
    Words options;
    std::string expected;
    for (const auto& [limit, line] : limits) {
        options.insert(options.end(), {"--rlimit", limit});
    }
    const Result result = inside_shell("tr -s ' ' </proc/self/limits", {.sandbox = options});
    for (const auto& [limit, line] : limits) {
        EXPECT_NE(result.out.find(line), std::string::npos) << limit << '\n' << result;
    }
}

TEST_F(Limits, AHardLimitCannotBeRaised) {
    RunOptions options{.sandbox = {"--rlimit", "nofile=100:200"}};
    options.before_exec = [] {
        const rlimit low{100, 150};
        ::setrlimit(RLIMIT_NOFILE, &low);
    };
    const Result result = inside({"true"}, options);
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("the caller's own hard limit is 150"), std::string::npos) << result;
    options.sandbox = {"--rlimit", "nofile=100:150"};
    EXPECT_EQ(inside({"true"}, options).exit_status, 0);
}

TEST_F(Limits, Niceness) {
    EXPECT_EQ(inside({"nice"}, {.sandbox = {"--nice", "7"}}).out, "7\n");
    RunOptions options{.sandbox = {"--nice", "-3"}};
    options.before_exec = [] {
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_NICE, &none);
    };
    const Result result = inside({"nice"}, options);
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("--nice -3"), std::string::npos) << result;
}

TEST_F(Limits, TheScoreForTheEndOfMemory) {
    EXPECT_EQ(inside({"cat", "/proc/self/oom_score_adj"}, {.sandbox = {"--oom-score", "700"}}).out, "700\n");
    EXPECT_EQ(inside({"cat", "/proc/self/oom_score_adj"}, {.sandbox = {"--oom-score", "700", "--only", "net"}}).out,
              "700\n");
    const Result result = inside({"true"}, {.sandbox = {"--oom-score", "-1000"}});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("--oom-score -1000: cannot set up oom-score"), std::string::npos) << result;
    EXPECT_NE(result.err.find("CAP_SYS_RESOURCE"), std::string::npos) << result;
}

TEST_F(Limits, ThePrivateDirectoriesHaveOneSize) {
    const std::string fill = "head -c 600K /dev/zero >/tmp/a && head -c 600K /dev/zero >\"$HOME/b\" && echo all fits";
    EXPECT_EQ(inside_shell(fill, {.sandbox = {"--tmp-size", "2M"}}).out, "all fits\n");
    const Result result = inside_shell(fill, {.sandbox = {"--tmp-size", "1M"}});
    EXPECT_NE(result.exit_status, 0) << result;
    EXPECT_NE(result.err.find("No space left"), std::string::npos) << result;
}

// An entry costs the kernel memory that is not in the size of a tmpfs.
TEST_F(Limits, ThePrivateDirectoriesHaveSoManyEntries) {
    const std::string make = "i=0; while : >/dev/shm/$i; do i=$((i+1)); [ $i -lt 5000 ] || exit 9; done 2>/dev/null";
    EXPECT_EQ(inside_shell(make, {.sandbox = {"--tmp-size", "64M"}}).exit_status, 9);
    EXPECT_NE(inside_shell(make, {.sandbox = {"--tmp-size", "1M"}}).exit_status, 9);
}

TEST_F(Limits, ASizeThatIsTooSmallForWhatIsPutThereSaysSo) {
    write_file(directory() / "large", std::string(200000, 'x'));
    const Result result =
        inside({"true"}, {.sandbox = {"--tmp-size", "64K", "--file", (directory() / "large") + ":/tmp/large"}});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("--tmp-size"), std::string::npos) << result;
}

TEST_F(Limits, ALibrarysCallerHasThemByWaiting) {
    sandbox::Spec spec;
    spec.command = {"sleep", "1000"};
    spec.limits.timeout = std::chrono::milliseconds(200);
    spec.limits.kill_after = std::chrono::milliseconds(100);
    sandbox::Process process = sandbox::launch(spec);
    const sandbox::Outcome outcome = process.wait();
    EXPECT_EQ(outcome.limit, sandbox::Limit::timeout);
    EXPECT_EQ(outcome.exit_status(), timed_out);
    EXPECT_EQ(outcome.kind, sandbox::Outcome::Kind::signaled);
    EXPECT_EQ(process.wait().limit, sandbox::Limit::timeout);
}

TEST_F(Limits, ATimeThatIsUpBeforeTheSandboxIsMadeEndsThat) {
    sandbox::Spec spec;
    spec.command = {"sleep", "1000"};
    spec.limits.timeout = std::chrono::nanoseconds(1);
    sandbox::Process process = sandbox::launch(spec);
    EXPECT_EQ(process.wait().exit_status(), timed_out);
}

}  // namespace
}  // namespace sandbox_test
