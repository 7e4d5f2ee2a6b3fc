// --seccomp FILE: what a container's profile says is what the command meets, and what is no profile is refused before
// anything is started.
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

#include <cerrno>
#include <csignal>

#include <sys/stat.h>

namespace sandbox_test {
namespace {

class ConfinementProfile : public SandboxTest {
  protected:
    /// The name of a file with this text.
    std::string profile(const std::string& text) {
        std::string path = directory() / "profile.json";
        write_file(path, text);
        return path;
    }
    /// The name of a profile that allows all but what these rules say.
    std::string all_but(const std::string& rules) {
        return profile(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [)" + rules + "]}");
    }
    Result under(const std::string& file, const std::vector<std::string>& command,
                 std::vector<std::string> options = {}) {
        options.insert(options.end(), {"--seccomp", file});
        return inside(command, {.sandbox = options});
    }
};

const std::string no_mkdir = R"({"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99})";

TEST_F(ConfinementProfile, RefusesWithTheErrnoThatItNames) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}}) {
        const Result result = under(all_but(no_mkdir), {"mkdir", "/tmp/new"}, options);
        EXPECT_EQ(result.exit_status, 1) << result;
        EXPECT_TRUE(contains(result.err, "Cannot assign requested address")) << "EADDRNOTAVAIL is 99" << result;
    }
    EXPECT_EQ(under(all_but(""), {"mkdir", "/tmp/new"}).exit_status, 0);
}

TEST_F(ConfinementProfile, ListsOnTop) {
    const std::string file = all_but(no_mkdir);
    EXPECT_EQ(under(file, {"mkdir", "/tmp/new"}, {"--allow-syscall", "mkdir,mkdirat"}).exit_status, 0);
    const Result denied = under(file, {"mkdir", "/tmp/new"}, {"--deny-syscall", "mkdir,mkdirat"});
    EXPECT_EQ(denied.exit_status, 1) << denied;
    EXPECT_TRUE(contains(denied.err, "Operation not permitted")) << denied;
}

TEST_F(ConfinementProfile, KillsWhoMakesACall) {
    const Result result =
        under(all_but(R"({"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"})"), {"mkdir", "/tmp/new"});
    EXPECT_EQ(result.exit_status, 128 + SIGSYS) << result;
}

TEST_F(ConfinementProfile, ByDefaultKilled) {
    // What a static program needs, and not a call more.
    const std::string file =
        profile(R"({"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [{"action": "SCMP_ACT_ALLOW",
        "names": ["execve", "write", "rt_sigprocmask", "exit_group", "brk", "mmap", "munmap", "mprotect", "arch_prctl",
                  "set_tid_address", "set_robust_list", "rseq", "prlimit64", "readlink", "readlinkat", "getrandom",
                  "fstat", "newfstatat", "ioctl", "writev", "read", "close", "getuid", "getgid", "geteuid", "getegid",
                  "setuid", "setgid", "prctl", "openat", "open", "lseek", "uname", "rt_sigaction"]}]})");
    const Result alive = under(file, {"busybox", "echo", "alive"});
    EXPECT_EQ(alive.exit_status, 0) << alive;
    EXPECT_EQ(alive.out, "alive\n");
    EXPECT_EQ(under(file, {"busybox", "mkdir", "/tmp/new"}).exit_status, 128 + SIGSYS);
}

TEST_F(ConfinementProfile, WhatStaysInFront) {
    const Result result = under(all_but(""), {probe("calls")});
    EXPECT_EQ(result.exit_status, 0) << result;
    for (const char* line : {"ioctl TIOCSTI: EPERM", "ioctl TIOCSTI and more: EPERM", "ioctl TIOCSETD: EPERM"}) {
        EXPECT_TRUE(has_line(result.out, line)) << result;
    }
#if defined(__x86_64__)
    EXPECT_TRUE(has_line(result.out, "x32: ENOSYS")) << result;
#endif
}

TEST_F(ConfinementProfile, OneFilterIsLoaded) {
    const Result result = under(all_but(no_mkdir), {"grep", "-E", "^Seccomp", "/proc/self/status"});
    EXPECT_TRUE(has_line(result.out, "Seccomp:\t2")) << result;
    EXPECT_TRUE(!contains(result.out, "Seccomp_filters") || has_line(result.out, "Seccomp_filters:\t1"))
        << "or this is a sandbox already" << result;
}

TEST_F(ConfinementProfile, RelativeToTheCurrentDirectory) {
    all_but(no_mkdir);
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--seccomp", "profile.json"}, .directory = directory().path()}).exit_status,
              0);
}

TEST_F(ConfinementProfile, WhatIsNoProfile) {
    const auto refused = [this](const std::string& file, const std::string& why) {
        for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--explain"}}) {
            const Result result = under(file, {"true"}, options);
            EXPECT_EQ(result.exit_status, 125) << result;
            EXPECT_TRUE(result.err.starts_with("sandbox: --seccomp " + file + ": " + why)) << result;
            EXPECT_EQ(result.out, "");
        }
    };
    refused(profile("{\n"), "line 2: not JSON");
    refused(profile(R"({"defaultAction": "SCMP_ACT_NOTIFY"})"), "line 1: SCMP_ACT_NOTIFY");
    refused(profile(std::string((1 << 20) + 1, ' ')), "it holds more than 1 MiB");
    refused(profile(R"({"defaultAction": "SCMP_ACT_KILL"})"), "the command is started under the filter");
    refused(directory() / "missing", "cannot read it: No such file or directory");
    refused(directory().path(), "it is a directory");
    refused("/dev/null", "it is no regular file");
    refused("/dev/zero", "it is no regular file");
    const std::string fifo = directory() / "fifo";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0666), 0);
    refused(fifo, "it is no regular file");
}

TEST_F(ConfinementProfile, Contradictions) {
    const Result strict = under(all_but(""), {"true"}, {"--strict"});
    EXPECT_EQ(strict.exit_status, 125) << strict;
    EXPECT_TRUE(contains(strict.err, "--strict: --seccomp would open what it closes")) << strict;
    const Result word = inside({"true"}, {.sandbox = {"--seccomp", "strikt"}});
    EXPECT_EQ(word.exit_status, 125) << word;
    EXPECT_TRUE(contains(word.err, "did you mean strict?")) << word;
}

TEST_F(ConfinementProfile, TheProfileThatPodmanHas) {
    const std::string file = "/usr/share/containers/seccomp.json";
    const Result result = under(file, {"sh", "-c", "mkdir /tmp/new && ls / >/dev/null && echo done"});
    EXPECT_EQ(result.out, "done\n") << result;
}

}  // namespace
}  // namespace sandbox_test
