// Init: what it does for the command with --init, and that the command can neither look into it nor use it.
#include <csignal>

#include "support/sandbox_test.hpp"

namespace sandbox_test {
namespace {

using ProcessInit = SandboxTest;

const std::vector<std::string> with_init{"--init"};

TEST_F(ProcessInit, AbortBesideInitIs134) {
    const Result result = inside({probe("ends"), "abort"}, {.sandbox = with_init});
    EXPECT_EQ(result.exit_status, 128 + SIGABRT) << result;
}

// Pid 1 cannot be ended by the signal; glibc then executes an instruction that no process survives.
TEST_F(ProcessInit, AbortOfPid1EndsItAllTheSame) {
    const Result result = inside({probe("ends"), "abort"});
    EXPECT_GT(result.exit_status, 128) << result;
    EXPECT_EQ(result.out, "");
}

TEST_F(ProcessInit, ABrokenPipeEndsAnEndlessWriter) {
    const Result result = inside_shell("while :; do echo y; done | head -1", {.sandbox = with_init});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "y\n");
}

TEST_F(ProcessInit, ABrokenPipeOutsideEndsAnEndlessWriter) {
    const Result result =
        run({"sh", "-c", "\"$0\" --init -- sh -c 'while :; do echo y; done' | head -1", sandbox_binary()});
    EXPECT_EQ(result.out, "y\n") << result;
}

TEST_F(ProcessInit, TenThousandOrphansLeaveNoZombie) {
    const Result result = inside({probe("orphans"), "reap", "10000"}, {.sandbox = with_init});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "zombies=0\n") << result;
}

TEST_F(ProcessInit, OrphansEndWithTheCommand) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, with_init}) {
        const Result result = inside({probe("orphans"), "leave", "50"}, {.sandbox = options});
        EXPECT_EQ(result.exit_status, 0) << result;
        // With sandbox itself: nothing may need a moment longer.
        EXPECT_TRUE(children_of(getpid()).empty());
    }
}

TEST_F(ProcessInit, OnlyTheCommandIsSeenInside) {
    const Result result = inside_shell("cd /proc; echo [0-9]*");
    EXPECT_EQ(result.out, "1\n") << result;
}

TEST_F(ProcessInit, NothingOfInitCanBeRead) {
    const Result result = inside({probe("pester"), "1", "read"}, {.sandbox = with_init});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "done\n") << result;
}

// The probe itself must be able to find something.
TEST_F(ProcessInit, WhatIsUnreadableInInitIsReadableInAnOrdinaryProcess) {
    const Result result = inside({probe("pester"), "1", "read"});
    for (const char* name : {"environ", "mem", "maps", "exe", "root", "cwd", "fd/0", "map_files/", "ns/mnt"}) {
        EXPECT_NE(result.out.find(name), std::string::npos) << name << "\n" << result;
    }
}

TEST_F(ProcessInit, TheCommandLineOfInitTellsNothing) {
    const Result result = inside_shell("tr '\\0' ' ' < /proc/1/cmdline",
                                       {.sandbox = {"--init", "--env", "TOKEN=hunter2", "--hostname", "telltale"}});
    EXPECT_EQ(result.exit_status, 0) << result;
    for (const char* word : {"hunter2", "telltale", "--", "cmdline", "sh "}) {
        EXPECT_EQ(result.out.find(word), std::string::npos) << result;
    }
}

TEST_F(ProcessInit, InitThatIsKilledIs125) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, with_init}) {
        Running running = start_inside({probe("orphans"), "hold", "3"}, {.sandbox = options});
        running.expect("up\n");
        const std::vector<ProcessState> children = children_of(running.pid());
        ASSERT_EQ(children.size(), 1U);
        ASSERT_EQ(kill(children[0].pid, SIGKILL), 0);
        const Result result = running.wait();
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_EQ(result.err.rfind("sandbox: ", 0), 0U) << result;
    }
}

// Whatever a command does to init, the status is its own, or 125: never another one. What lives on, the fixture sees.
void expect_own_status_after(const std::string& what, const std::vector<std::string>& options) {
    const Result result = inside_shell("'" + probe("pester") + "' 1 " + what + "; exit 5", {.sandbox = options});
    EXPECT_TRUE(result.exit_status == 5 || result.exit_status == 125) << what << "\n" << result;
    EXPECT_NE(result.out.find("done\n"), std::string::npos) << what << "\n" << result;
}

TEST_F(ProcessInit, SignalsToInitForgeNoStatus) {
    expect_own_status_after("signals", with_init);
}
TEST_F(ProcessInit, TakingInitsLimitsForgesNoStatus) {
    expect_own_status_after("limits", with_init);
}
TEST_F(ProcessInit, TakingInitsTimeForgesNoStatus) {
    expect_own_status_after("time", with_init);
}
TEST_F(ProcessInit, TheLowestPriorityForInitForgesNoStatus) {
    expect_own_status_after("schedule", with_init);
}
// bash, as dash takes a SIGINT for one that it has to die of.
TEST_F(ProcessInit, SignalsFromInsideToACommandThatIsPid1EndNothing) {
    const Result result = inside({"bash", "-c", "'" + probe("pester") + "' 1 signals; exit 5"});
    EXPECT_EQ(result.exit_status, 5) << result;
    EXPECT_EQ(result.out, "done\n");
}

// As no descriptor may be open any more, poll(2) would fail; and init has to be woken to come that far.
TEST_F(ProcessInit, AnInitWithoutLimitsDoesItsWork) {
    const std::string script = "'" + probe("pester") + "' 1 limits > /dev/null; '" + probe("orphans") +
                               "' reap 100; exec '" + probe("signals") + "' catch 10";
    Running running = start_inside({"sh", "-c", script}, {.sandbox = with_init});
    running.expect("zombies=0\n");
    running.expect("ready\n");
    running.send(SIGUSR1);
    const Result result = running.wait();
    EXPECT_EQ(result.exit_status, 42) << result;
}

TEST_F(ProcessInit, NothingOutlivesAnInitWithoutLimits) {
    const std::string pester = "'" + probe("pester") + "' 1 ";
    const Result result = inside_shell(
        "'" + probe("orphans") + "' leave 5; " + pester + "time; " + pester + "limits; " + pester + "signals; exit 5",
        {.sandbox = with_init});
    EXPECT_TRUE(result.exit_status == 5 || result.exit_status == 125) << result;
}

TEST_F(ProcessInit, ALauncherThatIsKilledTakesAnInitWithoutLimitsWithIt) {
    const std::string pester = "'" + probe("pester") + "' 1 ";
    Running running = start_inside({"sh", "-c",
                                    pester + "limits; " + pester + "signals; '" + probe("orphans") +
                                        "' reap 10; exec '" + probe("orphans") + "' hold 5"},
                                   {.sandbox = with_init});
    running.expect("up\n");
    running.send(SIGKILL);
    EXPECT_EQ(running.wait().signal, SIGKILL);
}

}  // namespace
}  // namespace sandbox_test
