// The line that says, when a command has failed, what was closed to it and how to open it.
#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using MessagesHint = SandboxTest;

std::string hint(const std::vector<std::string>& options, const std::vector<std::string>& command = {"false"}) {
    std::vector<std::string> all = options;
    all.emplace_back("--verbose");
    return line_starting(inside(command, {.sandbox = all}).err, "sandbox: inside, ");
}

TEST_F(MessagesHint, SaysWhatWasClosedAndHowToOpenIt) {
    const std::string line = hint({});
    EXPECT_TRUE(line.starts_with(
        "sandbox: inside, the current directory was read-only, homes were hidden, the network was off (--rw ., --home"))
        << line;
    EXPECT_TRUE(line.ends_with(", --net host)")) << line;
}

TEST_F(MessagesHint, NamesOnlyWhatHeld) {
    const std::string with_network = hint({"--net", "host"});
    EXPECT_TRUE(contains(with_network, "homes were hidden") && !contains(with_network, "network")) << with_network;
    const std::string with_home = hint({"--home", "rw"});
    EXPECT_TRUE(contains(with_home, "the network was off") && !contains(with_home, "homes")) << with_home;
    const std::string in_tree = hint({"--root", "/usr"}, {"/no/such/command"});
    EXPECT_FALSE(contains(in_tree, "homes")) << in_tree;
    EXPECT_EQ(hint({"--only", "uts"}), "");
}

TEST_F(MessagesHint, AWritableCurrentDirectoryIsNotCalledReadOnly) {
    const auto in_directory = [&](const std::vector<std::string>& options) {
        std::vector<std::string> all = options;
        all.emplace_back("--verbose");
        return line_starting(inside({"false"}, {.sandbox = all, .directory = directory().path()}).err,
                             "sandbox: inside, ");
    };
    EXPECT_TRUE(contains(in_directory({}), "the current directory was read-only"));
    EXPECT_FALSE(contains(in_directory({"--rw", "."}), "the current directory was read-only"));
    EXPECT_FALSE(contains(in_directory({"--rw", directory().path()}), "the current directory was read-only"));
    EXPECT_FALSE(contains(in_directory({"--cwd", "/tmp"}), "the current directory was read-only"))
        << "it is a private one";
    EXPECT_TRUE(contains(in_directory({"--rw", ".:/elsewhere"}), "the current directory was read-only"))
        << "what is writable is another place";
}

TEST_F(MessagesHint, OnlyAfterAFailure) {
    EXPECT_EQ(hint({}, {"true"}), "");
    EXPECT_NE(hint({}, {"sh", "-c", "exit 1"}), "");
    EXPECT_NE(hint({"--init"}, {"sh", "-c", "kill -ABRT $$"}), "");
    EXPECT_EQ(hint({"--init"}, {"sh", "-c", "kill -TERM $$"}), "") << "somebody ended it";
}

TEST_F(MessagesHint, NeverWithQuietAndNotWithoutATerminal) {
    EXPECT_EQ(hint({"--quiet"}), "");
    EXPECT_EQ(inside({"false"}).err, "");
}

TEST_F(MessagesHint, AtATerminal) {
    Terminal loud({sandbox_binary(), "--", "false"});
    EXPECT_EQ(loud.wait(), 1);
    EXPECT_TRUE(contains(loud.shown(), "sandbox: inside, ")) << loud.shown();

    Terminal quiet({sandbox_binary(), "--quiet", "--", "false"});
    EXPECT_EQ(quiet.wait(), 1);
    EXPECT_EQ(quiet.shown(), "");
}

TEST_F(MessagesHint, NotAfterAnInteractiveShell) {
    Terminal shell({sandbox_binary(), "--", "sh"});
    shell.type("exit 3\n");
    EXPECT_EQ(shell.wait(), 3);
    EXPECT_FALSE(contains(shell.shown(), "sandbox: ")) << shell.shown();

    Terminal script({sandbox_binary(), "--", "sh", "-c", "exit 3"});
    EXPECT_EQ(script.wait(), 3);
    EXPECT_TRUE(contains(script.shown(), "sandbox: inside, ")) << script.shown();
}

}  // namespace
}  // namespace sandbox_test
