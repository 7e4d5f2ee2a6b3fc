// A command that cannot be executed: 126 and 127, and why, as seen from the inside.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <sandbox/sandbox.hpp>

#include "support/sandbox_test.hpp"

namespace sandbox_test {
namespace {

constexpr int not_executable = 126;
constexpr int not_found = 127;

/// HOME is a directory of the test's own, with bin/ in PATH: hidden inside, as every home.
class FaultCommand : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped()) {
            return;
        }
        std::filesystem::create_directories(bin());
    }

    [[nodiscard]] std::string home() const { return directory() / "home"; }
    [[nodiscard]] std::string bin() const { return directory() / "home/bin"; }
    [[nodiscard]] std::string shown() const { return directory() / "shown"; }

    static void write_script(const std::string& path, const std::string& interpreter, mode_t mode = 0755) {
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        write_file(path, "#!" + interpreter + "\necho ran\n");
        ASSERT_EQ(chmod(path.c_str(), mode), 0);
    }

    [[nodiscard]] Result attempt(const std::vector<std::string>& command, std::vector<std::string> options = {}) const {
        RunOptions run_options;
        run_options.sandbox = std::move(options);
        run_options.set["HOME"] = home();
        run_options.set["PATH"] = bin() + ":/usr/bin:/bin";
        return inside(command, run_options);
    }

    static void expect_failure(const Result& result, int status, const std::string& first_line,
                               const std::string& fix = "") {
        EXPECT_EQ(result.exit_status, status) << result;
        EXPECT_EQ(result.out, "");
        EXPECT_TRUE(result.err.starts_with("sandbox: " + first_line + "\n")) << result << "\nnot: " << first_line;
        EXPECT_NE(result.err.find("\n  step: "), std::string::npos) << result;
        if (!fix.empty()) {
            EXPECT_NE(result.err.find("\n  fix: " + fix + "\n"), std::string::npos) << result << "\nnot: " << fix;
        }
    }
};

TEST_F(FaultCommand, FoundNowhere) {
    expect_failure(attempt({"no-such-command"}), not_found,
                   "cannot execute no-such-command: not found in PATH inside (" + bin() + ":/usr/bin:/bin)",
                   "give its path, or --env PATH=...");
    expect_failure(attempt({"/no/such/command"}), not_found,
                   "cannot execute /no/such/command: No such file or directory");
    expect_failure(attempt({"/etc/passwd/x"}), not_found, "cannot execute /etc/passwd/x: No such file or directory");
}

TEST_F(FaultCommand, ANameThatIsNoWordForATerminal) {
    const Result result = attempt({"no\x1b[31m\nsuch"});
    EXPECT_EQ(result.exit_status, not_found);
    EXPECT_TRUE(result.err.starts_with("sandbox: cannot execute no\\x1b[31m\\x0asuch: not found")) << result;
}

TEST_F(FaultCommand, InAHiddenHome) {
    write_script(bin() + "/tool", "/bin/sh");
    const std::string fix = "--ro " + bin() + " shows the directory";
    expect_failure(attempt({"tool"}), not_found,
                   "cannot execute tool: " + bin() + "/tool exists on the host but is hidden inside", fix);
    expect_failure(attempt({bin() + "/tool"}), not_found,
                   "cannot execute " + bin() + "/tool: " + bin() + "/tool exists on the host but is hidden inside",
                   fix);
    const Result advised = attempt({"tool"}, {"--ro", bin()});
    EXPECT_EQ(advised.exit_status, 0) << advised;
    EXPECT_EQ(advised.out, "ran\n");
}

TEST_F(FaultCommand, InTheHomeItself) {
    write_script(home() + "/tool", "/bin/sh");
    expect_failure(attempt({home() + "/tool"}), not_found,
                   "cannot execute " + home() + "/tool: " + home() + "/tool exists on the host but is hidden inside",
                   "--ro " + home() + "/tool shows the file");
    EXPECT_EQ(attempt({home() + "/tool"}, {"--ro", home() + "/tool"}).out, "ran\n");
}

TEST_F(FaultCommand, ALinkIntoAHiddenHome) {
    write_script(bin() + "/real", "/bin/sh");
    std::filesystem::create_directories(shown());
    std::filesystem::create_symlink(bin() + "/real", shown() + "/link");
    expect_failure(attempt({shown() + "/link"}, {"--ro", shown()}), not_found,
                   "cannot execute " + shown() + "/link: " + shown() + "/link leads to " + bin() +
                       "/real, which exists on the host but is hidden inside",
                   "--ro " + bin() + " shows the directory");
    EXPECT_EQ(attempt({shown() + "/link"}, {"--ro", shown(), "--ro", bin()}).out, "ran\n");
}

TEST_F(FaultCommand, ADanglingLink) {
    std::filesystem::create_directories(shown());
    std::filesystem::create_symlink("/no/such/file", shown() + "/link");
    expect_failure(attempt({shown() + "/link"}, {"--ro", shown()}), not_found,
                   "cannot execute " + shown() + "/link: No such file or directory");
}

TEST_F(FaultCommand, AScriptWithoutItsInterpreter) {
    write_script(shown() + "/script", "/no/such/interpreter -x");
    expect_failure(attempt({shown() + "/script"}, {"--ro", shown()}), not_executable,
                   "cannot execute " + shown() + "/script: its interpreter /no/such/interpreter does not exist");
}

TEST_F(FaultCommand, AScriptWhoseInterpreterIsHidden) {
    write_script(bin() + "/interpreter", "/bin/sh");
    write_script(shown() + "/script", " " + bin() + "/interpreter");
    expect_failure(attempt({shown() + "/script"}, {"--ro", shown()}), not_executable,
                   "cannot execute " + shown() + "/script: its interpreter " + bin() +
                       "/interpreter exists on the host but is hidden inside",
                   "--ro " + bin() + " shows the directory");
}

TEST_F(FaultCommand, NotExecutable) {
    write_script(shown() + "/script", "/bin/sh", 0644);
    expect_failure(attempt({shown() + "/script"}, {"--ro", shown()}), not_executable,
                   "cannot execute " + shown() + "/script: " + shown() + "/script is not executable: Permission denied",
                   "chmod +x " + shown() + "/script, or run it by its interpreter");
}

TEST_F(FaultCommand, ADirectory) {
    expect_failure(attempt({"/usr"}), not_executable, "cannot execute /usr: /usr is a directory");
}

TEST_F(FaultCommand, NoFormatThatTheKernelKnows) {
    // As execvp(3) has it, a file without #! is a script of sh. One that is no text is nothing.
    std::filesystem::create_directories(shown());
    write_file(shown() + "/plain", "echo \"ran $1\"\n");
    ASSERT_EQ(chmod((shown() + "/plain").c_str(), 0755), 0);
    const Result result = attempt({shown() + "/plain", "word"}, {"--ro", shown()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "ran word\n");
}

TEST_F(FaultCommand, LaterInPathThanOneThatIsNotExecutable) {
    write_script(shown() + "/first/tool", "/bin/sh", 0644);
    write_script(shown() + "/second/tool", "/bin/sh");
    const std::string path = "PATH=" + shown() + "/first:" + shown() + "/second:/usr/bin";
    const Result result = attempt({"tool"}, {"--ro", shown(), "--env", path});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "ran\n");
    expect_failure(attempt({"tool"}, {"--ro", shown(), "--env", "PATH=" + shown() + "/first:/usr/bin"}), not_executable,
                   "cannot execute tool: " + shown() + "/first/tool is not executable: Permission denied");
}

TEST_F(FaultCommand, InARootOfItsOwn) {
    std::filesystem::create_directories(directory() / "tree/bin");
    expect_failure(attempt({"true"}, {"--root", directory() / "tree"}), not_found,
                   "cannot execute true: not found in PATH inside (" + bin() + ":/usr/bin:/bin)");
}

// A single string of 128 KiB is refused by every exec; set from inside it only meets that of the command.
TEST_F(FaultCommand, AnEnvironmentThatIsTooLong) {
    sandbox::Spec spec;
    spec.command = {"true"};
    spec.cwd = "/";
    spec.environment = {{"LARGE", std::string(131072, 'x')}};
    try {
        sandbox::launch(spec).wait();
        FAIL() << "it ran";
    } catch (const sandbox::Error& error) {
        EXPECT_EQ(error.exit_status(), not_executable);
        EXPECT_STREQ(error.what(), "cannot execute true: arguments and environment are too long");
    }
}

}  // namespace
}  // namespace sandbox_test
