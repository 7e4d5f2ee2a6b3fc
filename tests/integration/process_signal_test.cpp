// Signals sent to sandbox reach the command as if it had been sent them itself.
#include <csignal>

#include "support/sandbox_test.hpp"

namespace sandbox_test {
namespace {

using ProcessSignal = SandboxTest;

std::string text_of(int number) {
    return std::to_string(number);
}

// All that kill(1) can send and a program can catch, but for the news about children and what the processor itself
// raises.
std::vector<int> catchable_signals() {
    std::vector<int> numbers{SIGHUP,    SIGINT,  SIGQUIT,  SIGABRT, SIGUSR1,   SIGUSR2, SIGPIPE, SIGALRM,
                             SIGTERM,   SIGCONT, SIGTSTP,  SIGTTIN, SIGTTOU,   SIGURG,  SIGXCPU, SIGXFSZ,
                             SIGVTALRM, SIGPROF, SIGWINCH, SIGIO,   SIGSTKFLT, SIGPWR};
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) {
        numbers.push_back(number);
    }
    return numbers;
}

// Those whose default action ends a process.
std::vector<int> deadly_signals() {
    return {SIGHUP,  SIGINT,  SIGQUIT,   SIGABRT, SIGUSR1, SIGUSR2,   SIGPIPE, SIGALRM,  SIGTERM,
            SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO,   SIGSTKFLT, SIGPWR,  SIGRTMIN, SIGRTMAX};
}

// A process group of its own below a parent that could continue it: the kernel stops no orphaned one.
const auto as_a_job = [] { setpgid(0, 0); };

void expect_received(const std::string& how, int number, const std::vector<std::string>& options = {}) {
    Running running = start_inside({probe("signals"), how, text_of(number)}, {.sandbox = options});
    running.expect("ready\n");
    running.send(number);
    const Result result = running.wait();
    EXPECT_EQ(result.exit_status, 42) << how << " " << number << "\n" << result;
    EXPECT_EQ(result.out, "ready\ncaught " + text_of(number) + "\n") << how << " " << number << "\n" << result;
}

TEST_F(ProcessSignal, EverySignalReachesACommandThatCatchesIt) {
    for (const int number : catchable_signals()) {
        expect_received("catch", number);
    }
}

TEST_F(ProcessSignal, EverySignalReachesACommandThatCatchesItBesideInit) {
    for (const int number : catchable_signals()) {
        expect_received("catch", number, {"--init"});
    }
}

TEST_F(ProcessSignal, EverySignalReachesACommandThatWaitsForItBySigwait) {
    for (const int number : catchable_signals()) {
        expect_received("sigwait", number);
    }
}

// What it waits for is not what it was sent.
TEST_F(ProcessSignal, ASignalThatSigwaitDoesNotWaitForEndsTheCommand) {
    for (const int number : {SIGTERM, SIGINT, SIGUSR2, SIGRTMAX}) {
        Running running = start_inside({probe("signals"), "sigwait", text_of(SIGUSR1)});
        running.expect("ready\n");
        running.send(number);
        EXPECT_EQ(running.wait().exit_status, 128 + number);
    }
}

TEST_F(ProcessSignal, EverySignalReachesACommandThatReadsItFromASignalfd) {
    for (const int number : catchable_signals()) {
        expect_received("signalfd", number);
    }
}

// The kernel drops a signal that pid 1 has left at its default.
TEST_F(ProcessSignal, TheDefaultActionEndsACommandThatIsPid1) {
    for (const int number : deadly_signals()) {
        Running running = start_inside({probe("signals"), "catch", text_of(SIGCONT)});
        running.expect("ready\n");
        running.send(number);
        const Result result = running.wait();
        EXPECT_EQ(result.exit_status, 128 + number) << result;
        EXPECT_EQ(result.signal, 0) << "the launcher itself was ended by the signal";
    }
}

TEST_F(ProcessSignal, TheDefaultActionEndsACommandBesideInit) {
    for (const int number : deadly_signals()) {
        Running running = start_inside({probe("signals"), "catch", text_of(SIGCONT)}, {.sandbox = {"--init"}});
        running.expect("ready\n");
        running.send(number);
        EXPECT_EQ(running.wait().exit_status, 128 + number);
    }
}

TEST_F(ProcessSignal, SleepEndsAtOnce) {
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        Running running = start_inside({"sleep", "100"});
        ASSERT_GT(await_descendant(running.pid(), "sleep").pid, 0);
        running.send(number);
        EXPECT_EQ(running.wait().exit_status, 128 + number);
    }
}

TEST_F(ProcessSignal, WhatTheDefaultActionIgnoresEndsNothing) {
    Running running = start_inside({probe("signals"), "catch", text_of(SIGUSR1)});
    running.expect("ready\n");
    for (const int number : {SIGURG, SIGWINCH, SIGCONT, SIGCHLD}) {
        running.send(number);
    }
    running.send(SIGUSR1);
    const Result result = running.wait();
    EXPECT_EQ(result.exit_status, 42) << result;
    EXPECT_EQ(result.out, "ready\ncaught 10\n");
}

void expect_unharmed(const std::string& how, const std::vector<int>& numbers, const std::vector<std::string>& options) {
    std::vector<std::string> command{probe("signals"), how};
    for (const int number : numbers) {
        command.push_back(text_of(number));
    }
    Running running = start_inside(command, {.sandbox = options, .keep_input_open = true});
    running.expect("ready\n");
    for (const int number : numbers) {
        running.send(number);
    }
    // By now the launcher has at least been interrupted by each; the lines go round through the command.
    running.write("one\n");
    running.expect("line\n");
    running.write("two\n");
    running.expect("line\n");
    running.close_input();
    EXPECT_EQ(running.wait().exit_status, 43);
}

TEST_F(ProcessSignal, ASignalThatTheCommandIgnoresIsNotEmulated) {
    expect_unharmed("ignore", deadly_signals(), {});
}

TEST_F(ProcessSignal, ASignalThatTheCommandBlocksIsNotEmulated) {
    expect_unharmed("block", deadly_signals(), {});
}

TEST_F(ProcessSignal, ASignalThatTheCommandIgnoresBesideInitDoesNothing) {
    expect_unharmed("ignore", deadly_signals(), {"--init"});
}

TEST_F(ProcessSignal, AShellRunsItsTrap) {
    Running running = start_inside({"sh", "-c", "trap 'echo trapped; exit 7' TERM; echo ready; read line"},
                                   {.keep_input_open = true});
    running.expect("ready\n");
    running.send(SIGTERM);
    const Result result = running.wait();
    EXPECT_EQ(result.exit_status, 7) << result;
    EXPECT_EQ(result.out, "ready\ntrapped\n");
}

void expect_stop_and_continue(int number, const std::vector<std::string>& options) {
    Running running =
        start_inside({probe("signals"), "catch", text_of(SIGUSR1)}, {.sandbox = options, .before_exec = as_a_job});
    running.expect("ready\n");
    const ProcessState command = await_descendant(running.pid(), "signals");
    running.send(number);
    EXPECT_TRUE(await_state(command.pid, "T")) << number;
    EXPECT_TRUE(await_state(running.pid(), "T")) << number;
    running.send(SIGCONT);
    running.send(SIGUSR1);
    EXPECT_EQ(running.wait().exit_status, 42) << number;
}

TEST_F(ProcessSignal, AStopStopsTheCommandAndSandboxAndCanBeContinued) {
    for (const int number : {SIGTSTP, SIGTTIN, SIGTTOU}) {
        expect_stop_and_continue(number, {});
    }
}

TEST_F(ProcessSignal, AStopStopsTheCommandBesideInitAndCanBeContinued) {
    for (const int number : {SIGTSTP, SIGTTIN, SIGTTOU}) {
        expect_stop_and_continue(number, {"--init"});
    }
}

TEST_F(ProcessSignal, AStoppedSandboxCanBeEnded) {
    Running running = start_inside({"sleep", "100"}, {.before_exec = as_a_job});
    const ProcessState command = await_descendant(running.pid(), "sleep");
    running.send(SIGTSTP);
    ASSERT_TRUE(await_state(command.pid, "T"));
    ASSERT_TRUE(await_state(running.pid(), "T"));
    running.send(SIGTERM);
    running.send(SIGCONT);
    EXPECT_EQ(running.wait().exit_status, 128 + SIGTERM);
}

TEST_F(ProcessSignal, SignalsOfTheCommandDoNotReachItsCallersProcessGroup) {
    // The outer shell leads a process group of which sandbox is a member.
    for (const char* target : {"0", "-1"}) {
        for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}}) {
            std::string script;
            for (const std::string& word : sandbox_command({probe("pester"), target, "signals"}, options)) {
                script += "'" + word + "' ";
            }
            const Result result = run({"sh", "-c", script + "; echo after"}, {.before_exec = as_a_job});
            EXPECT_EQ(result.signal, 0) << target << "\n" << result;
            EXPECT_EQ(result.exit_status, 0) << target << "\n" << result;
            EXPECT_NE(result.out.find("after\n"), std::string::npos) << target << "\n" << result;
        }
    }
}

}  // namespace
}  // namespace sandbox_test
