// At a terminal: the person's shell, outside, can interrupt, stop and continue a sandbox as any other program.
#include <csignal>

#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"

namespace sandbox_test {
namespace {

using TerminalJobControl = SandboxTest;

constexpr char control_c = '\x03';
constexpr char control_d = '\x04';
constexpr char control_backslash = '\x1c';
constexpr char control_z = '\x1a';

std::string key(char code) {
    return std::string(1, code);
}

// Types the line and waits until `program` runs inside. Its pid.
pid_t start_job(HostShell& shell, const std::string& line, const std::string& program) {
    shell.run(line);
    return await_descendant(shell.pid(), program).pid;
}

TEST_F(TerminalJobControl, ControlCEndsASleepWith130) {
    for (const char* options : {"", "--init ", "--landlock none "}) {
        HostShell shell;
        start_job(shell, std::string("$SANDBOX ") + options + "-- sleep 100", "sleep");
        shell.type(key(control_c));
        shell.expect_prompt();
        EXPECT_EQ(shell.last_status(), 128 + SIGINT) << options;
    }
}

TEST_F(TerminalJobControl, ControlBackslashEndsASleepWith131) {
    HostShell shell;
    start_job(shell, "ulimit -c 0; $SANDBOX -- sleep 100", "sleep");
    shell.type(key(control_backslash));
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 128 + SIGQUIT);
}

TEST_F(TerminalJobControl, ControlZStopsASleepAndFgContinuesIt) {
    for (const char* options : {"", "--init "}) {
        HostShell shell;
        const pid_t sleep = start_job(shell, std::string("$SANDBOX ") + options + "-- sleep 100", "sleep");
        for (int times = 0; times < 3; ++times) {
            shell.type(key(control_z));
            shell.expect("Stopped");
            shell.expect_prompt();
            EXPECT_TRUE(await_state(sleep, "T")) << options;
            EXPECT_EQ(shell.foreground(), shell.pid());
            shell.run("fg");
            EXPECT_TRUE(await_state(sleep, "SR")) << options;
            shell.await_foreground_other_than(shell.pid());
        }
        shell.type(key(control_c));
        shell.expect_prompt();
        EXPECT_EQ(shell.last_status(), 128 + SIGINT) << options;
    }
}

TEST_F(TerminalJobControl, ControlZStopsCatAndFgLetsItReadOn) {
    HostShell shell;
    const pid_t cat = start_job(shell, "$SANDBOX -- cat", "cat");
    shell.type("one\n");
    shell.expect("one\r\none\r\n");
    shell.type(key(control_z));
    shell.expect("Stopped");
    shell.expect_prompt();
    EXPECT_TRUE(await_state(cat, "T"));
    shell.run("fg");
    EXPECT_TRUE(await_state(cat, "SR"));
    shell.await_foreground_other_than(shell.pid());
    shell.type("two\n");
    shell.expect("two\r\ntwo\r\n");
    shell.type(key(control_d));
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

TEST_F(TerminalJobControl, BgContinuesAStoppedSandbox) {
    HostShell shell;
    const pid_t sleep = start_job(shell, "$SANDBOX -- sleep 100", "sleep");
    shell.type(key(control_z));
    shell.expect("Stopped");
    shell.expect_prompt();
    EXPECT_TRUE(await_state(sleep, "T"));
    shell.run("bg");
    EXPECT_TRUE(await_state(sleep, "S"));
    EXPECT_EQ(shell.foreground(), shell.pid());
    shell.run("kill %1; wait %1");
    shell.expect("Exit 143");
}

TEST_F(TerminalJobControl, ASandboxInTheBackgroundLeavesTheTerminalToTheShell) {
    HostShell shell;
    start_job(shell, "$SANDBOX -- sleep 100 &", "sleep");
    EXPECT_EQ(shell.foreground(), shell.pid());
    shell.expect_prompt();
    shell.run("echo here''-i-am");
    shell.expect("here-i-am");
    shell.run("kill %1; wait %1; echo status=$?.");
    shell.expect("status=143.");
}

TEST_F(TerminalJobControl, ASandboxInTheBackgroundThatReadsIsStoppedUntilFg) {
    HostShell shell;
    const pid_t cat = start_job(shell, "$SANDBOX -- cat &", "cat");
    EXPECT_TRUE(await_state(cat, "T"));
    // Only then does the shell know of it, too: the launcher stops itself last.
    EXPECT_TRUE(await_state(children_of(shell.pid()).at(0).pid, "T"));
    shell.expect_prompt();
    shell.run("fg");
    EXPECT_TRUE(await_state(cat, "S"));
    shell.type("text\n");
    shell.expect("text\r\ntext\r\n");
    shell.type(key(control_d));
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

TEST_F(TerminalJobControl, ControlCReachesACommandThatCatchesItOnce) {
    HostShell shell;
    // It ends after two: the second is typed, not a double of the first.
    shell.run("$SANDBOX --ro $PROBES -- $PROBES/signals catch 2 2");
    shell.expect("ready\r\n");
    shell.type(key(control_c));
    shell.expect("caught 2\r\n");
    shell.type(key(control_c));
    shell.expect("caught 2\r\n");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 42);
}

TEST_F(TerminalJobControl, ControlCAtAnInteractiveShellInsideDoesNotEndIt) {
    Terminal terminal({sandbox_binary(), "--", "sh"});
    terminal.expect("# ");
    terminal.type(key(control_c));
    terminal.expect("# ");
    terminal.type("echo still''-here\n");
    terminal.expect("still-here");
    terminal.type("exit 4\n");
    EXPECT_EQ(terminal.wait(), 4);
}

void expect_job_control_inside(const std::vector<std::string>& interactive_shell, std::vector<std::string> options) {
    options.insert(options.end(), {"--ro", given("SANDBOX_PROBES")});
    Terminal terminal(sandbox_command(interactive_shell, options));
    terminal.expect("# ");
    const pid_t shell_group = terminal.foreground();
    // It says when it is continued, which some shells do last, and would take back a ^Z typed before.
    const std::string job = probe("signals") + " catch " + std::to_string(SIGCONT) + " 64 63\n";
    const auto start_and_stop = [&] {
        terminal.type(job);
        terminal.expect("ready");
        EXPECT_NE(terminal.foreground(), shell_group);
        terminal.type(key(control_z));
        terminal.expect("Stopped");
        terminal.await_foreground(shell_group);
        terminal.expect("# ");
    };

    start_and_stop();
    terminal.type("bg\n");
    terminal.expect("caught");
    EXPECT_EQ(terminal.foreground(), shell_group);
    terminal.type("jobs\n");
    terminal.expect("Running");
    // One that runs is not continued by every shell; nothing takes a ^C back.
    terminal.expect("# ");
    terminal.type("fg\n");
    terminal.await_foreground_other_than(shell_group);
    terminal.type(key(control_c));
    terminal.await_foreground(shell_group);
    terminal.expect("# ");

    start_and_stop();
    terminal.type("fg\n");
    terminal.expect("caught");
    EXPECT_NE(terminal.foreground(), shell_group);
    terminal.type(key(control_c));
    terminal.await_foreground(shell_group);
    terminal.expect("# ");
    terminal.type("echo status=$?.\n");
    terminal.expect("status=130.");
    terminal.type("exit 6\n");
    EXPECT_EQ(terminal.wait(), 6);
    EXPECT_EQ(terminal.shown().find("job control"), std::string::npos) << terminal.shown();
}

TEST_F(TerminalJobControl, ShHasJobControlInside) {
    expect_job_control_inside({"sh"}, {});
}

TEST_F(TerminalJobControl, BashHasJobControlInside) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}}) {
        expect_job_control_inside({"bash", "--norc", "--noprofile", "--noediting", "-i"}, options);
    }
}

TEST_F(TerminalJobControl, WithoutACommandItIsAnInteractiveShell) {
    Terminal terminal({sandbox_binary()});
    terminal.expect("# ");
    terminal.type("echo pid=$$.\n");
    terminal.expect("pid=1.");
    terminal.type("exit 3\n");
    EXPECT_EQ(terminal.wait(), 3);
}

TEST_F(TerminalJobControl, AShellInsideAShellInsideTheHostShell) {
    HostShell shell;
    shell.run("$SANDBOX -- sh");
    shell.expect("# ");
    start_job(shell, "sleep 100", "sleep");
    shell.type(key(control_c));
    shell.expect("# ");
    shell.run("exit 5");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 5);
    EXPECT_EQ(shell.foreground(), shell.pid());
}

TEST_F(TerminalJobControl, HangingUpEndsTheSandbox) {
    {
        Terminal terminal(sandbox_command({probe("orphans"), "hold", "3"}));
        terminal.expect("up");
        EXPECT_EQ(kill(terminal.pid(), 0), 0);
    }
    expect_nothing_left();
}

}  // namespace
}  // namespace sandbox_test
