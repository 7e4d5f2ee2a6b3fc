// Stdin, stdout and stderr: what can be opened again by name inside, and what cannot be opened for more. Judged on the
// file of the host.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

#include "support/fresh_process.hpp"
#include "support/sandbox_test.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using ProcessStreams = SandboxTest;
using sandbox::sys::UniqueFd;

const std::vector<std::string> landlock_uses{"auto", "none"};

UniqueFd open_file(const std::string& path, int flags) {
    UniqueFd file(open(path.c_str(), flags | O_CLOEXEC, 0666));
    EXPECT_TRUE(file) << path;
    return file;
}

std::string find_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") == std::string::npos ? "" : line;
}

const std::string write_by_name = "echo by-name > /dev/stdout && echo plain && echo error > /dev/stderr";

TEST_F(ProcessStreams, PipesCanBeOpenedByName) {
    for (const std::string& use : landlock_uses) {
        const Result result = inside_shell(write_by_name, {.sandbox = {"--landlock", use}});
        EXPECT_EQ(result.exit_status, 0) << use << "\n" << result;
        EXPECT_EQ(result.out, "by-name\nplain\n") << use;
        EXPECT_EQ(result.err, "error\n") << use;
    }
}

TEST_F(ProcessStreams, TeeWritesToStderrByName) {
    for (const std::string& use : landlock_uses) {
        const Result result = inside_shell("echo text | tee /dev/stderr", {.sandbox = {"--landlock", use}});
        EXPECT_EQ(result.exit_status, 0) << use << "\n" << result;
        EXPECT_EQ(result.out, "text\n") << use;
        EXPECT_EQ(result.err, "text\n") << use;
    }
}

TEST_F(ProcessStreams, DevNullCanBeOpenedByName) {
    const UniqueFd null = open_file("/dev/null", O_RDWR);
    for (const std::string& use : landlock_uses) {
        const Result result = inside_shell(
            write_by_name + " && cat < /dev/stdin",
            {.sandbox = {"--landlock", use}, .descriptors = {{0, null.get()}, {1, null.get()}, {2, null.get()}}});
        EXPECT_EQ(result.exit_status, 0) << use << "\n" << result;
    }
}

// By who owns it: root of the host has to be root inside for that.
TEST_F(ProcessStreams, AFileForPlainWritingCanBeOpenedByName) {
    for (const std::string& use : landlock_uses) {
        const std::string path = directory() / "out";
        const UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
        const Result result =
            inside_shell("echo first; echo second > /dev/stdout",
                         {.sandbox = {"--landlock", use, "--map-users", "real"}, .descriptors = {{1, file.get()}}});
        EXPECT_EQ(result.exit_status, 0) << use << "\n" << result;
        EXPECT_EQ(find_line(read_file(path), "second"), "second") << use << ": " << read_file(path);
    }
}

TEST_F(ProcessStreams, StderrToAFileForPlainWritingCanBeOpenedByName) {
    for (const std::string& use : landlock_uses) {
        const std::string path = directory() / "err";
        const UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
        const Result result =
            inside_shell("echo text | tee /dev/stderr",
                         {.sandbox = {"--landlock", use, "--map-users", "real"}, .descriptors = {{2, file.get()}}});
        EXPECT_EQ(result.exit_status, 0) << use << "\n" << result;
        EXPECT_EQ(read_file(path), "text\n") << use;
    }
}

// All ways to name a descriptor, and all ways to open it for more than it was.
std::string attempts_to_write(int number) {
    const std::string n = std::to_string(number);
    const std::string name = number == 0 ? "stdin" : "stdout";
    std::string script;
    for (const std::string& path :
         {"/dev/" + name, "/dev/fd/" + n, "/proc/self/fd/" + n, "/proc/$$/fd/" + n, "/proc/thread-self/fd/" + n}) {
        script += "{ echo bad > " + path + "; echo bad >> " + path + "; echo bad 1<> " + path + "; } 2>/dev/null; ";
        script += "truncate -s 1 " + path + " 2>/dev/null; dd if=/dev/zero of=" + path +
                  " bs=1 count=3 conv=notrunc 2>/dev/null; ";
    }
    return script;
}

TEST_F(ProcessStreams, AStdinFileForReadingCannotBeWrittenTo) {
    for (const std::string& use : landlock_uses) {
        const std::string path = directory() / "in";
        write_file(path, "precious\n");
        const UniqueFd file = open_file(path, O_RDONLY);
        const Result result = inside_shell(attempts_to_write(0) + "cat > /dev/null; exit 7",
                                           {.sandbox = {"--landlock", use}, .descriptors = {{0, file.get()}}});
        EXPECT_EQ(result.exit_status, 7) << use << "\n" << result;
        EXPECT_EQ(read_file(path), "precious\n") << use;
    }
}

// As in `cmd > log 2>&1`, with a log that only grows.
TEST_F(ProcessStreams, AStdoutFileForAppendingCannotBeTruncatedOrOverwritten) {
    if (landlock_abi() == 0) {
        GTEST_SKIP() << "this kernel has no Landlock";
    }
    const std::string path = directory() / "log";
    write_file(path, "precious\n");
    const UniqueFd file = open_file(path, O_WRONLY | O_APPEND);
    const Result result =
        inside_shell("echo more; { " + attempts_to_write(1) + "} ; exit 7", {.descriptors = {{1, file.get()}}});
    EXPECT_EQ(result.exit_status, 7) << result;
    const std::string log = read_file(path);
    EXPECT_EQ(log.rfind("precious\nmore\n", 0), 0U) << log;
}

TEST_F(ProcessStreams, AStdoutFileForAppendingIsAppendedTo) {
    for (const std::string& use : landlock_uses) {
        const std::string path = directory() / "log";
        write_file(path, "before\n");
        const UniqueFd file = open_file(path, O_WRONLY | O_APPEND);
        const Result result =
            inside_shell("echo more", {.sandbox = {"--landlock", use}, .descriptors = {{1, file.get()}}});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(read_file(path), "before\nmore\n") << use;
    }
}

TEST_F(ProcessStreams, AStdinFileIsReadWhole) {
    const std::string text(3000000, 'z');
    const std::string path = directory() / "in";
    write_file(path, text);
    for (const std::string& use : landlock_uses) {
        const UniqueFd file = open_file(path, O_RDONLY);
        const Result result = inside({"cat"}, {.sandbox = {"--landlock", use}, .descriptors = {{0, file.get()}}});
        EXPECT_EQ(result.exit_status, 0) << use << result.err;
        EXPECT_TRUE(result.out == text) << use << ": " << result.out.size();
    }
}

TEST_F(ProcessStreams, WithoutLandlockAStdinFileComesByAPipe) {
    const std::string path = directory() / "in";
    write_file(path, "text\n");
    const UniqueFd file = open_file(path, O_RDONLY);
    const Result result = inside_shell("readlink /proc/self/fd/0; cat",
                                       {.sandbox = {"--landlock", "none"}, .descriptors = {{0, file.get()}}});
    EXPECT_EQ(result.out.rfind("pipe:", 0), 0U) << result;
    EXPECT_EQ(find_line(result.out, "text"), "text") << result;
}

// A pipe that nobody empties must hold up neither the end of the run nor its status.
TEST_F(ProcessStreams, WithoutLandlockAStdinFileThatIsNotReadDoesNoHarm) {
    const std::string path = directory() / "in";
    write_file(path, std::string(3000000, 'z'));
    for (const char* script : {"exit 7", "exec 0<&-; exit 7", "head -c 100000 > /dev/null; exit 7"}) {
        const UniqueFd file = open_file(path, O_RDONLY);
        const Result result =
            inside_shell(script, {.sandbox = {"--landlock", "none"}, .descriptors = {{0, file.get()}}});
        EXPECT_EQ(result.exit_status, 7) << script << "\n" << result;
    }
}

// The command hands its end of the pipe to somebody outside, who keeps it, or does not stop writing.
TEST_F(ProcessStreams, WithoutLandlockAnAccompliceOutsideDoesNotHoldUpTheEnd) {
    const WithoutSigpipe without_sigpipe;
    for (const bool writes : {false, true}) {
        const std::string path = directory() / "log";
        write_file(path, "before\n");
        const UniqueFd file = open_file(path, O_WRONLY | O_APPEND);
        Running running = start_inside(
            {"sh", "-c", "echo more; echo ready >&2; read line; echo last; exit 7"},
            {.sandbox = {"--landlock", "none"}, .keep_input_open = true, .descriptors = {{1, file.get()}}});
        const ProcessState command = await_descendant(running.pid(), "sh");
        const UniqueFd kept(open(("/proc/" + std::to_string(command.pid) + "/fd/1").c_str(), O_WRONLY | O_CLOEXEC));
        ASSERT_TRUE(kept);
        std::thread writer;
        if (writes) {
            writer = std::thread([&kept] {
                while (write(kept.get(), "noise\n", 6) == 6) {
                }
            });
        }
        running.write("go\n");
        const Result result = running.wait();
        EXPECT_EQ(result.exit_status, 7) << result;
        if (writer.joinable()) {
            writer.join();  // nobody reads any more: EPIPE
        } else {
            EXPECT_EQ(read_file(path), "before\nmore\nlast\n");
        }
        EXPECT_EQ(read_file(path).rfind("before\n", 0), 0U);
    }
}

// Whoever has one end of a pipe can open the other one, and take what the launcher has been told of.
TEST_F(ProcessStreams, WithoutLandlockACommandThatReadsItsOwnOutputDoesNotHoldUpTheLauncher) {
    const std::string path = directory() / "log";
    const UniqueFd file = open_file(path, O_WRONLY | O_APPEND | O_CREAT);
    const Result result = inside_shell(
        "i=0; while [ $i -lt 300 ]; do echo text; read line < /dev/stdout; i=$((i + 1)); done & "
        "i=0; while [ $i -lt 300 ]; do echo more; i=$((i + 1)); done; exit 7",
        {.sandbox = {"--landlock", "none"}, .descriptors = {{1, file.get()}}});
    EXPECT_EQ(result.exit_status, 7) << result;
}

TEST_F(ProcessStreams, AStdinFileIsReadFromWhereItStands) {
    const std::string path = directory() / "in";
    write_file(path, "one\ntwo\n");
    for (const std::string& use : landlock_uses) {
        const UniqueFd file = open_file(path, O_RDONLY);
        ASSERT_EQ(lseek(file.get(), 4, SEEK_SET), 4);
        const Result result = inside({"cat"}, {.sandbox = {"--landlock", use}, .descriptors = {{0, file.get()}}});
        EXPECT_EQ(result.out, "two\n") << use;
    }
}

TEST_F(ProcessStreams, TextComesThroughAPipe) {
    EXPECT_EQ(inside({"cat"}, {.input = "typed\n"}).out, "typed\n");
}

TEST_F(ProcessStreams, AClosedReaderEndsTheWriter) {
    // As `sandbox -- yes | head`: SIGPIPE of a command that is pid 1 is dropped, but yes(1) sees the error.
    const Result result = run({"sh", "-c", "\"$0\" -- yes 2>/dev/null | head -n 1", sandbox_binary()});
    EXPECT_EQ(result.out, "y\n") << result;
}

TEST_F(ProcessStreams, SocketsAreAllowedAsStreams) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const UniqueFd here(ends[0]);
    UniqueFd there(ends[1]);
    const Result result = inside({"echo", "text"}, {.descriptors = {{1, there.get()}}});
    there.reset();
    EXPECT_EQ(result.exit_status, 0) << result;
    std::array<char, 16> text{};
    EXPECT_EQ(read(here.get(), text.data(), text.size()), 5);
    EXPECT_STREQ(text.data(), "text\n");
}

}  // namespace
}  // namespace sandbox_test
