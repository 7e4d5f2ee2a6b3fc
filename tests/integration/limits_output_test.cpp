// --max-output: what the command writes is passed on, counted, and too much of it is its end.
#include <fcntl.h>
#include <unistd.h>
#include <sandbox/sandbox.hpp>

#include <csignal>
#include <string>
#include <vector>

#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using LimitsOutput = SandboxTest;
using Words = std::vector<std::string>;

constexpr int killed = 128 + SIGKILL;

std::string count_of(const std::string& bytes) {
    return "sandbox: ended by --max-output after " + bytes + " bytes\n";
}

TEST_F(LimitsOutput, TheLastByteThatIsAllowedPasses) {
    for (const Words& more : {Words{}, Words{"--init"}, Words{"--share", "pid"}, Words{"--only", "net"}}) {
        Words options{"--max-output", "100000"};
        options.insert(options.end(), more.begin(), more.end());
        const Result result = inside_shell("head -c 99000 /dev/zero; head -c 1000 /dev/zero >&2", {.sandbox = options});
        EXPECT_EQ(result.exit_status, 0);
        EXPECT_EQ(result.out.size(), 99000U);
        EXPECT_EQ(result.err.size(), 1000U);
        const Result over = inside_shell("head -c 100001 /dev/zero; sleep 1000", {.sandbox = options});
        EXPECT_EQ(over.exit_status, killed);
        EXPECT_EQ(over.out.size(), 100000U);
        EXPECT_EQ(over.err, count_of("100000"));
        expect_nothing_left();
    }
}

TEST_F(LimitsOutput, BothStreamsAreCountedTogether) {
    const Result result =
        inside_shell("echo 123456789; echo abcdefghi >&2; echo x; sleep 1000", {.sandbox = {"--max-output", "20"}});
    EXPECT_EQ(result.exit_status, killed) << result;
    EXPECT_EQ(result.out.size() + result.err.size(), 20U + count_of("20").size()) << result;
}

TEST_F(LimitsOutput, NoneAtAll) {
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--max-output", "0"}}).exit_status, 0);
    const Result result = inside_shell("echo; sleep 1000", {.sandbox = {"--max-output", "0"}});
    EXPECT_EQ(result.exit_status, killed) << result;
    EXPECT_EQ(result.out, "");
}

TEST_F(LimitsOutput, AFloodIsTheEndOfAll) {
    const std::vector<std::string> scripts{
        "trap '' TERM PIPE; while :; do head -c 1000000 /dev/zero; done",
        "yes & yes >&2 & setsid yes & wait",
    };
    for (const std::string& script : scripts) {
        const Result result = inside_shell(script, {.sandbox = {"--max-output", "3M"}});
        EXPECT_EQ(result.exit_status, killed);
        EXPECT_NE(result.err.find(count_of("3145728")), std::string::npos);
        EXPECT_EQ(result.out.size() + result.err.size(), 3145728U + count_of("3145728").size());
        expect_nothing_left();
    }
}

TEST_F(LimitsOutput, WhatGoesToOneFileKeepsItsOrder) {
    const std::string line =
        sandbox_binary() + " --max-output 1M -- sh -c 'for i in 1 2 3 4 5; do echo $i; echo e$i >&2; done' 2>&1";
    EXPECT_EQ(run({"sh", "-c", line}).out, "1\ne1\n2\ne2\n3\ne3\n4\ne4\n5\ne5\n");
}

TEST_F(LimitsOutput, AFileGetsAsMuchAsIsAllowed) {
    for (const char* redirection : {">", ">>"}) {
        const std::string file = directory() / "out";
        const Result result =
            run({"sh", "-c", sandbox_binary() + " --max-output 70000 -- yes " + redirection + " " + file});
        EXPECT_EQ(result.exit_status, killed) << result;
        EXPECT_EQ(read_file(file).size(), 70000U);
        ASSERT_EQ(::unlink(file.c_str()), 0);
    }
}

TEST_F(LimitsOutput, AReaderThatIsGoneEndsTheWriter) {
    const Result result =
        run({"bash", "-c", "set -o pipefail; " + sandbox_binary() + " --init --max-output 1G -- yes | head -n 1"});
    EXPECT_EQ(result.exit_status, 128 + SIGPIPE) << result;
    EXPECT_EQ(result.out, "y\n");
}

// Nobody who does not read keeps the launcher from looking at the clock.
TEST_F(LimitsOutput, AReaderThatDoesNotReadDoesNotStopTheClock) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    RunOptions options{.sandbox = {"--max-output", "1G", "--timeout", "0.5s", "--kill-after", "0.1s"}};
    options.descriptors = {{1, ends[1]}};
    EXPECT_EQ(inside({"yes"}, options).exit_status, 124);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(LimitsOutput, OnATerminalOfItsOwnItIsCountedThere) {
    HostShell shell;
    shell.run("$SANDBOX --tty new --max-output 10 -- sh -c 'test -t 1 && echo 12345678; echo more; sleep 1000'");
    shell.expect("12345678\r\n");
    shell.expect("ended by --max-output after 10 bytes");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), killed);
}

TEST_F(LimitsOutput, ATerminalOfTheCallersBecomesAPipe) {
    HostShell shell;
    shell.run("$SANDBOX --max-output 100 -- sh -c 'test -t 1 || echo pipe; test -t 0 && echo keyboard'");
    shell.expect("pipe\r\nkeyboard\r\n");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

TEST_F(LimitsOutput, AClosedOneStaysClosed) {
    const Result result = run({"sh", "-c", sandbox_binary() + " --max-output 100 -- sh -c 'echo to 2 >&2' >&-"});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.err, "to 2\n");
}

}  // namespace
}  // namespace sandbox_test
