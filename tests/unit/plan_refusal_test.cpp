// What this host or this caller cannot have: refused by the planner, before anything is made.
#include "unit/planning.hpp"

#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace sandbox::plan {
namespace {

using test::default_spec;
using test::explained;
using test::FakeHost;
using test::plan_for;

TEST(Refusal, LandlockThatIsRequiredAndMissing) {
    Spec spec = default_spec();
    spec.landlock = LandlockUse::require;
    FakeHost host;
    host.facts.landlock_abi = 0;
    EXPECT_EQ(explained(spec, host),
              "sandbox: --landlock require: the kernel has none\n"
              "  fix: boot a kernel of 5.19 or later with landlock in its lsm= list, or use --landlock auto\n");
    host.facts.landlock_abi = 1;
    EXPECT_EQ(explained(spec, host),
              "sandbox: --landlock require: the kernel has ABI 1, which refuses renames across directories\n"
              "  fix: boot a kernel of 5.19 or later with landlock in its lsm= list, or use --landlock auto\n");
}

TEST(Refusal, LandlockThatIsRequiredWhereTheGuestMayMount) {
    Spec spec = default_spec();
    spec.landlock = LandlockUse::require;
    const std::string message =
        "sandbox: --landlock require: Landlock refuses every mount(2), which --own mnt or --allow-namespaces mnt "
        "opens\n"
        "  fix: leave out one of the two\n";
    spec.own = {Namespace::mnt};
    EXPECT_EQ(explained(spec), message);
    spec.own = {};
    spec.allow_namespaces = {Namespace::mnt};
    EXPECT_EQ(explained(spec), message);
}

TEST(Refusal, ADirectoryOnADescriptor) {
    for (const int fd : {0, 1, 2}) {
        FakeHost host;
        host.facts.streams.at(static_cast<std::size_t>(fd)).type = S_IFDIR;
        const std::string message = explained(default_spec(), host);
        EXPECT_NE(message.find("(" + std::to_string(fd) + "): it is a directory"), std::string::npos) << message;
        EXPECT_NE(
            message.find("\n  fix: redirect it, e.g. " + std::to_string(fd) + (fd == 0 ? "</" : ">/") + "dev/null\n"),
            std::string::npos)
            << message;
    }
}

TEST(Refusal, APathDescriptor) {
    FakeHost host;
    host.facts.streams[1].path_only = true;
    host.facts.streams[1].type = S_IFREG;
    EXPECT_EQ(explained(default_spec(), host),
              "sandbox: cannot pass standard output (1): it is open for its path only (O_PATH)\n"
              "  fix: redirect it, e.g. 1>/dev/null\n");
}

TEST(Refusal, ABlockDevice) {
    FakeHost host;
    host.facts.streams[2].type = S_IFBLK;
    EXPECT_TRUE(explained(default_spec(), host).starts_with("sandbox: cannot pass standard error (2): "));
}

// epoll, io_uring, a pidfd of old: none of them is a file, pipe, terminal, socket or character device.
TEST(Refusal, AnAnonymousInode) {
    FakeHost host;
    host.facts.streams[0].type = 0;
    EXPECT_TRUE(explained(default_spec(), host).starts_with("sandbox: cannot pass standard input (0): "));
}

TEST(Refusal, NotOfUsualDescriptors) {
    for (const mode_t type : std::initializer_list<mode_t>{S_IFREG, S_IFIFO, S_IFCHR, S_IFSOCK}) {
        FakeHost host;
        host.facts.streams[0].type = type;
        EXPECT_NO_THROW(static_cast<void>(plan_for(default_spec(), host))) << std::oct << type;
        host.facts.streams[0].open = false;
        EXPECT_NO_THROW(static_cast<void>(plan_for(default_spec(), host)));
    }
}

TEST(Refusal, ARootThatIsNoDirectory) {
    Spec spec = default_spec();
    spec.root = "/missing";
    EXPECT_EQ(explained(spec),
              "sandbox: --root /missing: cannot show /missing: No such file or directory\n  fix: check the path\n");
    spec.root = "/etc/hosts";
    EXPECT_EQ(explained(spec), "sandbox: --root /etc/hosts: Not a directory\n");
}

TEST(Refusal, ARelativeRootFromARemovedDirectory) {
    FakeHost host;
    host.tree.directory("/tree");
    host.enter("/tmp/x/tree");
    host.enter("/tmp/x");
    host.lose_cwd();
    Spec spec = default_spec();
    spec.root = "tree";
    EXPECT_TRUE(explained(spec, host).starts_with("sandbox: --root tree: cannot show tree: ")) << "and not /tree";
}

// The quotas cannot be written there, and the filter that stands in for them refuses all kinds or none.
TEST(Refusal, NamespacesOfSingleKindsInAContainer) {
    FakeHost host;
    host.facts.sysctls_read_only = true;
    Spec spec = default_spec();
    spec.share = {Namespace::pid};
    spec.allow_namespaces = {Namespace::net};
    EXPECT_EQ(explained(spec, host),
              "sandbox: --allow-namespaces: namespaces of single kinds cannot be allowed where /proc/sys is read-only\n"
              "  fix: leave --allow-namespaces or --share pid out\n");
    spec.share = {};
    EXPECT_NO_THROW(static_cast<void>(plan_for(spec, host))) << "a fresh /proc has sysctls that can be written";
}

TEST(Refusal, ARealHomeThatIsNone) {
    Spec spec = default_spec();
    spec.home = Home::writable;
    const std::string message =
        "sandbox: cannot show the home directory: HOME does not name a directory\n"
        "  fix: set HOME, or leave --home out\n";
    FakeHost host;
    host.enter("/usr");
    host.set("HOME", {});
    EXPECT_EQ(explained(spec, host), message);
    for (const char* home : {"/nonexistent", "/etc/hosts", "/", "relative", ""}) {
        host.set("HOME", home);
        EXPECT_EQ(explained(spec, host), message) << home;
    }
}

}  // namespace
}  // namespace sandbox::plan
