// --status-fd: lines for programs, which nobody inside can write.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using sandbox::sys::UniqueFd;

/// A pipe whose writing end is descriptor 5 of the launcher.
class MessagesStatus : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        std::array<int, 2> ends{};
        ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
        reading_ = UniqueFd(ends[0]);
        writing_ = UniqueFd(ends[1]);
    }

    void TearDown() override {
        reading_.reset();
        writing_.reset();
        SandboxTest::TearDown();
    }

    [[nodiscard]] RunOptions options(std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"--status-fd", "5"});
        return {.sandbox = std::move(more), .descriptors = {{5, writing_.get()}}};
    }
    /// All lines, up to the end of the pipe.
    std::vector<std::string> lines() {
        writing_.reset();
        std::string text;
        std::array<char, 4096> chunk{};
        for (ssize_t got = 0; (got = read(reading_.get(), chunk.data(), chunk.size())) > 0;) {
            text.append(chunk.data(), static_cast<std::size_t>(got));
        }
        return lines_of(text);
    }
    void close_reader() { reading_.reset(); }
    std::string next_line() {
        std::string text;
        for (char byte = 0; read(reading_.get(), &byte, 1) == 1 && byte != '\n';) {
            text += byte;
        }
        return text;
    }

  private:
    UniqueFd reading_;
    UniqueFd writing_;
};

TEST_F(MessagesStatus, ReadyAndEnded) {
    const Result result = inside({"sh", "-c", "readlink /proc/self/ns/mnt; exit 3"}, options());
    EXPECT_EQ(result.exit_status, 3);
    const std::vector<std::string> said = lines();
    ASSERT_EQ(said.size(), 2U);
    EXPECT_TRUE(said[0].starts_with(R"({"event":"ready","pid":)")) << said[0];
    const std::string inode = result.out.substr(5, result.out.find(']') - 5);
    EXPECT_TRUE(contains(said[0], R"("mnt":)" + inode + ",")) << said[0] << result;
    for (const char* kind : {"pid", "uts", "ipc", "net", "cgroup", "user"}) {
        EXPECT_TRUE(contains(said[0], std::string("\"") + kind + "\":")) << said[0];
    }
    EXPECT_EQ(said[1], R"({"event":"ended","exit":3})");
}

// The pid is the host's: a signal to it reaches the command.
TEST_F(MessagesStatus, ThePidIsTheCommands) {
    Running running = start_inside({"sleep", "1000"}, options());
    const std::string ready = next_line();
    const std::size_t at = ready.find("\"pid\":") + 6;
    const int pid = std::stoi(ready.substr(at));
    // It is ready when the exec has closed its descriptors, which is not the last that an exec does.
    EXPECT_TRUE(await_command_line(pid, {"sleep", "1000"}));
    ASSERT_EQ(kill(pid, SIGKILL), 0);
    EXPECT_EQ(running.wait().exit_status, 137);
    const std::vector<std::string> said = lines();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0], R"({"event":"ended","exit":137,"signal":9})");
}

TEST_F(MessagesStatus, WhatDoesNotComeToRun) {
    EXPECT_EQ(inside({"no-such-command"}, options()).exit_status, 127);
    EXPECT_EQ(lines(), std::vector<std::string>{R"({"event":"failed","exit":127})"});
}

TEST_F(MessagesStatus, NothingWhenTheLauncherIsKilled) {
    Running running = start_inside({"sleep", "1000"}, options());
    EXPECT_TRUE(contains(next_line(), "ready"));
    running.send(SIGKILL);
    running.wait();
    EXPECT_EQ(lines(), std::vector<std::string>{});
}

TEST_F(MessagesStatus, NobodyInsideHasIt) {
    for (const std::vector<std::string>& more :
         {std::vector<std::string>{}, {"--init"}, {"--share", "pid"}, {"--only", "pid"}}) {
        const Result result = inside_shell("ls /proc/self/fd /proc/1/fd; echo forged >&5", options(more));
        EXPECT_NE(result.exit_status, 0) << result;
        EXPECT_TRUE(contains(result.err, "5") && contains(result.err, "ad file descriptor")) << result;
    }
    for (const std::string& line : lines()) {
        EXPECT_FALSE(contains(line, "forged"));
    }
}

TEST_F(MessagesStatus, AReaderThatIsGone) {
    close_reader();
    const Result result = inside({"sh", "-c", "exit 4"}, options());
    EXPECT_EQ(result.exit_status, 4);
    EXPECT_EQ(result.signal, 0);
}

TEST_F(MessagesStatus, DescriptorsThatDoNotDo) {
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--status-fd", "9"}}).err,
              "sandbox: --status-fd 9: the descriptor is not open\n  fix: open it, as with 9>FILE\n");
    const UniqueFd reading(open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--status-fd", "9"}, .descriptors = {{9, reading.get()}}}).err,
              "sandbox: --status-fd 9: the descriptor is not open for writing\n  fix: open it, as with 9>FILE\n");
    EXPECT_EQ(inside({"true"}, options({"--fd", "5"})).err,
              "sandbox: --status-fd 5: --fd passes the same descriptor to the command\n  fix: use two descriptors\n");
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--status-fd", "2"}}).err,
              "sandbox: --status-fd 2: 0, 1 and 2 are the command's\n  fix: one from 3 up, as with 3>FILE\n");
}

}  // namespace
}  // namespace sandbox_test
