// When a failed command gets a line about what was closed to it.
#include "cli/hint.hpp"

#include <csignal>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::cli {
namespace {

using Words = std::vector<std::string>;
using Kind = Outcome::Kind;

constexpr Terminals both{.standard_input = true, .standard_error = true};
constexpr Terminals neither{};

Options running(const Words& command) {
    Options options;
    options.spec.command = command;
    return options;
}

TEST(Hint, OnlyAFailureOfTheCommand) {
    const Options options = running({"make"});
    EXPECT_TRUE(worth_a_hint(options, {Kind::exited, 2}, both));
    EXPECT_TRUE(worth_a_hint(options, {Kind::signaled, SIGABRT}, both));
    EXPECT_TRUE(worth_a_hint(options, {Kind::exited, 128 + SIGABRT}, both));
    EXPECT_FALSE(worth_a_hint(options, {Kind::exited, 0}, both));
    EXPECT_FALSE(worth_a_hint(options, {Kind::lost, 0}, both));
}

TEST(Hint, NotWhenSomebodyEndedTheCommand) {
    for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGKILL}) {
        EXPECT_FALSE(worth_a_hint(running({"make"}), {Kind::signaled, signal}, both)) << signal;
        EXPECT_FALSE(worth_a_hint(running({"make"}), {Kind::exited, 128 + signal}, both)) << "as a shell tells it";
    }
}

TEST(Hint, OnATerminalOrWithVerboseAndNeverWithQuiet) {
    Options options = running({"make"});
    EXPECT_TRUE(worth_a_hint(options, {Kind::exited, 1}, {.standard_input = false, .standard_error = true}));
    EXPECT_FALSE(worth_a_hint(options, {Kind::exited, 1}, {.standard_input = true, .standard_error = false}));
    EXPECT_FALSE(worth_a_hint(options, {Kind::exited, 1}, neither));
    options.verbose = true;
    EXPECT_TRUE(worth_a_hint(options, {Kind::exited, 1}, neither));
    options.quiet = true;
    EXPECT_FALSE(worth_a_hint(options, {Kind::exited, 1}, neither));
    EXPECT_FALSE(worth_a_hint(options, {Kind::exited, 1}, both));
}

TEST(Hint, NotForAShellThatSomebodyTypesInto) {
    EXPECT_FALSE(worth_a_hint(running({}), {Kind::exited, 1}, both));
    EXPECT_FALSE(worth_a_hint(running({"bash"}), {Kind::exited, 1}, both));
    EXPECT_TRUE(worth_a_hint(running({"sh", "-c", "false"}), {Kind::exited, 1}, both));
}

TEST(InteractiveShell, IsAShellWithoutAScript) {
    for (const Words& command : {Words{}, Words{"sh"}, Words{"/bin/bash"}, Words{"bash", "-il"}, Words{"zsh", "-i"},
                                 Words{"bash", "--norc"}, Words{"./tools/fish"}}) {
        EXPECT_TRUE(is_interactive_shell(command, true)) << (command.empty() ? "" : command.back());
    }
    for (const Words& command : {Words{"make"}, Words{"sh", "-c", "x"}, Words{"sh", "-ec", "x"},
                                 Words{"sh", "build.sh"}, Words{"shellcheck"}, Words{"/bin/sh/"}, Words{""}}) {
        EXPECT_FALSE(is_interactive_shell(command, true)) << command.back();
    }
    EXPECT_FALSE(is_interactive_shell(Words{"sh"}, false)) << "reads a script from stdin";
}

}  // namespace
}  // namespace sandbox::cli
