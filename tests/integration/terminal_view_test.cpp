// At a terminal: what the command sees of it, what it may do to it, and that it is as before afterwards.
#include <csignal>

#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"

namespace sandbox_test {
namespace {

using TerminalView = SandboxTest;

TEST_F(TerminalView, TheWindowSizeIsTheCallers) {
    HostShell shell;
    shell.resize({.rows = 33, .columns = 111});
    shell.run("$SANDBOX -- stty size");
    shell.expect("33 111");
    shell.expect_prompt();
}

TEST_F(TerminalView, ANewWindowSizeIsSeenAndAnnounced) {
    for (const std::string& options : {std::string(), std::string("--init ")}) {
        HostShell shell;
        shell.run("$SANDBOX " + options + "--ro $PROBES -- sh -c \"$PROBES/signals catch 28; stty size\"");
        shell.expect("ready\r\n");
        shell.resize({.rows = 44, .columns = 122});
        shell.expect("caught 28\r\n");
        shell.expect("44 122");
        shell.expect_prompt();
    }
}

TEST_F(TerminalView, TheOutputOfTheCommandIsShown) {
    HostShell shell;
    shell.run("$SANDBOX -- echo hello''-world");
    shell.expect("hello-world\r\n");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

TEST_F(TerminalView, StreamsCanBeOpenedByName) {
    for (const std::string& use : {std::string("auto"), std::string("none")}) {
        HostShell shell;
        // Root's terminal is opened again by root alone.
        shell.run("$SANDBOX --map-users real --landlock " + use +
                  " -- sh -c 'echo o''ne > /dev/stdout && echo t''wo > /dev/stderr && echo th''ree | tee /dev/stderr'");
        shell.expect("one\r\n");
        shell.expect("two\r\n");
        shell.expect("three\r\nthree\r\n");
        shell.expect_prompt();
        EXPECT_EQ(shell.last_status(), 0);
    }
}

TEST_F(TerminalView, APromptOnTheTerminalWorksWhenTheStreamsAreElsewhere) {
    for (const std::string& use : {std::string("auto"), std::string("none")}) {
        HostShell shell;
        shell.run("$SANDBOX --landlock " + use +
                  " -- sh -c 'printf \"Your %s? \" name > /dev/tty; read n < /dev/tty; echo \"hi-$n\" > /dev/tty'"
                  " < /dev/null > /dev/null 2>&1");
        shell.expect("Your name? ");
        shell.type("Ada\n");
        shell.expect("hi-Ada");
        shell.expect_prompt();
        EXPECT_EQ(shell.last_status(), 0);
    }
}

TEST_F(TerminalView, TheTerminalHasANameInside) {
    HostShell shell;
    shell.run("$SANDBOX -- sh -c 'test -t 0 && test -t 1 && test -t 2 && echo all''-three'");
    shell.expect("all-three");
    shell.expect_prompt();
}

TEST_F(TerminalView, ASandboxAtTheStartOfAPipeline) {
    HostShell shell;
    shell.run("$SANDBOX -- echo x | sed s/x/from''-inside/");
    shell.expect("from-inside");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
    EXPECT_EQ(shell.foreground(), shell.pid());
}

TEST_F(TerminalView, ASandboxAtTheEndOfAPipeline) {
    HostShell shell;
    shell.run("echo x | $SANDBOX -- sed s/x/from''-outside/");
    shell.expect("from-outside");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

TEST_F(TerminalView, TwoSandboxesInAPipeline) {
    HostShell shell;
    shell.run("$SANDBOX -- echo x | $SANDBOX -- sed s/x/from''-the-other/");
    shell.expect("from-the-other");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

TEST_F(TerminalView, ControlCEndsAWholePipeline) {
    HostShell shell;
    shell.run("$SANDBOX -- sleep 100 | sleep 200");
    await_descendant(shell.pid(), "sleep");
    wait_until(
        [&] {
            int sleepers = 0;
            for (const ProcessState& process : descendants_of(shell.pid())) {
                sleepers += process.name == "sleep" ? 1 : 0;
            }
            return sleepers == 2;
        },
        "two sleeping programs");
    shell.type("\x03");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 128 + SIGINT);
    EXPECT_TRUE(descendants_of(shell.pid()).empty());
}

// As in `sandbox -- git log | less`: the other end of the pipe reads the keyboard while the sandbox still runs.
TEST_F(TerminalView, APagerBesideASandboxReadsTheKeyboard) {
    HostShell shell;
    shell.run(
        "$SANDBOX -- sh -c 'echo line; exec sleep 100' | sh -c 'read a; echo pa''ger; read b < /dev/tty; echo "
        "got=$b.'");
    shell.expect("pager");
    await_descendant(shell.pid(), "sleep");
    shell.type("key\n");
    shell.expect("got=key.");
    shell.type("\x03");
    shell.expect_prompt();
}

// It ends before the pager does, which has set modes of its own.
TEST_F(TerminalView, TheEndOfASandboxLeavesTheModesOfAPagerAlone) {
    const std::string fifo = directory() / "fifo";
    for (const std::string& options : {std::string(), std::string("--init "), std::string("--tty new ")}) {
        HostShell shell;
        shell.run("mkfifo -m 666 " + fifo + "; $SANDBOX " + options + "--rw " + directory().path() +
                  " -- sh -c 'read a <" + fifo + "' | bash -c 'stty -icanon -echo </dev/tty; echo >" + fifo +
                  "; cat; stty -a </dev/tty | grep -Eo -e \".icanon|.echo \" | tr -d \"\\n\"; stty sane </dev/tty; "
                  "echo over''.'; rm " +
                  fifo);
        EXPECT_NE(shell.expect("over.").find("-icanon-echo over."), std::string::npos) << shell.shown();
        shell.expect_prompt();
    }
}

// The shell that starts sandbox does not repair the terminal itself, as an interactive one would.
void expect_terminal_restored_after(const std::string& command, const std::string& options = "") {
    Terminal terminal(
        {"sh", "-c", "echo read''y; read line; $SANDBOX " + options + " -- " + command + "; echo status=$?.; exec cat"},
        {{"SANDBOX", sandbox_binary()}});
    terminal.expect("ready");
    const std::string before = describe(terminal.modes());
    const pid_t group = terminal.foreground();
    terminal.type("\n");
    terminal.expect("status=");
    terminal.expect(".\r\n");  // what is typed before that would be echoed in front of it
    EXPECT_EQ(describe(terminal.modes()), before) << command;
    EXPECT_EQ(terminal.foreground(), group) << command;
    // And it is one that can be typed at.
    terminal.type("text\n");
    terminal.expect("text\r\ntext\r\n");
    terminal.type("\x04");
    EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(TerminalView, TheTerminalIsAsBeforeAfterAnOrdinaryCommand) {
    expect_terminal_restored_after("true");
}

TEST_F(TerminalView, TheTerminalIsAsBeforeAfterACommandThatSetsRawModeAndExits) {
    expect_terminal_restored_after("sh -c 'stty raw -echo; exit 3'");
}

TEST_F(TerminalView, TheTerminalIsAsBeforeAfterACommandThatSetsRawModeAndIsKilled) {
    expect_terminal_restored_after("sh -c 'stty raw -echo; kill -9 $$'", "--init");
    expect_terminal_restored_after("sh -c 'stty raw -echo -isig; kill -SEGV $$'", "--init");
}

TEST_F(TerminalView, TheTerminalIsAsBeforeAfterACommandThatTakesTheForeground) {
    expect_terminal_restored_after("bash --norc --noprofile -ic 'sleep 0; stty raw -echo; exit 3'");
}

// Begins only when the test has seen the terminal as it is before.
const std::string sets_raw_mode_and_sleeps =
    "read line; $SANDBOX -- sh -c 'stty raw -echo; echo read\"\"y; exec sleep 100'; echo status=$?.; exec cat";

TEST_F(TerminalView, TheTerminalIsAsBeforeAfterALauncherThatIsTerminated) {
    Terminal terminal({"sh", "-c", sets_raw_mode_and_sleeps}, {{"SANDBOX", sandbox_binary()}});
    const std::string before = describe(terminal.modes());
    terminal.type("\n");
    terminal.expect("ready");
    EXPECT_NE(describe(terminal.modes()), before);
    const std::vector<ProcessState> launchers = children_of(terminal.pid());
    ASSERT_EQ(launchers.size(), 1U);
    kill(launchers[0].pid, SIGTERM);
    terminal.expect("status=143.");
    EXPECT_EQ(describe(terminal.modes()), before);
}

TEST_F(TerminalView, TheTerminalIsAsBeforeAfterInitIsKilled) {
    Terminal terminal({"sh", "-c", sets_raw_mode_and_sleeps}, {{"SANDBOX", sandbox_binary()}});
    const std::string before = describe(terminal.modes());
    terminal.type("\n");
    terminal.expect("ready");
    const std::vector<ProcessState> launchers = children_of(terminal.pid());
    ASSERT_EQ(launchers.size(), 1U);
    const std::vector<ProcessState> inits = children_of(launchers[0].pid);
    ASSERT_EQ(inits.size(), 1U);
    kill(inits[0].pid, SIGKILL);
    terminal.expect("status=125.");
    EXPECT_EQ(describe(terminal.modes()), before);
}

TEST_F(TerminalView, ANewSessionHasNoControllingTerminal) {
    HostShell shell;
    shell.run("$SANDBOX --new-session -- sh -c 'if true < /dev/tty; then echo has''-one; else echo has''-none; fi'");
    shell.expect("has-none");
    shell.expect_prompt();
    EXPECT_EQ(shell.shown().find("has-one"), std::string::npos);
}

TEST_F(TerminalView, ANewSessionCannotTakeTheTerminal) {
    HostShell shell;
    shell.run(
        "$SANDBOX --new-session -- sh -c 'setsid -c sh -c \"true < /dev/tty\" && echo has''-one || echo has''-none'");
    shell.expect("has-none");
    shell.expect_prompt();
}

TEST_F(TerminalView, ATerminalCanBeMadeInside) {
    HostShell shell;
    shell.run("$SANDBOX -- script -qec 'tty; stty size' /tmp/typescript; echo over''.");
    const std::string shown = shell.expect("over.");
    EXPECT_NE(shown.find("/dev/pts/0"), std::string::npos) << shown;
}

}  // namespace
}  // namespace sandbox_test
