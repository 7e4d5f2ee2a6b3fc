// The system call filter: what is refused and what is not, by the calls themselves (tests/probe/calls.c), and that
// programs run under it.
#include <map>
#include <set>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class ConfinementSeccomp : public SandboxTest {};

using Answers = std::map<std::string, std::string>;

/// What the probe says, by name of the attempt.
Answers answers(const std::vector<std::string>& options = {}) {
    const Result result = inside({probe("calls")}, {.sandbox = options});
    EXPECT_EQ(result.exit_status, 0) << result;
    Answers all;
    for (const std::string& line : lines_of(result.out)) {
        const std::size_t colon = line.find(": ");
        if (colon != std::string::npos) {
            all[line.substr(0, colon)] = line.substr(colon + 2);
        }
    }
    EXPECT_FALSE(all.empty()) << result;
    return all;
}

/// What this machine's kernel or libc may lack is `?` or not there; everything else has to have that answer.
void expect_answer(const Answers& all, const std::vector<std::string>& names, const std::string& answer) {
    for (const std::string& name : names) {
        const auto found = all.find(name);
        ASSERT_NE(found, all.end()) << name;
        EXPECT_EQ(found->second, answer) << name;
    }
}

const std::vector<std::string>& mounts() {
    static const std::vector<std::string> names{"mount",     "umount2", "pivot_root", "mount_setattr", "move_mount",
                                                "open_tree", "fsopen",  "fsconfig",   "fsmount",       "fspick"};
    return names;
}
const std::vector<std::string>& refused() {
    static const std::vector<std::string> names{"setns",
                                                "bpf",
                                                "perf_event_open",
                                                "userfaultfd",
                                                "io_uring_setup",
                                                "io_uring_enter",
                                                "io_uring_register",
                                                "keyctl",
                                                "add_key",
                                                "request_key",
                                                "open_by_handle_at",
                                                "kexec_load",
                                                "init_module",
                                                "finit_module",
                                                "delete_module",
                                                "swapon",
                                                "swapoff",
                                                "quotactl",
                                                "quotactl_fd",
                                                "acct",
                                                "reboot",
                                                "settimeofday",
                                                "clock_settime",
                                                "adjtimex",
                                                "clock_adjtime",
                                                "lookup_dcookie",
                                                "syslog",
                                                "fanotify_init",
                                                "move_pages",
                                                "migrate_pages",
                                                "clone user",
                                                "clone net",
                                                "unshare user",
                                                "unshare mnt",
                                                "personality executable stack",
                                                "ioctl TIOCSTI",
                                                "ioctl TIOCSTI and more",
                                                "ioctl TIOCSETD"};
    return names;
}

TEST_F(ConfinementSeccomp, WhatIsRefused) {
    const Answers all = answers();
    expect_answer(all, mounts(), "EPERM");
    expect_answer(all, refused(), "EPERM");
    expect_answer(all, {"clone3", "a number without a call"}, "ENOSYS");
    expect_answer(all,
                  {"socket alg", "socket packet", "socket packet by inet", "socket vsock", "socket rxrpc",
                   "socket tipc", "socket can", "socket key", "socket xdp", "socketpair tipc"},
                  "EAFNOSUPPORT");
    expect_answer(all, {"socket netlink audit", "socket netlink netfilter", "socket netlink xfrm"}, "EPROTONOSUPPORT");
    for (const char* name : {"iopl", "ioperm", "modify_ldt"}) {
        EXPECT_EQ(all.contains(name) ? all.at(name) : "EPERM", "EPERM") << name;
    }
#if defined(__x86_64__)
    expect_answer(all, {"x32"}, "ENOSYS");
    EXPECT_TRUE(all.at("int 0x80") == "ENOSYS" || all.at("int 0x80") == "ended by signal 11")
        << all.at("int 0x80") << ": the filter's answer, or that of a kernel without 32-bit programs";
#endif
}

TEST_F(ConfinementSeccomp, WhatIsAllowed) {
    expect_answer(answers(),
                  {"socket unix", "socket inet", "socket inet6", "socket netlink route", "socketpair unix", "clone",
                   "unshare files", "thread", "trace a child", "kcmp", "chroot", "sethostname", "get_mempolicy",
                   "personality question", "personality fixed addresses", "personality linux"},
                  "done");
}

TEST_F(ConfinementSeccomp, OneFilterIsLoaded) {
    const Result result = inside({"grep", "-E", "^Seccomp", "/proc/self/status"});
    EXPECT_TRUE(has_line(result.out, "Seccomp:\t2")) << result;
    EXPECT_TRUE(!contains(result.out, "Seccomp_filters") || has_line(result.out, "Seccomp_filters:\t1"))
        << "or this is a sandbox already" << result;
}

/// The attempts that options change the answer of.
std::set<std::string> changed_by(const std::vector<std::string>& options, const Answers& usual) {
    std::set<std::string> names;
    for (const auto& [name, answer] : answers(options)) {
        if (answer != usual.at(name)) {
            names.insert(name);
        }
    }
    return names;
}

/// What the kernel itself says to calls that make no sense may be EPERM, too: a capability is missing, or a setting. As
/// seen with all of them let through.
std::set<std::string> visible(std::set<std::string> names, const std::vector<std::string>& options) {
    for (const auto& [name, answer] : answers(options)) {
        if (answer == "EPERM" || answer == "EAFNOSUPPORT" || answer == "EPROTONOSUPPORT") {
            names.erase(name);
        }
    }
    return names;
}

TEST_F(ConfinementSeccomp, WhatIsOpenedIsAllThatIsOpened) {
    const Answers usual = answers();
    const auto expect_opened = [&](const std::vector<std::string>& options, const std::set<std::string>& names) {
        std::vector<std::string> unfiltered{"--seccomp", "none"};
        unfiltered.insert(unfiltered.end(), options.begin(), options.end());
        const std::set<std::string> shown = visible(names, unfiltered);
        EXPECT_FALSE(shown.empty());
        EXPECT_EQ(changed_by(options, usual), shown) << testing::PrintToString(options);
    };
    expect_opened({"--own", "ipc"}, {"setns"});
    expect_opened({"--allow-namespaces", "user"}, {"setns", "clone user", "unshare user"});
    expect_opened({"--own", "net"}, {"setns", "socket netlink netfilter", "socket netlink xfrm", "socket packet",
                                     "socket packet by inet"});
    std::set<std::string> mnt(mounts().begin(), mounts().end());
    mnt.insert("setns");
    expect_opened({"--own", "mnt"}, mnt);
}

// So that the tests above are about the filter.
TEST_F(ConfinementSeccomp, WithNoneTheKernelAnswers) {
    const Answers usual = answers();
    const Answers all = answers({"--seccomp", "none"});
    expect_answer(all, {"ioctl TIOCSTI", "ioctl TIOCSTI and more", "ioctl TIOCSETD"}, "EPERM");
    expect_answer(all, {"clone3", "personality executable stack"}, "done");
    expect_answer(all, {"setns"}, "EBADF");
    expect_answer(all, {"keyctl"}, "EOPNOTSUPP");
    expect_answer(all, {"adjtimex"}, "EFAULT");
    expect_answer(all, {"unshare user", "unshare mnt", "clone user"}, "ENOSPC");
    expect_answer(all, {"a number without a call"}, "ENOSYS");
#if defined(__x86_64__)
    expect_answer(all, {"x32"}, "ENOSYS");
#endif
    EXPECT_GE(changed_by({"--seccomp", "none"}, usual).size(), 20U);
}

TEST_F(ConfinementSeccomp, Strict) {
    const Answers usual = answers();
    EXPECT_EQ(changed_by({"--seccomp", "strict"}, usual),
              (std::set<std::string>{"chroot", "get_mempolicy", "kcmp", "memfd_secret", "personality question",
                                     "personality fixed addresses", "personality linux", "sethostname", "socket inet",
                                     "socket inet6", "socket netlink route", "socket netlink audit",
                                     "socket netlink netfilter", "socket netlink xfrm", "trace a child"}));
    EXPECT_EQ(inside_shell("sort /etc/passwd | head -c 0; echo sorted", {.sandbox = {"--seccomp", "strict"}}).out,
              "sorted\n");
}

TEST_F(ConfinementSeccomp, SingleCallsAndGroups) {
    const Answers usual = answers();
    const auto expect_changed = [&](const std::vector<std::string>& options, const std::set<std::string>& names) {
        EXPECT_EQ(changed_by(options, usual), names) << testing::PrintToString(options);
    };
    expect_changed({"--allow-syscall", "setns,adjtimex"}, {"setns", "adjtimex"});
    expect_changed({"--allow-syscall", "@keyring"}, {"keyctl", "add_key", "request_key"});
    expect_changed({"--allow-syscall", "clone3"}, {"clone3"});
    expect_changed({"--allow-syscall", "personality"}, {"personality executable stack"});
    expect_changed({"--allow-syscall", "ioctl"}, {});
    expect_changed({"--deny-syscall", "chroot", "--deny-syscall", "kcmp"}, {"chroot", "kcmp"});
    expect_changed({"--deny-syscall", "@debug"}, {"kcmp", "trace a child"});
    expect_changed({"--deny-syscall", "setns,chroot", "--allow-syscall", "setns"}, {"chroot"});
    expect_changed(
        {"--seccomp", "strict", "--allow-syscall", "@debug,@numa,chroot,personality,sethostname,memfd_secret",
         "--deny-syscall", "move_pages,migrate_pages"},
        {"personality executable stack", "socket inet", "socket inet6", "socket netlink route", "socket netlink audit",
         "socket netlink netfilter", "socket netlink xfrm"});
    EXPECT_TRUE(changed_by({"--allow-syscall", "socket"}, usual).contains("socket packet"));
}

// Not the filter's work alone: what is let through meets the layers below.
TEST_F(ConfinementSeccomp, WhatIsLetThroughGivesNoPower) {
    const Result result = inside_shell("mount -t tmpfs none /tmp; unshare -U true; echo end",
                                       {.sandbox = {"--allow-syscall", "@mount,@namespace,clone"}});
    EXPECT_EQ(result.out, "end\n") << result;
    EXPECT_TRUE(contains(result.err, "ermission denied")) << result;
    EXPECT_TRUE(contains(result.err, "No space left")) << result;
}

TEST_F(ConfinementSeccomp, ProgramsRun) {
    const std::vector<std::pair<std::string, std::string>> scripts{
        {"ls -l / >/dev/null && cd /tmp && mkdir a b && echo read >a/a && tar -cf a.tar a && tar -xf a.tar -C b && "
         "cat b/a/a",
         "read\n"},
        {"sleep 0 & wait; ps -o comm= | grep -c ps", "1\n"},
        {"mkfifo /tmp/f; echo through >/tmp/f & cat /tmp/f", "through\n"},
        {"ip -o link | cut -d: -f2", " lo\n"},
        {"ping -c 1 -q 127.0.0.1 >/dev/null && echo pong", "pong\n"},
        {"setarch -R true && echo fixed", "fixed\n"},
        {"chroot / true && echo inside", "inside\n"},
        {"nice -n 5 timeout 20 sh -c 'ulimit -n 64; echo limited'", "limited\n"},
    };
    for (const auto& [script, out] : scripts) {
        const Result result = inside_shell(script);
        EXPECT_EQ(result.out, out) << script << result;
    }
}

TEST_F(ConfinementSeccomp, InterpretersAndToolsRun) {
    const std::vector<std::pair<std::string, std::string>> scripts{
        {"git",
         "cd /tmp && git init -q r && cd r && echo a >a && git add a && git -c user.name=a -c user.email=b "
         "commit -qm one && git gc -q && git log --format=%s"},
        {"python3",
         "python3 -c 'import threading, multiprocessing, asyncio, subprocess, socket, sqlite3\n"
         "t = threading.Thread(target=lambda: 0); t.start(); t.join()\n"
         "p = multiprocessing.get_context(\"fork\").Process(target=int); p.start(); p.join()\n"
         "asyncio.run(asyncio.sleep(0)); subprocess.run([\"true\"], check=True)\n"
         "s = socket.create_server((\"127.0.0.1\", 0)); c = socket.create_connection(s.getsockname())\n"
         "d = sqlite3.connect(\"/tmp/d\"); d.execute(\"create table t (x)\"); d.commit(); print(\"one\")'"},
        {"perl", "perl -MIO::Socket -e 'system(\"true\") == 0 and print \"one\\n\"'"},
        {"gdb", "gdb -q -batch -ex starti -ex 'info proc' -ex kill --args true >/dev/null 2>&1 && echo one"},
        {"strace", "strace -f -o /dev/null sh -c 'true; true' && echo one"},
        {"gcc", "cd /tmp && echo 'int main(void) { return 0; }' >a.c && gcc a.c -o a -pthread && ./a && echo one"},
    };
    unsigned ran = 0;
    for (const auto& [program, script] : scripts) {
        if (inside_shell("command -v " + program).exit_status != 0) {
            continue;
        }
        ++ran;
        const Result result = inside_shell(script);
        EXPECT_EQ(result.out, "one\n") << script << result;
    }
    EXPECT_GT(ran, 0U);
}

// It asks for the kernel's audit, and goes on when there is none.
TEST_F(ConfinementSeccomp, UsersCanBeAdded) {
    const Result result = inside_shell(
        "export PATH=$PATH:/usr/sbin:/sbin; mkdir -p /tmp/tree/etc && cd /tmp/tree/etc && "
        "touch passwd group shadow gshadow && useradd -P /tmp/tree somebody && cut -d : -f 1 passwd");
    EXPECT_EQ(result.out, "somebody\n") << result;
}

TEST_F(ConfinementSeccomp, ExplainNamesIt) {
    EXPECT_TRUE(contains(inside({"true"}, {.sandbox = {"--explain"}}).out, "seccomp            default\n"));
    EXPECT_TRUE(contains(inside({"true"}, {.sandbox = {"--own", "mnt", "--explain"}}).out,
                         "seccomp            default; opened: setns, mounts\n"));
    EXPECT_TRUE(contains(inside({"true"}, {.sandbox = {"--seccomp", "strict", "--allow-syscall", "ptrace",
                                                       "--deny-syscall", "@ipc", "--explain"}})
                             .out,
                         "seccomp            strict; allowed: ptrace; denied: @ipc\n"));
    EXPECT_TRUE(contains(inside({"true"}, {.sandbox = {"--seccomp", "none", "--explain"}}).out,
                         "seccomp            none: only the terminal's ioctls and foreign tables are refused\n"));
}

}  // namespace
}  // namespace sandbox_test
