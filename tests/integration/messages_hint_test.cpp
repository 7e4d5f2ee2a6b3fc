// The line that says, when a command has failed, what was closed to it and how to open it.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

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

// What is shown writable belongs to somebody who is not inside.
TEST_F(MessagesHint, AnOwnerWhoIsNotInsideIsNamed) {
    const std::string place = geteuid() == 0 ? directory() / "other" : "/usr";
    std::filesystem::create_directories(place);
    const std::vector<std::string> options = {"--rw", place + ":/mnt"};
    if (geteuid() == 0) {
        ASSERT_EQ(chown(place.c_str(), 1234, 1234), 0);
    }
    std::vector<std::string> with_maps = options;
    with_maps.insert(with_maps.end(), {"--map-users", "0:0:1"});
    const std::vector<std::string>& used = geteuid() == 0 ? with_maps : options;
    EXPECT_TRUE(contains(hint(used), "--rw " + place + ":/mnt belonged to nobody")) << hint(used);
    std::vector<std::string> command = {sandbox_binary(), "--explain"};
    command.insert(command.end(), used.begin(), used.end());
    const Result explained = run(command);
    EXPECT_TRUE(contains(explained.out, "it belongs to user ")) << explained;
    EXPECT_TRUE(contains(explained.out, "who is not inside")) << explained;
    const std::string own = directory() / "own";
    std::filesystem::create_directories(own);
    EXPECT_FALSE(contains(hint({"--rw", own}), "nobody"));
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
