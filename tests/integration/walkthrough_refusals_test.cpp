// The walk-through, second part: what root inside cannot do, whoever starts the sandbox, and whether Landlock helps or
// not. That the tools would do it where they may is shown in namespaces_own and namespaces_allow.
#include <unistd.h>

#include <filesystem>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class WalkthroughRefusals : public SandboxTest, public testing::WithParamInterface<const char*> {
  protected:
    [[nodiscard]] static RunOptions options(const std::vector<std::string>& more = {}) {
        RunOptions options;
        options.sandbox = {"--landlock", GetParam()};
        options.sandbox.insert(options.sandbox.end(), more.begin(), more.end());
        return options;
    }

    static void expect_refused(const std::vector<std::string>& command, const std::vector<std::string>& more = {}) {
        const Result result = inside(command, options(more));
        EXPECT_NE(result.exit_status, 0) << result;
        EXPECT_LT(result.exit_status, 125) << "the tool has to run\n" << result;
        bool by_the_kernel = false;
        for (const char* reason : {"ermission denied", "not permitted", "superuser", "No space left", "Read-only"}) {
            by_the_kernel = by_the_kernel || contains(result.err, reason);
        }
        EXPECT_TRUE(by_the_kernel) << testing::PrintToString(command) << "\n" << result;
    }
};

INSTANTIATE_TEST_SUITE_P(Landlock, WalkthroughRefusals, testing::Values("auto", "none"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST_P(WalkthroughRefusals, NothingOfTheHostsTreeCanBeWritten) {
    for (const std::string file : {"/etc/x", "/x", "/usr/x", "/usr/bin/x", "/var/x", "/boot/x"}) {
        if (!std::filesystem::exists(std::filesystem::path(file).parent_path())) {
            continue;
        }
        const Result result = inside({"touch", file}, options());
        EXPECT_EQ(result.exit_status, 1) << result;
        EXPECT_TRUE(contains(result.err, "Read-only file system")) << result;
        EXPECT_FALSE(std::filesystem::exists(file)) << file;
    }
}

TEST_P(WalkthroughRefusals, FilesOfTheHostStayAsTheyAre) {
    for (const std::string file : {"/etc/passwd", "/etc/shadow", "/etc/hostname"}) {
        // Opened for writing, with nothing written: the test must not harm where the sandbox fails to protect.
        const Result result = inside_shell(": >> " + file, options());
        EXPECT_NE(result.exit_status, 0) << file << "\n" << result;
        EXPECT_TRUE(contains(result.err, "Read-only file system") || contains(result.err, "Permission denied"))
            << result;
    }
    EXPECT_NE(inside({"chmod", "0644", "/etc/passwd"}, options()).exit_status, 0);
    EXPECT_NE(inside({"ln", "/etc/passwd", "/etc/passwd-linked"}, options()).exit_status, 0);
    EXPECT_NE(inside({"rmdir", "/boot"}, options()).exit_status, 0);
}

TEST_P(WalkthroughRefusals, Mounting) {
    expect_refused({"mount", "-o", "remount,rw", "/"});
    expect_refused({"mount", "-o", "remount,rw,bind", "/etc"});
    expect_refused({"mount", "-t", "tmpfs", "none", "/tmp"});
    expect_refused({"mount", "-t", "proc", "none", "/tmp"});
    expect_refused({"mount", "--bind", "/etc", "/tmp"});
    for (const char* path : {"/tmp", "/proc", "/proc/sys", "/dev", "/"}) {
        expect_refused({"umount", path});
        expect_refused({"umount", "--lazy", path});
    }
}

TEST_P(WalkthroughRefusals, Networking) {
    expect_refused({"ip", "link", "add", "name", "sandbox0", "type", "dummy"});
    expect_refused({"ip", "link", "set", "lo", "down"});
    expect_refused({"ip", "addr", "add", "10.1.2.3/8", "dev", "lo"});
    expect_refused({"ip", "route", "add", "default", "dev", "lo"});
    const std::vector<std::string> firewall{"nft", "add", "table", "ip", "sandbox"};
    expect_refused(firewall, {"--seccomp", "none"});
    // The filter is asked before the kernel is: there is no such netlink.
    const Result result = inside(firewall, options());
    EXPECT_NE(result.exit_status, 0) << result;
    EXPECT_TRUE(contains(result.err, "Protocol not supported")) << result;
}

TEST_P(WalkthroughRefusals, FurtherNamespaces) {
    for (const char* kind : {"-U", "-n", "-m", "-p", "-i", "-u", "-C", "-T", "-Ur", "-Urm", "-Urn"}) {
        expect_refused({"unshare", kind, "true"});
    }
}

TEST_P(WalkthroughRefusals, EnteringTheNamespacesOfTheSandbox) {
    for (const char* kind : {"--mount", "--net", "--ipc", "--pid", "--cgroup"}) {
        expect_refused({"nsenter", "--target", "1", kind, "true"});
    }
}

// What root starts has ids inside to choose from.
bool is_meant(const std::string& line, bool many_ids) {
    return line == "sethostname: done" || (many_ids && (line == "setgroups: done" || line == "setuid: done"));
}

// The same by the system calls themselves: a tool may give up before it asks the kernel.
TEST_P(WalkthroughRefusals, EveryAttemptByItsSystemCall) {
    for (const bool real : {false, true}) {
        const Result result = inside({probe("attempts")}, options(real ? std::vector<std::string>{"--map-users", "real"}
                                                                       : std::vector<std::string>()));
        ASSERT_EQ(result.exit_status, 0) << result;
        const std::vector<std::string> lines = lines_of(result.out);
        EXPECT_GT(lines.size(), 45U) << result;
        for (const std::string& line : lines) {
            EXPECT_EQ(line.ends_with(": done"), is_meant(line, geteuid() == 0)) << line;
            const bool missing = line.ends_with("ENOSYS") || line.ends_with("ENOENT") || line.ends_with("EBADF");
            EXPECT_FALSE(missing) << line << ": says nothing about the sandbox";
        }
    }
}

TEST_P(WalkthroughRefusals, AlsoWithInitAndWithAnotherId) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{"--init"},
                                                 {"--uid", "1000", "--gid", "1000"},
                                                 {"--uid", "self"},
                                                 {"--net", "host"},
                                                 {"--share", "pid,ipc,uts,cgroup"}}) {
        const Result result = inside({probe("attempts")}, options(more));
        ASSERT_EQ(result.exit_status, 0) << result;
        for (const std::string& line : lines_of(result.out)) {
            EXPECT_FALSE(line.ends_with(": done") && !is_meant(line, geteuid() == 0))
                << testing::PrintToString(more) << line;
        }
    }
}

// By sight: with a capability or with kuid 0, a file that can be written could be changed. Nothing is written here.
TEST_P(WalkthroughRefusals, NoSettingOfTheKernelCanBeOpenedForWriting) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--net", "host"}, {"--share", "pid"}}) {
        for (const char* tree : {"/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs", "/sys"}) {
            const Result result = inside_shell(
                std::string("find ") + tree + " -type f -perm /222 | wc -l; find " + tree + " -type f -writable",
                options(more));
            const std::vector<std::string> lines = lines_of(result.out);
            ASSERT_FALSE(lines.empty()) << result;
            EXPECT_EQ(lines.size(), 1U) << tree << testing::PrintToString(more) << result.out.substr(0, 500);
        }
    }
}

TEST_P(WalkthroughRefusals, TheSettingsThatAHostFallsBy) {
    for (const std::string file :
         {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/overcommit_memory",
          "/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/user/max_user_namespaces",
          "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity", "/proc/mtrr", "/sys/kernel/uevent_helper",
          "/sys/power/state", "/sys/fs/cgroup/cgroup.procs", "/sys/kernel/mm/transparent_hugepage/enabled"}) {
        if (!std::filesystem::exists(file)) {
            continue;
        }
        const Result result = inside_shell(": >> " + file, options());
        EXPECT_NE(result.exit_status, 0) << file << "\n" << result;
    }
}

TEST_P(WalkthroughRefusals, WritingASettingChangesNothingOutside) {
    const std::string before = read_file("/proc/sys/kernel/core_pattern");
    // The text that is there already: harmless where it would succeed.
    const Result result = inside_shell(
        "cat /proc/sys/kernel/core_pattern > /tmp/same; cat /tmp/same > /proc/sys/kernel/core_pattern", options());
    EXPECT_NE(result.exit_status, 0) << result;
    EXPECT_TRUE(contains(result.err, "Read-only file system")) << result;
    EXPECT_EQ(read_file("/proc/sys/kernel/core_pattern"), before);
}

}  // namespace
}  // namespace sandbox_test
