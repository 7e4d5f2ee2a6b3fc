// What sandbox is given by whoever starts it: odd descriptors, signals, limits, arguments. Each works, or is a clear
// error.
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <numeric>
#include <sstream>

#include "support/sandbox_test.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using ProcessInherited = SandboxTest;
using sandbox::sys::UniqueFd;

// The value of a line of the probe `state`.
std::string value_of(const std::string& name, const std::string& state) {
    std::istringstream lines(state);
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(name + "=", 0) == 0) {
            return line.substr(name.size() + 1);
        }
    }
    ADD_FAILURE() << "no " << name << " in:\n" << state;
    return {};
}

// The numbers of the descriptors that the probe `state` found.
std::vector<int> descriptors_of(const std::string& state) {
    std::vector<int> numbers;
    std::istringstream words(value_of("descriptors", state));
    for (std::string word; words >> word;) {
        if (word.find("->") != std::string::npos) {
            numbers.push_back(std::stoi(word));
        }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

void expect_works_or_clear_error(const Result& result, const std::string& circumstance) {
    const bool works = result.exit_status == 7 && result.out == "works\n" && result.err.empty();
    const bool clear_error = result.exit_status == 125 && result.out.empty() && result.err.rfind("sandbox: ", 0) == 0;
    EXPECT_TRUE(works || clear_error) << circumstance << "\n" << result;
}

void expect_works(const Result& result, const std::string& circumstance = "") {
    EXPECT_EQ(result.exit_status, 7) << circumstance << "\n" << result;
    EXPECT_EQ(result.out, "works\n") << circumstance << "\n" << result;
    EXPECT_EQ(result.err, "") << circumstance << "\n" << result;
}

const std::string works = "echo works; exit 7";

TEST_F(ProcessInherited, OnlyThreeDescriptorsAreOpenInside) {
    const Result result = inside({probe("state")});
    EXPECT_EQ(descriptors_of(result.out), (std::vector<int>{0, 1, 2})) << result;
}

TEST_F(ProcessInherited, OtherDescriptorsAreNotOpenInside) {
    const UniqueFd root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const UniqueFd path(open("/etc", O_PATH | O_CLOEXEC));
    const UniqueFd memory(memfd_create("secret", MFD_CLOEXEC));
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const UniqueFd here(ends[0]);
    const UniqueFd there(ends[1]);
    const UniqueFd self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}}) {
        const Result result = inside({probe("state")}, {.sandbox = options,
                                                        .descriptors = {{3, root.get()},
                                                                        {4, there.get()},
                                                                        {5, memory.get()},
                                                                        {7, path.get()},
                                                                        {9, self.get()},
                                                                        {63, root.get()},
                                                                        {999, memory.get()}}});
        EXPECT_EQ(descriptors_of(result.out), (std::vector<int>{0, 1, 2})) << result;
    }
}

TEST_F(ProcessInherited, ADirectoryAsStdinStdoutOrStderrIsRefused) {
    const UniqueFd directory_descriptor(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const int number : {0, 1, 2}) {
        const Result result = inside_shell(works, {.descriptors = {{number, directory_descriptor.get()}}});
        EXPECT_EQ(result.exit_status, 125) << number << "\n" << result;
        EXPECT_EQ(result.out, "");
        if (number != 2) {
            EXPECT_EQ(result.err.rfind("sandbox: ", 0), 0U) << result;
        }
    }
}

TEST_F(ProcessInherited, ADescriptorOpenedWithOPathIsRefused) {
    for (const std::string& path : {std::string("/"), std::string("/dev/null"), std::string("/etc/passwd")}) {
        const UniqueFd descriptor(open(path.c_str(), O_PATH | O_CLOEXEC));
        for (const int number : {0, 1, 2}) {
            const Result result = inside_shell(works, {.descriptors = {{number, descriptor.get()}}});
            EXPECT_EQ(result.exit_status, 125) << path << number << "\n" << result;
            EXPECT_EQ(result.out, "");
        }
    }
}

TEST_F(ProcessInherited, AClosedStdinStdoutOrStderrBecomesDevNull) {
    const std::string found = directory() / "found";
    const std::vector<std::vector<int>> sets{{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 2}, {0, 1, 2}};
    for (const std::vector<int>& closed : sets) {
        // In the subshells, as a redirection in the shell itself would replace what is looked at.
        std::string script;
        for (const int number : closed) {
            script += "all=\"$all$(readlink /proc/$$/fd/" + std::to_string(number) + ") \"; ";
        }
        script += "echo \"$all\" > found; exit 7";
        const Result result = inside_shell(
            script, {.sandbox = {"--rw", directory().path()}, .directory = directory().path(), .before_exec = [&] {
                         for (const int number : closed) {
                             close(number);
                         }
                     }});
        EXPECT_EQ(result.exit_status, 7) << result;
        std::string expected;
        for (std::size_t i = 0; i < closed.size(); ++i) {
            expected += "/dev/null ";
        }
        EXPECT_EQ(read_file(found), expected + "\n") << "closed " << closed.size() << ", the first " << closed[0];
    }
}

TEST_F(ProcessInherited, AnIgnoredSigchldDoesNoHarm) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}}) {
        expect_works(
            inside_shell("true; " + works, {.sandbox = options, .before_exec = [] { signal(SIGCHLD, SIG_IGN); }}));
    }
}

TEST_F(ProcessInherited, AnIgnoredHangupStaysIgnoredAsNohupWants) {
    Running running = start_inside({"sh", "-c", "echo ready; read line; exit 7"},
                                   {.keep_input_open = true, .before_exec = [] { signal(SIGHUP, SIG_IGN); }});
    running.expect("ready\n");
    running.send(SIGHUP);
    running.write("line\n");
    EXPECT_EQ(running.wait().exit_status, 7);
}

TEST_F(ProcessInherited, SignalsThatAreAllBlockedDoNoHarm) {
    const auto block_all = [] {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
    };
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}}) {
        expect_works(inside_shell("true; " + works, {.sandbox = options, .before_exec = block_all}));
    }
    // Also for one that has to be ended.
    Running running = start_inside({probe("orphans"), "hold", "2"}, {.before_exec = block_all});
    running.expect("up\n");
    running.send(SIGKILL);
    EXPECT_EQ(running.wait().signal, SIGKILL);
}

TEST_F(ProcessInherited, AUmaskOf0777DoesNoHarmAndIsPassedOn) {
    const Result result = inside_shell("umask; : > /tmp/x; mkdir /tmp/y; ls -ld /tmp /dev /run /proc; exit 7",
                                       {.before_exec = [] { umask(0777); }});
    EXPECT_EQ(result.exit_status, 7) << result;
    EXPECT_EQ(result.out.rfind("0777\n", 0), 0U) << result;
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(result.out.find("d---------"), std::string::npos) << result;
}

TEST_F(ProcessInherited, AUmaskDoesNotChangeTheView) {
    const std::string script = "stat -c '%a %n' / /dev /dev/* /tmp /run /var/tmp \"$HOME\" /proc /sys";
    const Result usual = inside_shell(script, {.before_exec = [] { umask(0022); }});
    const Result odd = inside_shell(script, {.before_exec = [] { umask(0777); }});
    EXPECT_EQ(odd.out, usual.out);
}

TEST_F(ProcessInherited, FewDescriptorsWorkOrAreAClearError) {
    for (rlim_t files = 3; files <= 20; ++files) {
        for (const std::vector<std::string>& options :
             {std::vector<std::string>{}, {"--init"}, {"--landlock", "none"}}) {
            const Result result = inside_shell(works, {.sandbox = options, .before_exec = [files] {
                                                           const rlimit limit{files, files};
                                                           setrlimit(RLIMIT_NOFILE, &limit);
                                                       }});
            expect_works_or_clear_error(result, "RLIMIT_NOFILE " + std::to_string(files));
        }
    }
}

TEST_F(ProcessInherited, TwentyDescriptorsAreEnough) {
    expect_works(inside_shell(works, {.before_exec = [] {
                                  const rlimit limit{20, 20};
                                  setrlimit(RLIMIT_NOFILE, &limit);
                              }}));
}

TEST_F(ProcessInherited, TheLimitOfDescriptorsIsPassedOn) {
    const Result result = inside_shell("ulimit -n", {.before_exec = [] {
                                           const rlimit limit{77, 77};
                                           setrlimit(RLIMIT_NOFILE, &limit);
                                       }});
    EXPECT_EQ(result.out, "77\n") << result;
}

// Not even argv[0]. The kernel makes it one empty argument since 5.18.
TEST_F(ProcessInherited, NoArgumentsAtAllDoNoHarm) {
    const std::string binary = sandbox_binary();
    char* const none[] = {nullptr};
    // That is an interactive shell, which finds the end of its input at once.
    const Result result = run({binary}, {.before_exec = [&] { execve(binary.c_str(), none, environ); }});
    EXPECT_TRUE(result.exit_status == 0 || result.exit_status == 125) << result;
    EXPECT_EQ(result.signal, 0);
}

TEST_F(ProcessInherited, NoEnvironmentAtAllDoesNoHarm) {
    std::vector<std::string> words = sandbox_command({"/bin/sh", "-c", works});
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    expect_works(run(words, {.before_exec = [&] { execve(argv[0], argv.data(), nullptr); }}));
}

TEST_F(ProcessInherited, ADeletedCurrentDirectoryWorksOrIsAClearError) {
    const std::string deleted = directory() / "deleted";
    const auto enter_and_delete = [&] {
        if (mkdir(deleted.c_str(), 0755) != 0 || chdir(deleted.c_str()) != 0 || rmdir(deleted.c_str()) != 0) {
            _exit(100);
        }
    };
    expect_works_or_clear_error(inside_shell(works, {.before_exec = enter_and_delete}), "the default");
    expect_works(inside_shell(works, {.sandbox = {"--cwd", "/"}, .before_exec = enter_and_delete}), "--cwd /");
}

TEST_F(ProcessInherited, ACurrentDirectoryThatCannotBeReadWorksOrIsAClearError) {
    const std::string closed = directory() / "closed";
    const auto enter_and_close = [&] {
        mkdir(closed.c_str(), 0755);
        if (chdir(closed.c_str()) != 0 || chmod(closed.c_str(), 0) != 0) {
            _exit(100);
        }
    };
    const Result result = inside_shell(works, {.before_exec = enter_and_close});
    chmod(closed.c_str(), 0755);
    expect_works_or_clear_error(result, "the default");
}

TEST_F(ProcessInherited, AnArgumentOf100000BytesArrivesWhole) {
    const Result result = inside({probe("state"), std::string(100000, 'x')});
    EXPECT_EQ(value_of("argument_bytes", result.out), "100000") << result;
}

TEST_F(ProcessInherited, TenThousandArgumentsArrive) {
    std::vector<std::string> command{"sh", "-c", "echo $#", "sh"};
    command.insert(command.end(), 10000, "an argument");
    EXPECT_EQ(inside(command).out, "10000\n");
}

TEST_F(ProcessInherited, ArgumentsArriveUnchanged) {
    const Result result = inside({"printf", "<%s>", "", " ", "a b", "--", "--help", "\n", "$HOME", "\xff\xfe", "'"});
    EXPECT_EQ(result.out, "<>< ><a b><--><--help><\n><$HOME><\xff\xfe><'>") << result;
}

TEST_F(ProcessInherited, AnEnvironmentVariableOf100000BytesDoesNoHarm) {
    expect_works(inside_shell(works, {.set = {{"LC_LONG", std::string(100000, 'x')}}}));
}

TEST_F(ProcessInherited, SecretsOfTheCallerAreInNoEnvironmentAndNoCommandLineInside) {
    const std::string secret = "hunter2-of-the-caller";
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}, {"--new-session"}}) {
        const Result result = inside_shell("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/comm 2>&1; env",
                                           {.sandbox = options,
                                            .set = {{"AWS_SECRET_ACCESS_KEY", secret},
                                                    {"SSH_AUTH_SOCK", "/" + secret},
                                                    {"GITHUB_TOKEN", secret},
                                                    {"https_proxy", "http://user:" + secret + "@proxy"}}});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_NE(result.out.find("container=sandbox"), std::string::npos) << result;
        EXPECT_EQ(result.out.find(secret), std::string::npos) << result;
    }
}

TEST_F(ProcessInherited, NoPrivilegeCanBeGained) {
    const Result result = inside({probe("state")});
    EXPECT_EQ(value_of("NoNewPrivs", result.out), "1") << result;
    EXPECT_EQ(value_of("TracerPid", result.out), "0") << result;
}

TEST_F(ProcessInherited, ANewSessionIsLedByTheCommand) {
    const Result result = inside({probe("state")}, {.sandbox = {"--new-session"}});
    EXPECT_EQ(value_of("sid", result.out), value_of("pid", result.out)) << result;
}

// What the caller possesses by its session, the command does not.
TEST_F(ProcessInherited, TheKeysOfTheCallersSessionAreNotPossessed) {
    const std::string name = "sandbox-test-" + std::to_string(getpid());
    const auto with_key = [&](const std::vector<std::string>& command) {
        std::vector<std::string> all{probe("keys"), "with", name};
        all.insert(all.end(), command.begin(), command.end());
        return run(all);
    };
    const Result outside = with_key({probe("keys"), "find", name});
    if (outside.out == "ENOSYS\n") {
        GTEST_SKIP() << "this kernel has no keys";
    }
    EXPECT_EQ(outside.out, "done\n") << "as a control" << outside;
    const Result result = with_key(sandbox_command({probe("keys"), "find", name}));
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_NE(result.out, "done\n") << result;
}

}  // namespace
}  // namespace sandbox_test
