// --seccomp-log: the calls that are refused are named, and nothing else changes.
#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class ConfinementRefusals : public SandboxTest {};

std::vector<std::string> refusals(const Result& result) {
    std::vector<std::string> lines;
    for (const std::string& line : lines_of(result.err)) {
        if (line.starts_with("sandbox: refused: ")) {
            lines.push_back(line);
        }
    }
    return lines;
}
/// Whether a line says of a call that it was refused with this, so often.
bool names(const Result& result, const std::string& call) {
    return std::ranges::any_of(refusals(result), [&](const std::string& line) {
        return line.starts_with("sandbox: refused: " + call + ", ");
    });
}

/// Python with the C library at hand.
Result python(const std::string& script, std::vector<std::string> options = {}) {
    options.emplace_back("--seccomp-log");
    return inside(
        {"python3", "-c", "import ctypes, os, socket, threading\nlibc = ctypes.CDLL(None, use_errno=True)\n" + script},
        {.sandbox = options});
}

TEST_F(ConfinementRefusals, EveryCallGetsTheSameAnswer) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--init"}, {"--seccomp", "strict"}}) {
        std::vector<std::string> logged = more;
        logged.emplace_back("--seccomp-log");
        const Result without = inside({probe("calls")}, {.sandbox = more});
        const Result with = inside({probe("calls")}, {.sandbox = logged});
        EXPECT_EQ(with.exit_status, 0) << with;
        EXPECT_EQ(with.out, without.out);
        EXPECT_TRUE(refusals(without).empty()) << without;
        for (const char* call : {"bpf (EPERM)", "mount (EPERM)", "ioctl (EPERM)", "unshare (EPERM)", "clone3 (ENOSYS)",
                                 "socket (EAFNOSUPPORT)"}) {
            EXPECT_TRUE(names(with, call)) << call << with;
        }
    }
}

TEST_F(ConfinementRefusals, SilentWhereNothingIsRefused) {
    const Result result = inside({"true"}, {.sandbox = {"--seccomp-log"}});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.err, "");
}

TEST_F(ConfinementRefusals, WhatAProfileRefuses) {
    const std::string file = directory() / "profile.json";
    write_file(file, R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99},
        {"names": ["rmdir", "unlinkat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0}]})");
    const Result result = inside_shell("mkdir /tmp/new || echo refused; rmdir /tmp/none && echo pretended",
                                       {.sandbox = {"--seccomp", file, "--seccomp-log"}});
    EXPECT_EQ(result.out, "refused\npretended\n") << result;
    EXPECT_TRUE(contains(result.err, "Cannot assign requested address")) << result;
    EXPECT_TRUE(names(result, "mkdir (EADDRNOTAVAIL)") || names(result, "mkdirat (EADDRNOTAVAIL)")) << result;
    EXPECT_TRUE(names(result, "rmdir") || names(result, "unlinkat")) << result;
}

TEST_F(ConfinementRefusals, OfThreadsAndChildren) {
    const Result result = python(R"(
def refused():
    for _ in range(50):
        assert libc.mount(None, None, None, 0, None) == -1 and ctypes.get_errno() == 1
threads = [threading.Thread(target=refused) for _ in range(8)]
for thread in threads: thread.start()
if os.fork() == 0:
    refused()
    os._exit(0)
assert os.wait()[1] == 0
for thread in threads: thread.join()
print('done')
)");
    EXPECT_EQ(result.out, "done\n") << result;
    EXPECT_TRUE(names(result, "mount (EPERM), 450 times")) << result;
}

TEST_F(ConfinementRefusals, TheCallsThatCarryTheListener) {
    const Result result = python(R"(
a, b = socket.socketpair()
try: a.sendmsg([b'x'])
except PermissionError: print('sendmsg')
if libc.syscall(317 if os.uname().machine == 'x86_64' else 277, 2, 0, None) == -1 and ctypes.get_errno() == 1: print('seccomp')
)",
                                 {"--deny-syscall", "sendmsg,seccomp"});
    EXPECT_EQ(result.out, "sendmsg\nseccomp\n") << result;
    EXPECT_FALSE(names(result, "sendmsg (EPERM)")) << "as the man page says" << result;
}

TEST_F(ConfinementRefusals, NamesThatACommandGivesItselfAreHarmless) {
    const Result result = python("libc.prctl(15, b'a\\x1b[2J\\nb', 0, 0, 0)\nlibc.mount(None, None, None, 0, None)\n");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_TRUE(contains(result.err, "(a\\x1b[2J\\x0ab)")) << result;
    EXPECT_FALSE(contains(result.err, "\x1b"));
}

TEST_F(ConfinementRefusals, CallsThatAreMadeUpAreBounded) {
    const Result result = python("for n in range(2000, 2600): libc.syscall(n)\nprint('done')\n");
    EXPECT_EQ(result.out, "done\n") << result;
    EXPECT_LE(refusals(result).size(), 257U);
    EXPECT_TRUE(names(result, "call 2000 (ENOSYS)")) << result;
    EXPECT_TRUE(names(result, "other calls")) << result;
}

TEST_F(ConfinementRefusals, NothingIsInherited) {
    const Result result = inside({"ls", "/proc/self/fd"}, {.sandbox = {"--seccomp-log"}});
    EXPECT_EQ(result.out, "0\n1\n2\n3\n") << "3 is the directory itself" << result;
}

TEST_F(ConfinementRefusals, TheEndDoesNotWaitForRefusedCalls) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--init"}, {"--share", "pid"}}) {
        std::vector<std::string> options = more;
        options.emplace_back("--seccomp-log");
        const Result result =
            inside({"python3", "-c",
                    "import ctypes, os\nlibc = ctypes.CDLL(None)\nif os.fork() == 0:\n  for _ in range(3000): "
                    "libc.mount(None, None, None, 0, None)\n  os._exit(0)\n"},
                   {.sandbox = options});
        EXPECT_EQ(result.exit_status, 0) << result;
    }
}

TEST_F(ConfinementRefusals, AKilledLauncherLeavesNothing) {
    Running running = start_inside({"python3", "-c",
                                    "import ctypes\nlibc = ctypes.CDLL(None)\nprint('up', flush=True)\n"
                                    "while True: libc.mount(None, None, None, 0, None)\n"},
                                   {.sandbox = {"--seccomp-log", "--init"}});
    running.expect("up\n");
    running.send(SIGKILL);
    EXPECT_EQ(running.wait().signal, SIGKILL);
}

TEST_F(ConfinementRefusals, OneListenerAlone) {
    const std::string binary = sandbox_binary();
    const Result result =
        inside({binary, "--seccomp-log", "--share", "pid", "--net", "host", "--", "true"},
               {.sandbox = {"--seccomp-log", "--ro", binary, "--allow-namespaces", "user,mnt,pid,net,ipc,uts,cgroup"}});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(contains(result.err, "cannot set up seccomp: a filter around this process has a listener already"))
        << result;
}

TEST_F(ConfinementRefusals, TheStatusIsTheCommands) {
    const Result result = inside_shell("mount -t tmpfs x /mnt 2>/dev/null; exit 7", {.sandbox = {"--seccomp-log"}});
    EXPECT_EQ(result.exit_status, 7) << result;
    EXPECT_FALSE(refusals(result).empty()) << result;
}

TEST_F(ConfinementRefusals, ExplainSaysIt) {
    const Result result = inside({"true"}, {.sandbox = {"--seccomp-log", "--explain"}});
    EXPECT_TRUE(contains(result.out, "default; what is refused is named at the end")) << result;
}

}  // namespace
}  // namespace sandbox_test
