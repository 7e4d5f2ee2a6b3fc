// --fd N: what is passed on purpose, what is not, and what can be made of it inside. Judged on the host.
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include <sandbox/sandbox.hpp>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using ConfinementDescriptors = SandboxTest;
using sandbox::sys::UniqueFd;

UniqueFd open_file(const std::string& path, int flags) {
    UniqueFd file(open(path.c_str(), flags | O_CLOEXEC, 0666));
    EXPECT_TRUE(file) << path;
    return file;
}

Result shell_with(const std::string& script, int number, int descriptor, std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--fd", std::to_string(number)});
    return inside_shell(script, {.sandbox = options, .descriptors = {{number, descriptor}}});
}

void expect_refused(int number, int descriptor, const std::string& why, std::vector<std::string> options = {}) {
    const Result result = shell_with("echo ran", number, descriptor, std::move(options));
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_EQ(result.out, "") << result;
    EXPECT_TRUE(contains(result.err, "descriptor " + std::to_string(number)) && contains(result.err, why)) << result;
    EXPECT_TRUE(contains(result.err, "\n  fix: ")) << result;
}

TEST_F(ConfinementDescriptors, AFileComesAtTheSameNumber) {
    write_file(directory() / "file", "text\n");
    const UniqueFd reading = open_file(directory() / "file", O_RDONLY);
    const UniqueFd both = open_file(directory() / "file", O_RDWR);
    if (landlock_abi() >= 2) {
        EXPECT_EQ(shell_with("cat <&7", 7, reading.get()).out, "text\n");
        ASSERT_EQ(lseek(reading.get(), 0, SEEK_SET), 0);
        EXPECT_EQ(shell_with("cat <&7", 7, reading.get(), {"--init"}).out, "text\n");
    }
    for (const char* use : {"auto", "none"}) {
        ASSERT_EQ(lseek(both.get(), 0, SEEK_SET), 0);
        EXPECT_EQ(shell_with("cat <&9; cat /proc/self/fd/9", 9, both.get(), {"--landlock", use}).out, "text\ntext\n");
    }
}

TEST_F(ConfinementDescriptors, AllOthersAreClosed) {
    const UniqueFd file = open_file("/dev/null", O_RDWR);
    const std::map<int, int> open_ones{{3, file.get()}, {4, file.get()}, {5, file.get()},  {6, file.get()},
                                       {8, file.get()}, {9, file.get()}, {700, file.get()}};
    const auto numbers = [&](const std::vector<std::string>& options) {
        const Result result = inside({probe("state")}, {.sandbox = options, .descriptors = open_ones});
        std::string found;
        for (const std::string& word : words_of(line_starting(result.out, "descriptors="))) {
            const std::size_t start = word.starts_with("descriptors=") ? 12 : 0;
            found += word.substr(start, word.find("->") - start) + " ";
        }
        return found;
    };
    EXPECT_EQ(numbers({}), "0 1 2 ");
    EXPECT_EQ(numbers({"--fd", "5"}), "0 1 2 5 ");
    EXPECT_EQ(numbers({"--fd", "700", "--fd", "3", "--fd=4", "--fd", "3"}), "0 1 2 3 4 700 ");
    EXPECT_EQ(numbers({"--fd", "5", "--init", "--landlock", "none"}), "0 1 2 5 ");
}

TEST_F(ConfinementDescriptors, AFileCannotBeOpenedAgainForMore) {
    const std::string path = directory() / "file";
    write_file(path, "precious\n");
    const UniqueFd reading = open_file(path, O_RDONLY);
    const UniqueFd appending = open_file(path, O_WRONLY | O_APPEND);
    const UniqueFd writing = open_file(path, O_WRONLY);
    const std::string attempts =
        "for f in /proc/self/fd/7 /dev/fd/7 /proc/$$/fd/7; do echo bad > $f; echo bad 1<> $f; truncate -s 0 $f; done "
        "2>/dev/null; echo ran";
    if (landlock_abi() >= 2) {
        EXPECT_EQ(shell_with(attempts, 7, reading.get()).out, "ran\n");
        EXPECT_EQ(shell_with(attempts, 7, appending.get()).out, "ran\n");
        EXPECT_EQ(read_file(path), "precious\n");
        EXPECT_EQ(shell_with("echo more >&7", 7, appending.get()).exit_status, 0);
        EXPECT_EQ(read_file(path), "precious\nmore\n");
        EXPECT_EQ(shell_with("cat /proc/self/fd/7", 7, writing.get()).out, "");
    }
    for (const UniqueFd* file : {&reading, &appending, &writing}) {
        expect_refused(7, file->get(), "opened again for more", {"--landlock", "none"});
    }
    // As a control: nothing but Landlock keeps it from being written, by who owns it.
    const UniqueFd both = open_file(path, O_RDWR);
    EXPECT_EQ(shell_with(attempts, 7, both.get(), {"--landlock", "none", "--map-users", "real"}).out, "ran\n");
    EXPECT_NE(read_file(path), "precious\nmore\n");
}

TEST_F(ConfinementDescriptors, WhatLeadsOutOfTheViewIsRefused) {
    const UniqueFd tree = open_file("/", O_RDONLY | O_DIRECTORY);
    const UniqueFd path = open_file("/etc/passwd", O_PATH);
    const UniqueFd event(eventfd(0, EFD_CLOEXEC));
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
    const UniqueFd space = open_file("/proc/self/ns/net", O_RDONLY);
    ASSERT_TRUE(tree && path && event && process && space);
    expect_refused(7, tree.get(), "a directory");
    expect_refused(7, path.get(), "O_PATH");
    expect_refused(7, event.get(), "neither a file");
    expect_refused(7, process.get(), "neither a file");
    expect_refused(7, space.get(), "neither a file");
}

TEST_F(ConfinementDescriptors, OneThatIsNotOpenOrNone) {
    for (const std::string number : {"7", "2147483647"}) {
        const Result result = inside({"echo", "ran"}, {.sandbox = {"--fd", number}});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(result.err.starts_with("sandbox: --fd " + number + ": the descriptor is not open")) << result;
    }
    for (const std::string number : {"0", "2", "-1", "x", "2147483648", "3x"}) {
        const Result result = inside({"echo", "ran"}, {.sandbox = {"--fd=" + number}});
        EXPECT_EQ(result.exit_status, 125) << number << result;
        EXPECT_TRUE(contains(result.err, "--fd " + number)) << result;
    }
}

TEST_F(ConfinementDescriptors, FilesInMemory) {
    const UniqueFd both(memfd_create("data", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_TRUE(both);
    ASSERT_EQ(write(both.get(), "text\n", 5), 5);
    const UniqueFd reading = open_file("/proc/self/fd/" + std::to_string(both.get()), O_RDONLY);
    // Landlock does not know them: it could not keep one that is open for reading from being written.
    expect_refused(7, reading.get(), "memfd_create");
    EXPECT_EQ(shell_with("cat /proc/self/fd/7", 7, both.get()).out, "text\n");
    const Result input = inside_shell("readlink /proc/self/fd/0 | cut -c 1-5; cat; echo bad > /proc/self/fd/0",
                                      {.descriptors = {{0, reading.get()}}});
    EXPECT_EQ(input.out, "pipe:\ntext\n") << input;
    EXPECT_EQ(read_file("/proc/self/fd/" + std::to_string(both.get())), "text\n");
    ASSERT_EQ(fcntl(both.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    ASSERT_EQ(lseek(reading.get(), 0, SEEK_SET), 0);
    const Result sealed = shell_with("cat <&7; echo bad > /proc/self/fd/7", 7, reading.get());
    EXPECT_EQ(sealed.out, "text\n") << sealed;
    EXPECT_EQ(read_file("/proc/self/fd/" + std::to_string(both.get())), "text\n");
}

TEST_F(ConfinementDescriptors, SocketsArePassed) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const UniqueFd here(ends[0]);
    const UniqueFd there(ends[1]);
    ASSERT_EQ(write(here.get(), "ask\n", 4), 4);
    EXPECT_EQ(shell_with("read line <&3; echo got $line >&3", 3, there.get()).exit_status, 0);
    std::array<char, 16> text{};
    EXPECT_EQ(read(here.get(), text.data(), text.size()), 8);
    EXPECT_STREQ(text.data(), "got ask\n");
}

// Neither the launcher nor init hold a copy: the command that closes its end of a pipe has closed the last one.
TEST_F(ConfinementDescriptors, TheCommandAloneHoldsIt) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--init"}, {"--share", "pid"}}) {
        std::array<int, 2> ends{};
        ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
        const UniqueFd reader(ends[0]);
        UniqueFd writer(ends[1]);
        std::vector<std::string> options{"--fd", "5"};
        options.insert(options.end(), more.begin(), more.end());
        Running running =
            start_inside({"sh", "-c", "echo ready >&5; exec 5>&-; read line; exit 7"},
                         {.sandbox = options, .keep_input_open = true, .descriptors = {{5, writer.get()}}});
        writer.reset();
        std::string text;
        std::array<char, 64> chunk{};
        for (ssize_t got = 0; (got = read(reader.get(), chunk.data(), chunk.size())) > 0;) {
            text.append(chunk.data(), static_cast<std::size_t>(got));
        }
        EXPECT_EQ(text, "ready\n");
        running.write("go\n");
        EXPECT_EQ(running.wait().exit_status, 7);
    }
}

TEST_F(ConfinementDescriptors, AFailureBehindItIsTheCommands) {
    const UniqueFd null = open_file("/dev/null", O_RDWR);
    EXPECT_EQ(shell_with("exit 3", 7, null.get(), {"--verbose"}).exit_status, 3);
}

TEST_F(ConfinementDescriptors, ExplainNamesThem) {
    const UniqueFd null = open_file("/dev/null", O_RDWR);
    const Result result = inside({"true"}, {.sandbox = {"--fd", "9", "--fd", "7", "--explain"},
                                            .descriptors = {{7, null.get()}, {9, null.get()}}});
    EXPECT_TRUE(contains(result.out, "descriptors        0 1 2 7 9\n")) << result;
}

// A library's caller has it close-on-exec, and it stays so.
TEST_F(ConfinementDescriptors, ALibrarysCallerKeepsItsOwn) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    sandbox::Spec spec;
    spec.command = {"/bin/sh", "-c", "echo text > /proc/self/fd/" + std::to_string(writer.get())};
    spec.cwd = "/";
    spec.descriptors = {writer.get()};
    EXPECT_EQ(sandbox::launch(spec).wait().exit_status(), 0);
    std::array<char, 16> text{};
    EXPECT_EQ(read(reader.get(), text.data(), text.size()), 5);
    EXPECT_STREQ(text.data(), "text\n");
    EXPECT_EQ(fcntl(writer.get(), F_GETFD), FD_CLOEXEC);
}

}  // namespace
}  // namespace sandbox_test
