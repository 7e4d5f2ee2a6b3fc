// The system call filters, run instruction by instruction: for both machines, whichever builds.
#include "plan/filter.hpp"
#include "seccomp/arguments.hpp"
#include "seccomp/compile.hpp"
#include "seccomp/compiled.hpp"
#include "seccomp/machine.hpp"
#include "unit/planning.hpp"
#include "unit/source_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include <asm/ioctls.h>
#include <gtest/gtest.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/socket.h>

namespace sandbox::seccomp {
namespace {

using test::default_spec;
using test::plan_for;

/// Arguments of system calls.
using Values = std::initializer_list<std::uint64_t>;
constexpr std::uint64_t high = std::uint64_t{1} << 32;
constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t error(int number) {
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number);
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

/// -1 where the machine has no such call, or libseccomp does not know it.
int number_of(const ArchitectureRow& machine, const std::string& name) {
    const int number = seccomp_syscall_resolve_name_arch(machine.token, name.c_str());
    return number < 0 ? -1 : number;
}

using Ask = std::function<void(Spec&)>;

/// The command's filter on one of the machines.
class Filter {
  public:
    Filter(const ArchitectureRow& machine, const Ask& ask) : machine_(machine) {
        Spec spec = default_spec();
        ask(spec);
        const plan::Plan plan = plan_for(spec);
        program_ = std::get<plan::Seccomp>(*std::ranges::find_if(plan.steps, [](const plan::Step& step) {
                       return std::holds_alternative<plan::Seccomp>(step);
                   })).program;
        if (machine.architecture != native_architecture) {
            // The same for the other machine.
            const auto of = [&](const ArchitectureRow& one) {
                return check_arguments(one.architecture, plan::filter_arguments(plan, spec));
            };
            const std::size_t head = of(row(native_architecture)).size();
            const Program numbers(program_.begin() + static_cast<std::ptrdiff_t>(head), program_.end());
            program_ = of(machine);
            const Program other = counterpart(numbers);
            program_.insert(program_.end(), other.begin(), other.end());
        }
    }

    [[nodiscard]] std::uint32_t by_number(std::uint32_t number, std::initializer_list<std::uint64_t> arguments = {},
                                          std::uint32_t token = 0) const {
        seccomp_data data{};
        data.nr = static_cast<int>(number);
        data.arch = token == 0 ? machine_.token : token;
        std::ranges::copy(arguments, data.args);
        const auto answer = run_filter(program_, data);
        EXPECT_TRUE(answer) << "the kernel would not take it";
        return answer.value_or(0);
    }
    [[nodiscard]] std::uint32_t operator()(const std::string& name,
                                           std::initializer_list<std::uint64_t> arguments = {}) const {
        const int number = number_of(machine_, name);
        EXPECT_GE(number, 0) << name;
        return by_number(static_cast<std::uint32_t>(number), arguments);
    }
    [[nodiscard]] const ArchitectureRow& machine() const { return machine_; }
    [[nodiscard]] std::size_t size() const { return program_.size(); }

  private:
    static std::span<const Compiled> all(Architecture architecture) {
        return architecture == Architecture::x86_64 ? std::span<const Compiled>(compiled::x86_64)
                                                    : std::span<const Compiled>(compiled::aarch64);
    }
    /// What libseccomp made for the other machine of the same lists.
    static Program counterpart(const Program& numbers) {
        const auto mine = all(native_architecture);
        const auto other =
            all(native_architecture == Architecture::x86_64 ? Architecture::aarch64 : Architecture::x86_64);
        for (const Compiled& one : mine) {
            if (std::ranges::equal(one.program, numbers, [](const sock_filter& a, const sock_filter& b) {
                    return a.code == b.code && a.jt == b.jt && a.jf == b.jf && a.k == b.k;
                })) {
                for (const Compiled& candidate : other) {
                    if (candidate.profile == one.profile && candidate.opened == one.opened) {
                        return {candidate.program.begin(), candidate.program.end()};
                    }
                }
            }
        }
        ADD_FAILURE() << "not a program that was compiled when this was built";
        return {};
    }

    const ArchitectureRow& machine_;
    Program program_;
};

void on_both(const Ask& ask, const std::function<void(const Filter&)>& check) {
    for (const ArchitectureRow& machine : architecture_table) {
        SCOPED_TRACE(machine.name);
        check(Filter(machine, ask));
    }
}
void by_default(const std::function<void(const Filter&)>& check) {
    on_both([](Spec&) {}, check);
}

void expect_all(const Filter& filter, const std::string& names, std::uint32_t answer) {
    for (const std::string& name : words(names)) {
        const int number = number_of(filter.machine(), name);
        if (number >= 0) {
            EXPECT_EQ(filter.by_number(static_cast<std::uint32_t>(number)), answer) << name;
        }
    }
}

const std::string mount_calls =
    "mount umount2 pivot_root mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick";

TEST(SeccompFilter, WhatProgramsUseIsAllowed) {
    by_default([](const Filter& filter) {
        expect_all(filter,
                   "read write open openat openat2 close mmap brk execve execveat exit_group clone fork vfork wait4 "
                   "futex futex_waitv rseq ioctl fcntl stat fstat newfstatat statx getdents64 renameat2 mknodat "
                   "epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect6 kill tgkill pidfd_open "
                   "rt_sigaction rt_sigreturn setuid setresgid setgroups capset prctl arch_prctl seccomp "
                   "landlock_create_ruleset bind connect sendmsg recvmmsg shmget semop mq_open "
                   "memfd_create memfd_secret copy_file_range splice io_submit mbind get_mempolicy "
                   "chroot ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd sethostname setdomainname "
                   "sched_setscheduler setpriority mlockall inotify_init1 timerfd_create clock_gettime getrandom "
                   "close_range faccessat2 fchmodat2 membarrier",
                   allowed);
        EXPECT_EQ(filter("unshare", {CLONE_FILES | CLONE_FS}), allowed);
    });
}

TEST(SeccompFilter, WhatIsRefusedOnPurposeIsNotPermitted) {
    by_default([](const Filter& filter) {
        expect_all(filter,
                   mount_calls +
                       " setns bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register "
                       "keyctl add_key request_key open_by_handle_at kexec_load kexec_file_load init_module "
                       "finit_module delete_module swapon swapoff quotactl quotactl_fd acct reboot settimeofday "
                       "clock_settime clock_adjtime adjtimex iopl ioperm lookup_dcookie syslog vhangup "
                       "fanotify_init move_pages migrate_pages modify_ldt uselib",
                   error(EPERM));
    });
}

TEST(SeccompFilter, NamespacesByTheirFlags) {
    by_default([](const Filter& filter) {
        for (const std::uint64_t flag : Values{CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER,
                                               CLONE_NEWPID, CLONE_NEWNET}) {
            for (const std::uint64_t more : {std::uint64_t{0}, std::uint64_t{CLONE_FS | 17}, high, ~std::uint64_t{0}}) {
                EXPECT_EQ(filter("clone", {flag | more}), error(EPERM)) << flag;
                EXPECT_EQ(filter("unshare", {flag | more}), error(EPERM)) << flag;
            }
        }
        EXPECT_EQ(filter("unshare", {CLONE_NEWTIME}), error(EPERM));
        // The low byte of clone's flags is a signal. Threads, vfork, fork:
        EXPECT_EQ(filter("clone", {CLONE_NEWTIME}), allowed);
        EXPECT_EQ(filter("clone", {CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                   CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID}),
                  allowed);
        EXPECT_EQ(filter("clone", {CLONE_VM | CLONE_VFORK | 17}), allowed);
        EXPECT_EQ(filter("clone", {CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PIDFD | 17}), allowed);
        EXPECT_EQ(filter("clone3"), error(ENOSYS));
    });
}

TEST(SeccompFilter, TheTerminalByTheLow32Bits) {
    by_default([](const Filter& filter) {
        for (const std::uint64_t command : Values{TIOCSTI, TIOCLINUX, TIOCSETD}) {
            for (const std::uint64_t more : {std::uint64_t{0}, high, ~(high - 1)}) {
                EXPECT_EQ(filter("ioctl", {0, command | more}), error(EPERM)) << command;
            }
        }
        for (const std::uint64_t command : Values{TCGETS, TCSETS, TIOCGWINSZ, TIOCSCTTY, TIOCGETD, TIOCSTI + 1}) {
            EXPECT_EQ(filter("ioctl", {TIOCSTI, command, TIOCSTI}), allowed) << command;
        }
    });
}

TEST(SeccompFilter, SocketsOfFourFamilies) {
    by_default([](const Filter& filter) {
        for (std::uint64_t family = 0; family < 64; ++family) {
            const bool plain = family == AF_UNIX || family == AF_INET || family == AF_INET6;
            for (const std::uint64_t more : {std::uint64_t{0}, high}) {
                for (const char* call : {"socket", "socketpair"}) {
                    EXPECT_EQ(filter(call, {family | more, SOCK_STREAM | SOCK_CLOEXEC, 7}), plain ? allowed
                                                                                            : family == AF_NETLINK
                                                                                                ? error(EPROTONOSUPPORT)
                                                                                                : error(EAFNOSUPPORT))
                        << family;
                }
            }
        }
        for (std::uint64_t protocol = 0; protocol < 64; ++protocol) {
            for (const std::uint64_t more : {std::uint64_t{0}, high}) {
                EXPECT_EQ(filter("socket", {AF_NETLINK | more, SOCK_RAW, protocol | more}),
                          protocol == NETLINK_ROUTE ? allowed : error(EPROTONOSUPPORT))
                    << protocol;
            }
        }
        EXPECT_EQ(filter("socket", {~std::uint64_t{0}}), error(EAFNOSUPPORT));
        // The oldest way to a packet socket; nothing else has that type.
        for (const std::uint64_t flags : {std::uint64_t{0}, std::uint64_t{SOCK_CLOEXEC | SOCK_NONBLOCK}, high}) {
            EXPECT_EQ(filter("socket", {AF_INET, SOCK_PACKET | flags, 3}), error(EAFNOSUPPORT));
        }
    });
}

TEST(SeccompFilter, PersonalitiesThatAreHarmless) {
    by_default([](const Filter& filter) {
        for (const std::uint64_t value :
             {std::uint64_t{0}, std::uint64_t{PER_LINUX32}, std::uint64_t{UNAME26}, std::uint64_t{ADDR_NO_RANDOMIZE},
              std::uint64_t{0xffffffff}, ~std::uint64_t{0}, high}) {
            EXPECT_EQ(filter("personality", {value}), allowed) << value;
        }
        for (const std::uint64_t value :
             {std::uint64_t{READ_IMPLIES_EXEC}, std::uint64_t{MMAP_PAGE_ZERO}, std::uint64_t{PER_SVR4},
              std::uint64_t{PER_BSD}, high | PER_SVR4, std::uint64_t{ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC}}) {
            EXPECT_EQ(filter("personality", {value}), error(EPERM)) << value;
        }
    });
}

// By number, all there are: what is in the lists, and ENOSYS for the rest, as for what no kernel has yet.
TEST(SeccompFilter, EveryNumberHasItsAnswer) {
    for (const Profile profile : {Profile::standard, Profile::strict}) {
        for (const bool mounts : {false, true}) {
            for (const bool setns : {false, true}) {
                for (const ArchitectureRow& machine : architecture_table) {
                    SCOPED_TRACE(machine.name);
                    const Calls calls = calls_of(profile, {mounts, setns});
                    std::vector<std::uint32_t> expected(2048, error(ENOSYS));
                    for (const std::string_view name : calls.refused) {
                        if (const int number = number_of(machine, std::string(name)); number >= 0) {
                            expected[static_cast<std::size_t>(number)] = error(EPERM);
                        }
                    }
                    for (const std::string_view name : calls.allowed) {
                        if (const int number = number_of(machine, std::string(name)); number >= 0) {
                            expected[static_cast<std::size_t>(number)] = allowed;
                        }
                    }
                    const auto all = machine.architecture == Architecture::x86_64
                                         ? std::span<const Compiled>(compiled::x86_64)
                                         : std::span<const Compiled>(compiled::aarch64);
                    const auto found = std::ranges::find_if(all, [&](const Compiled& one) {
                        return one.profile == profile && one.opened == Opened{mounts, setns};
                    });
                    ASSERT_NE(found, all.end());
                    const Program program(found->program.begin(), found->program.end());
                    EXPECT_LE(program.size(), 160U) << "each instruction costs time at every start";
                    for (std::size_t number = 0; number < expected.size(); ++number) {
                        seccomp_data data{};
                        data.nr = static_cast<int>(number);
                        data.arch = machine.token;
                        std::ranges::fill(data.args, ~std::uint64_t{0});
                        ASSERT_EQ(run_filter(program, data), expected[number]) << number;
                    }
                }
            }
        }
    }
}

TEST(SeccompFilter, ForeignTablesDoNotExist) {
    by_default([](const Filter& filter) {
        for (const std::uint32_t token : std::initializer_list<std::uint32_t>{AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64,
                                                                              AUDIT_ARCH_I386, AUDIT_ARCH_ARM}) {
            for (std::uint32_t number = 0; number < 600; ++number) {
                if (token != filter.machine().token) {
                    ASSERT_EQ(filter.by_number(number, {}, token), error(ENOSYS)) << number;
                }
            }
        }
        // x32, and numbers that are negative.
        for (const std::uint32_t bit : {filter.machine().foreign_numbers, 0x80000000U, 0xffff0000U}) {
            for (std::uint32_t number = 0; number < 1100; ++number) {
                ASSERT_EQ(filter.by_number(bit | number), error(ENOSYS)) << number;
            }
        }
    });
}

TEST(SeccompLists, NoNameIsTwiceAndEveryOneIsKnown) {
    // Newer than the oldest libseccomp that this is built with: without effect there.
    const std::set<std::string> young{"mseal",       "uretprobe",     "uprobe",       "setxattrat",   "getxattrat",
                                      "listxattrat", "removexattrat", "file_getattr", "file_setattr", "open_tree_attr"};
    for (const Profile profile : {Profile::standard, Profile::strict}) {
        const Calls calls = calls_of(profile, {});
        std::set<std::string> seen;
        for (const auto* list : {&calls.allowed, &calls.refused}) {
            for (const std::string_view view : *list) {
                const std::string name(view);
                EXPECT_TRUE(seen.insert(name).second) << name;
                EXPECT_TRUE(young.contains(name) || seccomp_syscall_resolve_name(name.c_str()) != __NR_SCMP_ERROR)
                    << name;
            }
        }
    }
}

// What was decided about calls that there are: a call that somebody forgot would be refused as unknown.
TEST(SeccompLists, OnlyTheseAreLeftOutOnPurpose) {
    const std::set<std::string> out{
        "clone3",         "ustat",       "sysfs",     "_sysctl",           "nfsservctl",        "getpmsg",
        "putpmsg",        "afs_syscall", "tuxcall",   "security",          "vserver",           "epoll_ctl_old",
        "epoll_wait_old", "statmount",   "listmount", "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules"};
    const Calls calls = calls_of(Profile::standard, {});
    for (const ArchitectureRow& machine : architecture_table) {
        for (int number = 0; number < 500; ++number) {
            char* name = seccomp_syscall_resolve_num_arch(machine.token, number);
            if (name != nullptr && std::ranges::find(calls.allowed, name) == calls.allowed.end() &&
                std::ranges::find(calls.refused, name) == calls.refused.end()) {
                EXPECT_TRUE(out.contains(name)) << name;
            }
            std::free(name);
        }
    }
}

TEST(SeccompLists, TheManualPageNamesWhatIsRefused) {
    const std::string page = test::read_source_file("man/sandbox.1");
    const std::size_t begin = page.find(".Ss System calls");
    ASSERT_NE(begin, std::string::npos);
    std::string section = page.substr(begin, page.find("\n.Sh ", begin) - begin);
    std::ranges::replace_if(
        section, [](char c) { return c == ',' || c == '.'; }, ' ');
    const std::vector<std::string> named = words(section);
    for (const std::string_view name : calls_of(Profile::standard, {}).refused) {
        EXPECT_NE(std::ranges::find(named, name), named.end()) << name;
    }
}

// Each group's entry has its calls, in the order of the table.
TEST(SeccompLists, TheManualPageNamesTheGroups) {
    const std::string page = test::read_source_file("man/sandbox.1");
    for (const std::string_view group : groups()) {
        const std::string head = ".It Cm @" + std::string(group) + "\n";
        const std::size_t begin = page.find(head);
        ASSERT_NE(begin, std::string::npos) << head;
        std::string entry = page.substr(begin + head.size());
        entry.erase(entry.find("\n."));
        std::ranges::replace(entry, '\n', ' ');
        std::string expected;
        for (const std::string_view name : calls_of_group(group)) {
            expected += (expected.empty() ? "" : ", ") + std::string(name);
        }
        EXPECT_EQ(entry, group == "mount" ? "what is named above as mounts" : expected) << group;
    }
}

TEST(SeccompLists, TheNumbersOfTheTableAreTheMachines) {
    for (const ArchitectureRow& machine : architecture_table) {
        for (const auto& [number, name] : {std::pair{machine.ioctl, "ioctl"},
                                           {machine.clone, "clone"},
                                           {machine.unshare, "unshare"},
                                           {machine.socket, "socket"},
                                           {machine.socketpair, "socketpair"},
                                           {machine.personality, "personality"},
                                           {machine.keyctl, "keyctl"}}) {
            EXPECT_EQ(static_cast<int>(number), number_of(machine, name)) << machine.name << ' ' << name;
        }
    }
}

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
