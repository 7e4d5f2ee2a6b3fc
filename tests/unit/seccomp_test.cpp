// The default list of system calls: what each call, argument and number gets, and what the lists are made of.
#include "unit/seccomp_filters.hpp"
#include "unit/source_file.hpp"

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

#include <asm/ioctls.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <sys/socket.h>

namespace sandbox::seccomp {
namespace {

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

}  // namespace
}  // namespace sandbox::seccomp
