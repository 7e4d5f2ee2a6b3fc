// What a command may not do to terminals, under --tty inherit and --tty new: put keys into the caller's, change its
// line discipline, take it as its controlling one, open others of the host, drive it through the launcher's messages.
#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"

namespace sandbox_test {
namespace {

using TerminalAttacks = SandboxTest;

// Whether the kernel would let an ordinary program, or root, put input into its terminal is not what counts here.
TEST_F(TerminalAttacks, InputCannotBePutIntoTheTerminal) {
    for (const std::string& options :
         {std::string(), std::string("--init "), std::string("--landlock none "), std::string("--tty new "),
          std::string("--tty new --init "), std::string("--tty new --landlock none ")}) {
        HostShell shell;
        // Root opens its terminal again only as itself.
        shell.run("$SANDBOX --map-users real " + options + "--ro $PROBES -- $PROBES/terminal; echo over''.");
        const std::string shown = shell.expect("over.");
        for (const char* const path : {"stdin", "/dev/tty", "/proc/self/fd/0"}) {
            for (const char* const command : {"TIOCSTI", "TIOCSTI with high bits", "TIOCLINUX",
                                              "TIOCLINUX with high bits", "TIOCSETD", "TIOCSETD with high bits"}) {
                const std::string line = std::string(command) + " by " + path + ": EPERM\r\n";
                EXPECT_NE(shown.find(line), std::string::npos) << options << line << shown;
            }
            EXPECT_NE(shown.find(std::string("TIOCSCTTY by ") + path + ": EPERM\r\n"), std::string::npos)
                << options << shown;
        }
        EXPECT_EQ(shown.find("done"), std::string::npos) << options << shown;
        shell.expect_prompt();
        // Nothing stands before what is typed next.
        shell.run("echo clean''-line");
        EXPECT_EQ(shell.expect("clean-line").find('X'), std::string::npos);
    }
}

// By its number in the host's devpts; with a terminal of its own that number is another's.
TEST_F(TerminalAttacks, TheHostsTerminalsAreNotThere) {
    HostShell other;
    HostShell shell;
    for (const std::string& options : {std::string(), std::string("--tty new ")}) {
        shell.run("$SANDBOX " + options +
                  "-- sh -c 'ls /dev/pts; for n in 0 1 2 3 4 5 6 7 8 9; do test -e /dev/pts/$n "
                  "&& echo th''ere $n; done; echo over''.'");
        const std::string shown = shell.expect("over.");
        EXPECT_EQ(shown.find("there 0\r\n") != std::string::npos, !options.empty()) << shown;
        EXPECT_EQ(shown.find("there", shown.find("there 0") == std::string::npos ? 0 : shown.find("there 0") + 1),
                  std::string::npos)
            << shown;
        shell.expect_prompt();
    }
    other.run("echo un''disturbed");
    other.expect("undisturbed");
}

// Another session inside can neither take the terminal nor reach the caller's by /dev/tty.
TEST_F(TerminalAttacks, AnotherSessionHasNoTerminal) {
    for (const std::string& options : {std::string(), std::string("--tty new ")}) {
        HostShell shell;
        shell.run("$SANDBOX " + options +
                  "-- sh -c 'setsid -c -w sh -c \"true </dev/tty && echo h''as one\"; setsid -w sh -c \"true </dev/tty "
                  "&& echo h''as one\"; echo over''.'");
        const std::string shown = shell.expect("over.");
        EXPECT_EQ(shown.find("has one"), std::string::npos) << options << shown;
        EXPECT_NE(shown.find("No such device or address"), std::string::npos) << options << shown;
        shell.expect_prompt();
    }
}

TEST_F(TerminalAttacks, MessagesCarryNoEscapesFromFileNamesOrTheCommand) {
    const std::string evil = std::string("evil\x1b]0;title\x07\x9b") + "31m\u202e\n\r.";
    const std::string shown = "evil\\x1b]0;title\\x07";
    write_file(directory() / (evil + "file"), "#!/no/such\x1b[31minterpreter\n");
    const std::vector<std::vector<std::string>> command_lines{
        {"--ro", directory() / evil, "--", "true"},
        {"--rw", directory() / evil, "--", "true"},
        {"--tmpfs", "relative" + evil, "--", "true"},
        {"--cwd", "/" + evil, "--", "true"},
        {"--cwd", "relative" + evil, "--", "true"},
        {"--root", directory() / evil, "--", "true"},
        {"--env", "=" + evil, "--", "true"},
        {"--env", evil + "*=x", "--", "true"},
        {"--" + evil},
        {evil},
        {"--home", evil, "--", "true"},
        {"--tty", evil, "--", "true"},
        {"--uid", evil, "--", "true"},
        {"--hostname", evil + std::string(64, 'x'), "--", "true"},
        {"--share", evil, "--", "true"},
        {"--", directory() / evil},
        {"--", evil},
        {"--explain", "--env", evil + "=1", "--cwd", "/" + evil, "--", evil},
        {"--verbose", "--tmpfs", "/tmp/" + evil, "--", "true"},
        {"--verbose", "--ro", directory().path() + ":/tmp/" + evil, "--", "false"},
        {"--ro", directory().path(), "--", directory() / (evil + "file")},
    };
    for (const std::vector<std::string>& words : command_lines) {
        std::vector<std::string> command{sandbox_binary()};
        command.insert(command.end(), words.begin(), words.end());
        const Result result = run(command);
        const std::string text = result.out + result.err;
        EXPECT_NE(text.find("\\x1b"), std::string::npos) << words.front() << ": " << text;
        for (const char character : text) {
            const auto byte = static_cast<unsigned char>(character);
            EXPECT_TRUE(character == '\n' || (byte >= 0x20 && byte != 0x7f)) << words.front() << ": " << int{byte};
        }
        EXPECT_EQ(text.find('\x9b'), std::string::npos);
        EXPECT_EQ(text.find("\u202e"), std::string::npos);
    }
}

}  // namespace
}  // namespace sandbox_test
