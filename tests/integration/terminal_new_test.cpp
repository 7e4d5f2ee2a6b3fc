// --tty new: the command has a terminal of its own, and the caller's behaves as if it were the command's.
#include <csignal>

#include <sys/stat.h>

#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"

namespace sandbox_test {
namespace {

using TerminalNew = SandboxTest;

constexpr const char* control_c = "\x03";
constexpr const char* control_d = "\x04";
constexpr const char* control_backslash = "\x1c";
constexpr const char* control_z = "\x1a";

bool is_raw(const Terminal& terminal) {
    return (terminal.modes().c_lflag & static_cast<tcflag_t>(ICANON | ECHO | ISIG)) == 0;
}
void await_raw(const Terminal& terminal) {
    wait_until([&] { return is_raw(terminal); }, "the caller's terminal in raw mode");
}

// Types the line and waits until `program` runs inside. Its pid.
pid_t start_job(HostShell& shell, const std::string& line, const std::string& program) {
    shell.run(line);
    return await_descendant(shell.pid(), program).pid;
}

TEST_F(TerminalNew, ItHasANameAndIsTheControllingOne) {
    for (const char* options : {"", "--init ", "--landlock none ", "--uid 1000 ", "--share pid "}) {
        HostShell shell;
        shell.run(
            std::string("$SANDBOX --tty new ") + options +
            "-- sh -c 'tty; test -t 1 && test -t 2 && echo b''oth; echo t''hrough > /dev/tty; echo /dev/pts/*; ls "
            "/dev/console; echo over''.'");
        shell.expect("\n/dev/pts/0\r\n");
        shell.expect("both\r\n");
        shell.expect("through\r\n");
        shell.expect("/dev/pts/0 /dev/pts/ptmx\r\n");
        shell.expect("No such file");
        shell.expect("over.");
        shell.expect_prompt();
        EXPECT_EQ(shell.last_status(), 0) << options;
    }
}

TEST_F(TerminalNew, WithTheHostsTreeItIsOneOfTheHosts) {
    HostShell shell;
    shell.run("$SANDBOX --tty new --only pid -- sh -c 'tty; echo t''hrough > /dev/tty'");
    shell.expect("\n/dev/pts/");
    shell.expect("through\r\n");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

TEST_F(TerminalNew, TheCallersIsNoDescriptorOfAnybodyInside) {
    HostShell shell;
    struct stat outer {};
    ASSERT_EQ(stat(("/proc/" + std::to_string(shell.pid()) + "/fd/0").c_str(), &outer), 0);
    for (const char* redirection : {"", "</dev/null", ">/dev/null", "2>&1 </dev/null"}) {
        const pid_t sleep = start_job(shell, std::string("$SANDBOX --tty new -- sleep 100 ") + redirection, "sleep");
        await_raw(shell);
        for (int fd = 0; fd <= 2; ++fd) {
            struct stat inner {};
            ASSERT_EQ(stat(("/proc/" + std::to_string(sleep) + "/fd/" + std::to_string(fd)).c_str(), &inner), 0);
            EXPECT_FALSE(inner.st_dev == outer.st_dev && inner.st_ino == outer.st_ino) << fd << redirection;
        }
        shell.type(control_c);
        shell.expect_prompt();
    }
}

TEST_F(TerminalNew, TheWindowSizeIsTheCallersAndFollowsIt) {
    for (const char* options : {"", "--init "}) {
        HostShell shell;
        shell.resize({.rows = 33, .columns = 111});
        shell.run(std::string("$SANDBOX --tty new ") + options +
                  "--ro $PROBES -- sh -c \"stty size; $PROBES/signals catch 28; stty size\"");
        shell.expect("33 111\r\n");
        shell.expect("ready\r\n");
        shell.resize({.rows = 44, .columns = 122});
        shell.expect("caught 28\r\n");
        shell.expect("44 122\r\n");
        shell.expect_prompt();
    }
}

TEST_F(TerminalNew, KeysThatMakeSignals) {
    for (const char* options : {"", "--init ", "--share pid "}) {
        HostShell shell;
        start_job(shell, std::string("$SANDBOX --tty new ") + options + "-- sleep 100", "sleep");
        await_raw(shell);
        shell.type(control_c);
        shell.expect_prompt();
        EXPECT_EQ(shell.last_status(), 128 + SIGINT) << options;
        HostShell another;
        start_job(another, std::string("ulimit -c 0; $SANDBOX --tty new ") + options + "-- sleep 100", "sleep");
        await_raw(another);
        another.type(control_backslash);
        another.expect_prompt();
        EXPECT_EQ(another.last_status(), 128 + SIGQUIT) << options;
    }
}

TEST_F(TerminalNew, ACommandThatCatchesControlCHearsItOnce) {
    HostShell shell;
    shell.run("$SANDBOX --tty new --ro $PROBES -- $PROBES/signals catch 2 2");
    shell.expect("ready\r\n");
    await_raw(shell);
    shell.type(control_c);
    shell.expect("caught 2\r\n");
    shell.type(control_c);
    shell.expect("caught 2\r\n");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 42);
}

TEST_F(TerminalNew, ControlZStopsAndFgContinues) {
    for (const char* options : {"", "--init ", "--share pid "}) {
        HostShell shell;
        const pid_t cat = start_job(shell, std::string("$SANDBOX --tty new ") + options + "-- cat", "cat");
        await_raw(shell);
        for (int times = 0; times < 2; ++times) {
            shell.type("one\n");
            shell.expect("one\r\none\r\n");
            shell.type(control_z);
            shell.expect("Stopped");
            shell.expect_prompt();
            EXPECT_TRUE(await_state(cat, "T")) << options;
            EXPECT_EQ(shell.foreground(), shell.pid());
            EXPECT_FALSE(is_raw(shell)) << options;
            shell.resize({.rows = 25, .columns = static_cast<unsigned short>(90 + times)});
            shell.run("fg");
            EXPECT_TRUE(await_state(cat, "SR")) << options;
            await_raw(shell);
        }
        shell.type(control_d);
        shell.expect_prompt();
        EXPECT_EQ(shell.last_status(), 0) << options;
    }
}

TEST_F(TerminalNew, AStoppedOneStaysStoppedByBgAndEndsByKill) {
    HostShell shell;
    const pid_t cat = start_job(shell, "$SANDBOX --tty new -- cat", "cat");
    await_raw(shell);
    shell.type(control_z);
    shell.expect("Stopped");
    shell.expect_prompt();
    shell.run("bg; wait %1; echo waited=$?.");
    shell.expect("waited=" + std::to_string(128 + SIGTTIN) + ".");
    shell.expect_prompt();
    const pid_t launcher = children_of(shell.pid()).at(0).pid;
    EXPECT_TRUE(await_state(launcher, "T"));
    EXPECT_TRUE(await_state(cat, "T"));
    EXPECT_FALSE(is_raw(shell));
    shell.run("kill %1");
    wait_until([&] { return descendants_of(shell.pid()).empty(); }, "the end of the sandbox");
    // Said before a prompt: the next one, if not the last, behind which nobody could wait for it any more.
    shell.run("");
    shell.expect("Exit 143");
}

TEST_F(TerminalNew, StartedInTheBackgroundItWaitsForTheForeground) {
    HostShell shell;
    shell.run("$SANDBOX --tty new -- cat &");
    shell.expect_prompt();
    wait_until([&] { return children_of(shell.pid()).size() == 1; }, "the launcher");
    EXPECT_TRUE(await_state(children_of(shell.pid()).at(0).pid, "T"));
    EXPECT_FALSE(is_raw(shell));
    shell.run("fg");
    await_raw(shell);
    shell.type("text\n");
    shell.expect("text\r\ntext\r\n");
    shell.type(control_d);
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

TEST_F(TerminalNew, InTheBackgroundWithoutAKeyboardItRuns) {
    HostShell shell;
    shell.run("$SANDBOX --tty new -- sh -c 'tty <&1; echo d''one' </dev/null & wait");
    shell.expect("/dev/pts/0\r");
    shell.expect("done\r");
    shell.expect_prompt();
    EXPECT_FALSE(is_raw(shell));
}

TEST_F(TerminalNew, RawModeComesBackAfterAStopThatNobodyCanCatch) {
    HostShell shell;
    start_job(shell, "$SANDBOX --tty new -- cat", "cat");
    await_raw(shell);
    const pid_t launcher = children_of(shell.pid()).at(0).pid;
    kill(launcher, SIGSTOP);
    shell.expect("Stopped");
    shell.expect_prompt();
    wait_until([&] { return !is_raw(shell); }, "the shell's modes");
    shell.run("fg");
    await_raw(shell);
    shell.type("text\n");
    shell.expect("text\r\ntext\r\n");
    shell.type(control_d);
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

// The shell that starts sandbox does not repair the terminal itself, as an interactive one would.
std::string script_around(const std::string& options, const std::string& command) {
    return "$SANDBOX --tty new " + options + " -- " + command + "; echo status=$?.; exec cat";
}

void expect_restored(Terminal& terminal, const std::string& before, const std::string& status) {
    terminal.expect("status=" + status + ".\r\n");  // what is typed before that would be echoed in front of it
    EXPECT_EQ(describe(terminal.modes()), before);
    terminal.type("text\n");
    terminal.expect("text\r\ntext\r\n");
    terminal.type(control_d);
    EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(TerminalNew, TheCallersIsAsBeforeHoweverTheCommandEnds) {
    const std::vector<std::vector<std::string>> endings{
        {"", "true", "0"},
        {"", "sh -c 'stty raw -echo; exit 3'", "3"},
        {"", "/no/such/program", "127"},
        {"--init", "sh -c 'kill -9 $$'", "137"},
        {"--init", "sh -c 'stty -isig; kill -SEGV $$'", "139"},
        {"--cwd /no/such/directory", "true", "125"},
    };
    for (const std::vector<std::string>& ending : endings) {
        Terminal terminal({"sh", "-c", "echo read''y; read line; " + script_around(ending[0], ending[1])},
                          {{"SANDBOX", sandbox_binary()}});
        terminal.expect("ready");
        const std::string before = describe(terminal.modes());
        terminal.type("\n");
        expect_restored(terminal, before, ending[2]);
    }
}

// Starts a command that waits, and calls `end` with the launcher.
void expect_restored_after(const std::function<void(pid_t)>& end, const std::string& status) {
    Terminal terminal({"sh", "-c", "read line; " + script_around("", "sh -c 'echo read\"\"y; exec sleep 100'")},
                      {{"SANDBOX", sandbox_binary()}});
    const std::string before = describe(terminal.modes());
    terminal.type("\n");
    terminal.expect("ready");
    await_raw(terminal);
    const std::vector<ProcessState> launchers = children_of(terminal.pid());
    ASSERT_EQ(launchers.size(), 1U);
    // Until then it is the shell's: dash catches SIGINT, and cannot die of it as process 1.
    await_descendant(launchers[0].pid, "sleep");
    end(launchers[0].pid);
    expect_restored(terminal, before, status);
}

TEST_F(TerminalNew, TheCallersIsAsBeforeAfterASignal) {
    for (const int signal : {SIGTERM, SIGHUP, SIGINT, SIGUSR1}) {
        expect_restored_after([signal](pid_t launcher) { kill(launcher, signal); }, std::to_string(128 + signal));
    }
}

TEST_F(TerminalNew, TheCallersIsAsBeforeAfterTheDeathOfCommandOrInit) {
    const auto child = [](pid_t process) { return children_of(process).at(0).pid; };
    expect_restored_after([&](pid_t launcher) { kill(child(launcher), SIGKILL); }, "125");
    expect_restored_after([&](pid_t launcher) { kill(await_descendant(launcher, "sleep").pid, SIGKILL); }, "137");
}

TEST_F(TerminalNew, AllOfTheOutputIsShown) {
    HostShell shell;
    for (const char* options : {"", "--init "}) {
        shell.run(std::string("$SANDBOX --tty new ") + options + "-- seq -f 'line%.0f.' 1 30000; echo over''.");
        const std::string shown = shell.expect("over.");
        const std::size_t start = shown.find("line1.");
        ASSERT_NE(start, std::string::npos);
        std::string expected;
        for (int line = 1; line <= 30000; ++line) {
            expected += "line" + std::to_string(line) + ".\r\n";
        }
        EXPECT_TRUE(shown.compare(start, expected.size(), expected) == 0);
        shell.expect_prompt();
    }
}

TEST_F(TerminalNew, AllOfTheInputArrives) {
    HostShell shell;
    start_job(shell, "$SANDBOX --tty new -- sh -c 'stty -echo; echo r''eady; cksum'", "sh");
    shell.expect("ready");
    await_raw(shell);
    std::string text;
    for (int line = 1; line <= 5000; ++line) {
        text += "line " + std::to_string(line) + "\n";
    }
    shell.type(text + control_d);
    shell.expect(" " + std::to_string(text.size()) + "\r\n");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

TEST_F(TerminalNew, AFileOrAPipeStaysWhatItIs) {
    write_file(directory() / "file", "from the file\n");
    HostShell shell;
    shell.run("$SANDBOX --tty new -- sh -c 'cat; tty <&1; test -t 0 || echo not''-0' <" + (directory() / "file"));
    shell.expect("from the file\r\n");
    shell.expect("/dev/pts/0\r\n");
    shell.expect("not-0\r\n");
    shell.expect_prompt();
    // What goes through the terminal and what goes through the pipe come in any order.
    shell.run("$SANDBOX --tty new -- sh -c 'tty >&2; tty <&2 >&2; echo x' | sed s/x/from''-inside/; echo over''.");
    const std::string shown = shell.expect("over.");
    EXPECT_NE(shown.find("from-inside"), std::string::npos) << shown;
    EXPECT_NE(shown.find("/dev/pts/0\r\n", shown.find("/dev/pts/0\r\n") + 1), std::string::npos) << shown;
    shell.expect_prompt();
    shell.run("echo x | $SANDBOX --tty new -- sh -c 'sed s/x/from''-outside/; read key </dev/tty; echo got=$key.'");
    shell.expect("from-outside");
    shell.type("key\n");
    shell.expect("got=key.");
    shell.expect_prompt();
}

TEST_F(TerminalNew, APromptOnTheTerminalWorksWhenTheStreamsAreElsewhere) {
    HostShell shell;
    shell.run(
        "$SANDBOX --tty new -- sh -c 'printf \"Your %s? \" name > /dev/tty; read n < /dev/tty; echo \"hi-$n\" "
        "> /dev/tty' < /dev/null > /dev/null 2>&1");
    shell.expect("Your name? ");
    shell.type("Ada\n");
    shell.expect("hi-Ada");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

// As in `sandbox -- git log | less`: the pager reads the keyboard, key by key, while the sandbox still runs.
TEST_F(TerminalNew, APagerBesideItGetsTheKeys) {
    HostShell shell;
    shell.run(
        "$SANDBOX --tty new -- sh -c 'echo line; exec sleep 100' | bash -c 'read a; stty raw isig -echo </dev/tty; "
        "echo "
        "pa''ger; for i in 1 2 3 4 5 6 7 8; do read -N 1 b </dev/tty; echo got=$b.; done; stty sane </dev/tty'");
    shell.expect("pager");
    await_descendant(shell.pid(), "sleep");
    for (const char* key : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
        shell.type(key);
        shell.expect("got=" + std::string(key) + ".");
    }
    shell.type(control_c);
    shell.expect_prompt();
}

TEST_F(TerminalNew, LinesReachACommandWhoseOutputGoesThroughAPipe) {
    HostShell shell;
    shell.run("$SANDBOX --tty new -- sh -c 'read a; echo got-$a; cat' | cat");
    await_descendant(shell.pid(), "sh");
    shell.type("x\n");
    shell.expect("got-x\r\n");
    shell.type("y\n");
    shell.expect("y\r\ny\r\n");
    shell.type(control_d);
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
    shell.run("$SANDBOX --tty new -- sleep 100 | cat");
    await_descendant(shell.pid(), "sleep");
    shell.type(control_z);
    shell.expect("Stopped");
    shell.expect_prompt();
    shell.run("fg");
    shell.await_foreground_other_than(shell.pid());
    shell.type(control_c);
    shell.expect_prompt();
    EXPECT_TRUE(descendants_of(shell.pid()).empty());
}

TEST_F(TerminalNew, ShellsHaveJobControlInside) {
    for (const std::vector<std::string>& shell :
         {std::vector<std::string>{"sh"}, {"bash", "--norc", "--noprofile", "--noediting", "-i"}}) {
        for (const std::vector<std::string>& options :
             {std::vector<std::string>{"--tty", "new"}, {"--tty", "new", "--init"}}) {
            Terminal terminal(sandbox_command(shell, options));
            terminal.expect("# ");
            await_raw(terminal);
            terminal.type("sleep 100\n");
            await_descendant(terminal.pid(), "sleep");
            terminal.type(control_z);
            terminal.expect("Stopped");
            terminal.expect("# ");
            terminal.type("fg\n");
            terminal.expect("sleep 100");
            terminal.expect("\n");
            EXPECT_TRUE(await_state(await_descendant(terminal.pid(), "sleep").pid, "S"));
            terminal.type(control_c);
            terminal.expect("# ");
            terminal.type("echo status=$?.\n");
            terminal.expect("status=130.");
            terminal.type("exit 6\n");
            EXPECT_EQ(terminal.wait(), 6);
            EXPECT_EQ(terminal.shown().find("job control"), std::string::npos) << terminal.shown();
        }
    }
}

TEST_F(TerminalNew, HangingUpEndsIt) {
    {
        Terminal terminal(sandbox_command({probe("orphans"), "hold", "3"}, {"--tty", "new"}));
        terminal.expect("up");
        await_raw(terminal);
        EXPECT_EQ(kill(terminal.pid(), 0), 0);
    }
    expect_nothing_left();
}

TEST_F(TerminalNew, TheTerminalCanBeClosedAndOpenedAgain) {
    HostShell shell;
    shell.run("$SANDBOX --tty new -- sh -c 'exec </dev/null >/dev/null 2>&1; sleep 0; echo a''gain >/dev/tty'");
    shell.expect("again");
    shell.expect_prompt();
}

TEST_F(TerminalNew, WithoutATerminalThereIsNone) {
    const Result result = inside_shell("if true </dev/tty; then echo one; else echo none; fi; ls /dev/pts",
                                       {.sandbox = {"--tty", "new"}});
    EXPECT_EQ(result.out, "none\nptmx\n") << result;
    EXPECT_EQ(result.exit_status, 0);
    const Result explained = run({sandbox_binary(), "--tty", "new", "--explain", "--", "true"});
    EXPECT_NE(explained.out.find("terminal: the caller has none, so the command has none"), std::string::npos)
        << explained.out;
}

TEST_F(TerminalNew, ItsMakingIsExplainedAndTimed) {
    HostShell shell;
    shell.run("$SANDBOX --tty new --explain -- true </dev/null | grep terminal");
    shell.expect("terminal: a new one, relayed to the caller's; descriptors on it: 2\r\n");
    shell.expect("in the foreground of its own terminal\r\n");
    shell.run("$SANDBOX --tty new --verbose -- true");
    shell.expect("new/shared");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 0);
}

}  // namespace
}  // namespace sandbox_test
