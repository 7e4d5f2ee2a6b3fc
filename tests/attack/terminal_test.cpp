// A33, A34: the caller's terminal, and those of others. What arrives in them is looked at from their other ends.
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <system_error>

#include "attack/attack.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_attack {
namespace {

using sandbox::sys::UniqueFd;

/// A terminal of the host, of both ends of which somebody else has the outer one.
class Pty {
  public:
    Pty() {
        int master = -1;
        int slave = -1;
        std::array<char, 64> name{};
        if (openpty(&master, &slave, name.data(), nullptr, nullptr) != 0) {
            throw std::system_error(errno, std::generic_category(), "openpty");
        }
        master_ = UniqueFd(master);
        slave_ = UniqueFd(slave);
        name_ = name.data();
        for (const int end : {master, slave}) {
            fcntl(end, F_SETFD, FD_CLOEXEC);
        }
        fcntl(master, F_SETFL, O_NONBLOCK);
        termios raw{};
        tcgetattr(slave, &raw);
        cfmakeraw(&raw);
        tcsetattr(slave, TCSANOW, &raw);
    }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] int slave() const { return slave_.get(); }
    /// How many keys wait to be read.
    [[nodiscard]] int keys() const {
        int waiting = 0;
        ioctl(slave_.get(), FIONREAD, &waiting);
        return waiting;
    }
    /// Whether its user has been shown something.
    [[nodiscard]] bool shows_something() const {
        char byte = 0;
        return read(master_.get(), &byte, 1) == 1;
    }

  private:
    UniqueFd master_;
    UniqueFd slave_;
    std::string name_;
};

/// In the new process: the terminal on 0 is its own.
void lead_a_session() {
    setsid();
    ioctl(0, TIOCSCTTY, 0);
}

using TerminalsOfTheHost = sandbox_test::SandboxTest;

TEST_F(TerminalsOfTheHost, A33_KeysIntoTheTerminal) {
    std::optional<Pty> terminal;
    Probe probe{.program = "attack_terminal",
                .run = {.sandbox = {"--env", "SANDBOX_ATTACK_TERMINAL"}, .before_exec = lead_a_session},
                .ground = "plain"};
    // One that was stolen hangs up with its thief.
    probe.prepare = [&] {
        terminal.emplace();
        probe.run.descriptors = {{0, terminal->slave()}};
        probe.run.set = {{"SANDBOX_ATTACK_TERMINAL", terminal->name()}};
    };
    probe.judge = [&](Answers& answers) {
        const auto put = [](const Answer& answer) {
            return answer.succeeded() && answer.attempt.starts_with("TIOCSTI");
        };
        EXPECT_EQ(terminal->keys(), std::count_if(answers.begin(), answers.end(), put));
        EXPECT_FALSE(terminal->shows_something());
    };
    Attack("A33", "keys into the terminal").make(probe);
    // What the judgement rests on: a key that is put is seen. Root may always, others where the kernel is set so.
    probe.prepare();
    const auto outside = sandbox_test::run({sandbox_test::probe("attack_terminal"), "only=TIOCSTI by 0"}, probe.run);
    EXPECT_EQ(terminal->keys(), sandbox_test::contains(outside.out, "\tdone\t") ? 1 : 0) << outside;
    EXPECT_TRUE(terminal->keys() == 1 || geteuid() != 0) << outside;
}

TEST_F(TerminalsOfTheHost, A34_OtherTerminals) {
    const Pty terminal;
    const Pty other;
    Probe probe{.program = "attack_terminal",
                .arguments = {"of=others", "other=" + other.name()},
                .run = {.descriptors = {{0, terminal.slave()}}, .before_exec = lead_a_session},
                .ground = "plain"};
    probe.prepare = [&] {
        while (other.shows_something()) {
        }
        tcflush(other.slave(), TCIFLUSH);
    };
    probe.judge = [&](Answers&) {
        EXPECT_FALSE(other.shows_something());
        EXPECT_EQ(other.keys(), 0);
    };
    Attack("A34", "other terminals, escape sequences").make(probe);
}

bool drives_a_terminal(const std::string& text) {
    return std::any_of(text.begin(), text.end(), [](char character) {
        const auto byte = static_cast<unsigned char>(character);
        return (byte < 0x20 && character != '\n') || byte == 0x7f || byte == 0x9b;
    });
}

// Names and texts that a command has left in its work tree, in the messages of the next start.
TEST_F(TerminalsOfTheHost, A34_EscapeSequencesInMessages) {
    const std::string evil =
        "evil\x1b]0;title\x07\x9b"
        "31m\nsandbox: \x1b[2Jforged";
    const std::string tree = directory() / "tree";
    const std::string program = tree + "/" + evil;
    std::filesystem::create_directory(tree);
    sandbox_test::write_file(program, "#!/no/such/" + evil + "\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    sandbox_test::write_file(tree + "/data", "text");
    std::filesystem::create_directory(tree + "/" + evil + "directory");
    std::filesystem::create_symlink(program + "/below", tree + "/through");
    ASSERT_TRUE(drives_a_terminal(sandbox_test::run({"sh", "-c", "'" + program + "'"}).err)) << "no control";
    const std::vector<std::pair<std::string, std::vector<std::string>>> starts{
        {"the name of a program that is missing", {"--rw", tree, "--", program + "missing"}},
        {"the interpreter of a program", {"--rw", tree, "--", program}},
        {"the name of a directory that is executed", {"--rw", tree, "--", program + "directory"}},
        {"where a link of a mount point leads", {"--rw", tree, "--tmpfs", tree + "/through", "--", "true"}},
        {"the name of a file as a directory", {"--rw", tree, "--tmpfs", program + "/x", "--", "true"}},
        {"the plan", {"--explain", "--rw", program + "directory", "--", "true"}},
        {"what --verbose says", {"--verbose", "--rw", tree, "--ro", program, "--", "false"}},
    };
    Attack attack("A34", "other terminals, escape sequences");
    for (const auto& [name, words] : starts) {
        attack.make(name, "launcher", [&words = words](const Setting& setting) {
            std::vector<std::string> command{sandbox_test::sandbox_binary()};
            command.insert(command.end(), setting.options.begin(), setting.options.end());
            command.insert(command.end(), words.begin(), words.end());
            const sandbox_test::Result result = sandbox_test::run(command);
            const std::string text = result.out + result.err;
            // It is told, and only the form is another one.
            EXPECT_TRUE(sandbox_test::contains(text, "\\x1b")) << result;
            const auto lines = sandbox_test::lines_of(text);
            return drives_a_terminal(text) || std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
                       return sandbox_test::contains(line, "forged") && line.starts_with("sandbox: \\x1b[2J");
                   });
        });
    }
}

}  // namespace
}  // namespace sandbox_attack
