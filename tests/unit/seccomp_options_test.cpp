// What the options make of the list of system calls: what they open, take and refuse.
#include "unit/seccomp_filters.hpp"

#include "seccomp/listening.hpp"

#include <cerrno>
#include <string>

#include <asm/ioctls.h>
#include <gtest/gtest.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace sandbox::seccomp {
namespace {

using test::default_spec;

TEST(SeccompOpened, NamespacesThatMayBeMade) {
    on_both(
        [](Spec& spec) {
            spec.allow_namespaces = {Namespace::user, Namespace::net};
        },
        [](const Filter& filter) {
            for (const char* call : {"clone", "unshare"}) {
                EXPECT_EQ(filter(call, {CLONE_NEWUSER}), allowed);
                EXPECT_EQ(filter(call, {CLONE_NEWUSER | CLONE_NEWNET}), allowed);
                EXPECT_EQ(filter(call, {CLONE_NEWUSER | CLONE_NEWNS}), error(EPERM));
                EXPECT_EQ(filter(call, {CLONE_NEWPID}), error(EPERM));
            }
            EXPECT_EQ(filter("setns"), allowed);
            EXPECT_EQ(filter("clone3"), error(ENOSYS));
            expect_all(filter, mount_calls, error(EPERM));
            EXPECT_EQ(filter("socket", {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}), allowed);
            EXPECT_EQ(filter("socket", {AF_NETLINK, SOCK_RAW, NETLINK_AUDIT}), error(EPROTONOSUPPORT));
            EXPECT_EQ(filter("socket", {AF_PACKET, SOCK_RAW}), allowed);
            EXPECT_EQ(filter("socket", {AF_INET, SOCK_PACKET}), allowed);
            EXPECT_EQ(filter("socket", {AF_ALG, SOCK_SEQPACKET}), error(EAFNOSUPPORT));
            // A sandbox inside gives itself a keyring, and nothing more.
            EXPECT_EQ(filter("keyctl", {KEYCTL_JOIN_SESSION_KEYRING, 0}), allowed);
            EXPECT_EQ(filter("keyctl", {KEYCTL_JOIN_SESSION_KEYRING, 1}), error(EPERM));
            EXPECT_EQ(filter("keyctl", {KEYCTL_JOIN_SESSION_KEYRING, high}), error(EPERM));
            EXPECT_EQ(filter("keyctl", {KEYCTL_READ, 0}), error(EPERM));
        });
}

TEST(SeccompOpened, WhatIsOwned) {
    on_both([](Spec& spec) { spec.own = {Namespace::mnt}; },
            [](const Filter& filter) {
                expect_all(filter, mount_calls + " setns", allowed);
                EXPECT_EQ(filter("unshare", {CLONE_NEWNS}), error(EPERM));
                EXPECT_EQ(filter("socket", {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}), error(EPROTONOSUPPORT));
                EXPECT_EQ(filter("keyctl", {KEYCTL_JOIN_SESSION_KEYRING, 0}), error(EPERM));
            });
    on_both([](Spec& spec) { spec.own = {Namespace::net}; },
            [](const Filter& filter) {
                expect_all(filter, mount_calls, error(EPERM));
                EXPECT_EQ(filter("setns"), allowed);
                EXPECT_EQ(filter("socket", {AF_PACKET, SOCK_RAW}), allowed);
            });
}

TEST(SeccompStrict, WhatComputingDoesNotNeed) {
    on_both([](Spec& spec) { spec.system_calls = SystemCalls::strict; },
            [](const Filter& filter) {
                expect_all(filter,
                           "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd chroot "
                           "personality name_to_handle_at fanotify_mark memfd_secret remap_file_pages sched_setparam "
                           "sched_setscheduler sched_setattr ioprio_set sethostname setdomainname io_setup io_submit "
                           "get_mempolicy mbind mount setns bpf",
                           error(EPERM));
                expect_all(filter,
                           "read openat mmap execve exit_group fork futex clock_gettime epoll_ctl connect unshare "
                           "landlock_restrict_self seccomp setuid mknodat memfd_create",
                           allowed);
                EXPECT_EQ(filter("clone", {CLONE_NEWUSER}), error(EPERM));
                EXPECT_EQ(filter("socket", {AF_UNIX, SOCK_STREAM}), allowed);
                for (const std::uint64_t family : Values{AF_INET, AF_INET6, AF_NETLINK, AF_PACKET}) {
                    EXPECT_EQ(filter("socket", {family, SOCK_STREAM}), error(EAFNOSUPPORT)) << family;
                }
                EXPECT_EQ(filter("ioctl", {0, TIOCSTI}), error(EPERM));
            });
}

TEST(SeccompStrict, ANetworkThatWasAskedForCanBeUsed) {
    on_both(
        [](Spec& spec) {
            spec.system_calls = SystemCalls::strict;
            spec.network = Network::host;
        },
        [](const Filter& filter) {
            EXPECT_EQ(filter("socket", {AF_INET, SOCK_STREAM}), allowed);
            EXPECT_EQ(filter("socket", {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}), allowed);
            EXPECT_EQ(filter("socket", {AF_PACKET, SOCK_RAW}), error(EAFNOSUPPORT));
        });
}

/// The programs that are made for this machine when the plan is: of names that the user has given.
Filter native(const Ask& ask) {
    return {row(native_architecture), ask};
}

TEST(SeccompNone, TheTerminalStays) {
    const Filter filter = native([](Spec& spec) { spec.system_calls = SystemCalls::none; });
    EXPECT_EQ(filter("ioctl", {0, high | TIOCSTI}), error(EPERM));
    EXPECT_EQ(filter.by_number(filter.machine().foreign_numbers | 1), error(ENOSYS));
    EXPECT_EQ(filter.by_number(0, {}, AUDIT_ARCH_I386), error(ENOSYS));
    expect_all(filter, mount_calls + " setns bpf clone3 keyctl", allowed);
    EXPECT_EQ(filter("clone", {CLONE_NEWUSER}), allowed);
    EXPECT_EQ(filter("socket", {AF_ALG}), allowed);
    EXPECT_EQ(filter("personality", {READ_IMPLIES_EXEC}), allowed);
    EXPECT_EQ(filter.by_number(1999), allowed);
    EXPECT_LE(filter.size(), 16U);
}

TEST(SeccompNone, NotWhereNothingElseRefusesNamespaces) {
    Spec spec = default_spec();
    spec.system_calls = SystemCalls::none;
    spec.share = {Namespace::pid};
    test::FakeHost host;
    host.facts.sysctls_read_only = true;
    EXPECT_EQ(test::explained(spec, host),
              "sandbox: --seccomp none: /proc/sys is read-only here, and so the filter alone refuses new namespaces\n"
              "  fix: leave --seccomp none or --share pid out\n");
}

TEST(SeccompChanged, Allowed) {
    const Filter filter = native([](Spec& spec) {
        spec.allow_system_calls = {"bpf", "@keyring", "personality", "clone3"};
    });
    expect_all(filter, "bpf keyctl add_key request_key clone3 read ptrace", allowed);
    EXPECT_EQ(filter("personality", {READ_IMPLIES_EXEC}), allowed);
    expect_all(filter, mount_calls + " setns perf_event_open", error(EPERM));
    EXPECT_EQ(filter("clone", {CLONE_NEWUSER}), error(EPERM));
    EXPECT_EQ(filter("socket", {AF_ALG}), error(EAFNOSUPPORT));
    EXPECT_EQ(filter("ioctl", {0, TIOCSTI}), error(EPERM));
    EXPECT_EQ(filter.by_number(1999), error(ENOSYS));
    EXPECT_EQ(filter.by_number(filter.machine().foreign_numbers | 1), error(ENOSYS));
}

TEST(SeccompChanged, AllowedWithEveryArgument) {
    EXPECT_EQ(native([](Spec& spec) { spec.allow_system_calls = {"clone"}; })("clone", {CLONE_NEWUSER}), allowed);
    EXPECT_EQ(native([](Spec& spec) { spec.allow_system_calls = {"@namespace"}; })("unshare", {CLONE_NEWNS}), allowed);
    EXPECT_EQ(native([](Spec& spec) { spec.allow_system_calls = {"socket"}; })("socket", {AF_ALG}), allowed);
    EXPECT_EQ(native([](Spec& spec) { spec.allow_system_calls = {"ioctl"}; })("ioctl", {0, TIOCSTI}), error(EPERM));
}

TEST(SeccompChanged, DeniedWhateverIsAllowed) {
    const Filter filter = native([](Spec& spec) {
        spec.allow_system_calls = {"@mount", "ptrace"};
        spec.deny_system_calls = {"pivot_root", "ptrace", "@network", "clone3"};
    });
    expect_all(filter, "mount umount2 open_tree", allowed);
    expect_all(filter, "pivot_root ptrace bind connect sendmsg", error(EPERM));
    EXPECT_EQ(filter("socket", {AF_UNIX}), error(EPERM));
    EXPECT_EQ(filter("clone3"), error(ENOSYS)) << "with EPERM no thread would start";
}

TEST(SeccompChanged, DeniedAgainstWhatNamespacesOpen) {
    const Filter filter = native([](Spec& spec) {
        spec.allow_namespaces = {Namespace::user, Namespace::mnt};
        spec.deny_system_calls = {"setns", "keyctl", "@mount"};
    });
    expect_all(filter, mount_calls + " setns", error(EPERM));
    EXPECT_EQ(filter("keyctl", {KEYCTL_JOIN_SESSION_KEYRING, 0}), error(EPERM));
    EXPECT_EQ(filter("unshare", {CLONE_NEWUSER}), allowed);
}

TEST(SeccompChanged, OverTheStrictList) {
    const Filter filter = native([](Spec& spec) {
        spec.system_calls = SystemCalls::strict;
        spec.allow_system_calls = {"@debug"};
    });
    expect_all(filter, "ptrace process_vm_readv kcmp", allowed);
    expect_all(filter, "chroot mount", error(EPERM));
}

TEST(SeccompListening, RefusalsWaitAndTheGapIsClosed) {
    const Ask ask = [](Spec& spec) {
        spec.deny_system_calls = {"sendmsg"};
        spec.log_refusals = true;
    };
    Spec spec = default_spec();
    ask(spec);
    const plan::Plan plan = test::plan_for(spec);
    const auto& step = std::get<plan::Seccomp>(*std::ranges::find_if(
        plan.steps, [](const plan::Step& one) { return std::holds_alternative<plan::Seccomp>(one); }));
    const auto& machine = row(native_architecture);
    for (const std::uint32_t token : {machine.token, std::uint32_t{AUDIT_ARCH_I386}}) {
        for (int number = 0; number < 600; ++number) {
            for (const std::uint64_t argument : Values{0, TIOCSTI, CLONE_NEWUSER}) {
                seccomp_data data{};
                data.nr = number;
                data.arch = token;
                data.args[0] = data.args[1] = argument;
                const std::uint32_t asked = run_filter(step.program, data).value_or(0xdead);
                const std::uint32_t told = run_filter(step.told, data).value_or(0xdead);
                const std::uint32_t rest = run_filter(step.rest, data).value_or(0xdead);
                const bool carries = number == SYS_sendmsg || number == SYS_seccomp;
                EXPECT_EQ(told, carries || asked == allowed ? allowed : std::uint32_t{SECCOMP_RET_USER_NOTIF})
                    << number;
                EXPECT_EQ(rest, carries ? asked : allowed) << number;
            }
        }
    }
    EXPECT_EQ(step.told.size(), step.program.size() + most_added);
    EXPECT_EQ(step.rest.size(), step.program.size() + most_added);
}

TEST(SeccompListening, WhatKillsOrLogsStaysAsItIs) {
    const Program program{{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
                          {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 7},
                          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
                          {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 8},
                          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_LOG},
                          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO}};
    const auto answer = [&](int number) {
        seccomp_data data{};
        data.nr = number;
        return run_filter(listening(program).told, data);
    };
    EXPECT_EQ(answer(7), std::uint32_t{SECCOMP_RET_KILL_PROCESS});
    EXPECT_EQ(answer(8), std::uint32_t{SECCOMP_RET_LOG});
    EXPECT_EQ(answer(9), std::uint32_t{SECCOMP_RET_USER_NOTIF}) << "also where it is pretended to be done";
}

TEST(SeccompListening, NotUnlessItIsAskedFor) {
    const plan::Plan plan = test::plan_for(default_spec());
    for (const plan::Step& step : plan.steps) {
        if (const auto* seccomp = std::get_if<plan::Seccomp>(&step)) {
            EXPECT_TRUE(seccomp->told.empty() && seccomp->rest.empty());
        }
    }
}

TEST(SeccompChanged, WhatMakesNoSense) {
    const auto message = [](const Ask& ask) {
        Spec spec = default_spec();
        ask(spec);
        return test::explained(spec);
    };
    EXPECT_EQ(message([](Spec& spec) { spec.allow_system_calls = {"redd"}; }),
              "sandbox: --allow-syscall redd: neither a system call nor a group of them\n"
              "  fix: syscalls(2) lists system calls; the groups are in sandbox(1)\n");
    EXPECT_EQ(message([](Spec& spec) { spec.deny_system_calls = {"@"}; }),
              "sandbox: --deny-syscall @: neither a system call nor a group of them\n"
              "  fix: syscalls(2) lists system calls; the groups are in sandbox(1)\n");
    EXPECT_EQ(message([](Spec& spec) {
                  spec.deny_system_calls = {"ptrace", "execve"};
              }),
              "sandbox: --deny-syscall execve: the command is started under the filter, and no program starts without "
              "it\n  fix: leave it out\n");
    EXPECT_EQ(
        message([](Spec& spec) {
            spec.system_calls = SystemCalls::none;
            spec.deny_system_calls = {"ptrace"};
        }),
        "sandbox: --seccomp none has no list that --deny-syscall could change\n  fix: leave out one of the two\n");
}

}  // namespace
}  // namespace sandbox::seccomp
