// How a run ends: the command's own status, and what 125, 126 and 127 mean.
#include <sys/stat.h>

#include <csignal>

#include "support/sandbox_test.hpp"

namespace sandbox_test {
namespace {

using ProcessStatus = SandboxTest;

// The first word of every message of sandbox itself.
bool is_sandbox_error(const std::string& text) {
    return text.rfind("sandbox: ", 0) == 0;
}

void make_file(const std::string& path, const std::string& text, mode_t mode) {
    write_file(path, text);
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
}

TEST_F(ProcessStatus, EveryExitStatusOfTheCommandIsPassedOn) {
    for (int status = 0; status < 256; ++status) {
        const Result result = inside({probe("ends"), "exit", std::to_string(status)});
        ASSERT_EQ(result.exit_status, status) << result;
        ASSERT_EQ(result.err, "") << result;
    }
}

TEST_F(ProcessStatus, EveryExitStatusIsPassedOnWithInit) {
    for (int status = 0; status < 256; status += 5) {
        ASSERT_EQ(inside({probe("ends"), "exit", std::to_string(status)}, {.sandbox = {"--init"}}).exit_status, status);
    }
}

TEST_F(ProcessStatus, ASignalThatEndsTheCommandIs128PlusItsNumber) {
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1,
                             SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSYS, SIGXCPU, SIGRTMIN, SIGRTMAX}) {
        const Result result = inside({probe("ends"), "raise", std::to_string(number)}, {.sandbox = {"--init"}});
        EXPECT_EQ(result.exit_status, 128 + number) << result;
    }
}

TEST_F(ProcessStatus, AFaultOfACommandThatIsPid1Is139) {
    EXPECT_EQ(inside({probe("ends"), "fault"}).exit_status, 128 + SIGSEGV);
}

TEST_F(ProcessStatus, ACommandKilledFromOutsideIs137) {
    Running running = start_inside({probe("signals"), "catch", std::to_string(SIGUSR1)});
    running.expect("ready");
    const ProcessState command = await_descendant(running.pid(), "signals");
    ASSERT_GT(command.pid, 0);
    ASSERT_EQ(kill(command.pid, SIGKILL), 0);
    EXPECT_EQ(running.wait().exit_status, 128 + SIGKILL);
}

TEST_F(ProcessStatus, TheCommandIsPid1) {
    const Result result = inside_shell("echo $$");
    EXPECT_EQ(result.out, "1\n") << result;
}

TEST_F(ProcessStatus, TheCommandIsPid2BesideInit) {
    const Result result = inside_shell("echo $$ $PPID", {.sandbox = {"--init"}});
    EXPECT_EQ(result.out, "2 1\n") << result;
}

TEST_F(ProcessStatus, StdoutAndStderrBelongToTheCommandAlone) {
    const Result result = inside_shell("echo out; echo err >&2; exit 3");
    EXPECT_EQ(result.exit_status, 3);
    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(result.err, "err\n");
}

TEST_F(ProcessStatus, MuchOutputArrivesWhole) {
    const Result result =
        inside_shell("head -c 5000000 /dev/zero | tr '\\0' x; head -c 100000 /dev/zero | tr '\\0' y >&2");
    EXPECT_EQ(result.out, std::string(5000000, 'x'));
    EXPECT_EQ(result.err, std::string(100000, 'y'));
}

TEST_F(ProcessStatus, ACommandThatIsNotFoundIs127) {
    for (const char* command : {"no-such-command-anywhere", "/no/such/command", "./no-such-command"}) {
        const Result result = inside({command});
        EXPECT_EQ(result.exit_status, 127) << result;
        EXPECT_TRUE(is_sandbox_error(result.err)) << result;
        EXPECT_NE(result.err.find(command), std::string::npos) << result;
        EXPECT_EQ(result.out, "");
    }
}

TEST_F(ProcessStatus, AnEmptyCommandNameIsWrongUse) {
    const Result result = inside({""});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(is_sandbox_error(result.err)) << result;
}

TEST_F(ProcessStatus, ACommandThatIsNotExecutableIs126) {
    make_file(directory() / "plain", "text\n", 0644);
    for (const std::string& command : {directory() / "plain", std::string("/etc/passwd"), std::string("/etc")}) {
        const Result result = inside({command}, {.directory = directory().path()});
        EXPECT_EQ(result.exit_status, 126) << result;
        EXPECT_TRUE(is_sandbox_error(result.err)) << result;
        EXPECT_NE(result.err.find(command), std::string::npos) << result;
    }
}

// As env(1) and every shell do it.
TEST_F(ProcessStatus, AnExecutableFileWithoutAKnownFormatIsAShellScript) {
    make_file(directory() / "script", "echo \"$1\"; exit 9\n", 0755);
    const Result result = inside({"./script", "word"}, {.directory = directory().path()});
    EXPECT_EQ(result.exit_status, 9) << result;
    EXPECT_EQ(result.out, "word\n") << result;
}

TEST_F(ProcessStatus, AScriptWhoseInterpreterIsMissingNamesIt) {
    make_file(directory() / "script", "#!/no/such/interpreter\n", 0755);
    const Result result = inside({"./script"}, {.directory = directory().path()});
    EXPECT_TRUE(result.exit_status == 126 || result.exit_status == 127) << result;
    EXPECT_TRUE(is_sandbox_error(result.err)) << result;
    EXPECT_NE(result.err.find("/no/such/interpreter"), std::string::npos) << result;
}

TEST_F(ProcessStatus, AScriptIsRun) {
    make_file(directory() / "script", "#!/bin/sh\necho \"$0 $1\"\nexit 9\n", 0755);
    const Result result = inside({"./script", "word"}, {.directory = directory().path()});
    EXPECT_EQ(result.exit_status, 9) << result;
    EXPECT_EQ(result.out, "./script word\n");
}

TEST_F(ProcessStatus, WrongUseIs125AndRunsNothing) {
    const std::vector<std::vector<std::string>> wrong{
        {"--no-such-option"}, {"--hostname"}, {"--uid", "12x"}, {"--net", "sometimes"}};
    for (const auto& options : wrong) {
        const Result result = inside({"echo", "ran"}, {.sandbox = options});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(is_sandbox_error(result.err)) << result;
        EXPECT_NE(result.err.find(options[0]), std::string::npos) << result;
        EXPECT_EQ(result.out, "");
    }
}

TEST_F(ProcessStatus, ASandboxThatCannotBeSetUpIs125) {
    const Result result = inside({"echo", "ran"}, {.sandbox = {"--ro", "/no/such/source:/mnt"}});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(is_sandbox_error(result.err)) << result;
    EXPECT_NE(result.err.find("/no/such/source"), std::string::npos) << result;
    EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace sandbox_test
