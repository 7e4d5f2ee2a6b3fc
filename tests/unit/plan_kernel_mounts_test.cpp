// Interfaces of the kernel that the host has mounted elsewhere come along with what is shown: another /proc would show
// the host's processes, and its sysctls to root.
#include "unit/planning.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using test::default_spec;
using test::explained;
using test::FakeHost;
using test::plan_for;

/// `name target` of the steps that do something at this path.
std::vector<std::string> steps_at(const Plan& plan, const std::string& path) {
    std::vector<std::string> found;
    for (const Step& step : plan.steps) {
        const std::string subject = step_subject(step);
        if (subject == path || subject.ends_with(" at " + path)) {
            found.push_back(std::string(step_name(step)) + " " + subject);
        }
    }
    return found;
}

using Strings = std::vector<std::string>;

TEST(KernelMounts, TheSandboxesOwnAreLeftAlone) {
    EXPECT_EQ(steps_at(plan_for(default_spec()), "/proc"), Strings{"proc /proc"});
    EXPECT_EQ(steps_at(plan_for(default_spec()), "/sys"), Strings{"sysfs /sys"});
}

// --share pid and --net host ask for the host's.
TEST(KernelMounts, TheHostsAreShownWhereTheyWereAskedFor) {
    Spec spec = default_spec();
    spec.share = {Namespace::pid};
    spec.network = Network::host;
    EXPECT_EQ(steps_at(plan_for(spec), "/proc"), Strings{"bind /proc"});
    EXPECT_EQ(steps_at(plan_for(spec), "/sys"), Strings{"bind /sys"});
}

TEST(KernelMounts, AnotherProcIsCovered) {
    FakeHost host;
    host.mount_kernel("/srv/tree/proc", "proc");
    EXPECT_EQ(steps_at(plan_for(default_spec(), host), "/srv/tree/proc"), Strings{"private /srv/tree/proc"});
    Spec spec = default_spec();
    spec.mounts = {test::ro("/srv/tree", "/mnt")};
    EXPECT_EQ(steps_at(plan_for(spec, host), "/mnt/proc"), Strings{"private /mnt/proc"});
    spec.mounts = {test::rw("/srv", "/mnt")};
    EXPECT_EQ(steps_at(plan_for(spec, host), "/mnt/tree/proc"), Strings{"private /mnt/tree/proc"});
}

TEST(KernelMounts, AnotherSysIsReadOnlyInAWritableMount) {
    FakeHost host;
    host.mount_kernel("/srv/tree/sys", "sysfs");
    Spec spec = default_spec();
    spec.mounts = {test::rw("/srv/tree", "/mnt")};
    EXPECT_EQ(steps_at(plan_for(spec, host), "/mnt/sys"), Strings{"read-only /mnt/sys"});
}

TEST(KernelMounts, BelowTheCwdInAHome) {
    FakeHost host;
    host.mount_kernel("/home/ann/project/chroot/proc", "proc");
    EXPECT_EQ(steps_at(plan_for(default_spec(), host), "/home/ann/project/chroot/proc"),
              Strings{"private /home/ann/project/chroot/proc"});
    Spec spec = default_spec();
    spec.mounts = {test::rw(".")};
    const Strings twice = steps_at(plan_for(spec, host), "/home/ann/project/chroot/proc");
    ASSERT_FALSE(twice.empty());
    EXPECT_EQ(twice.back(), "private /home/ann/project/chroot/proc");
}

TEST(KernelMounts, AsASourceAreRefused) {
    FakeHost host;
    host.tree.directory("/proc/sys/net");
    for (const bool writable : {false, true}) {
        for (const char* source : {"/proc", "/proc/sys/net"}) {
            Spec spec = default_spec();
            spec.mounts = {test::bind(source, "/mnt", writable)};
            EXPECT_TRUE(explained(spec, host).find(": cannot show " + std::string(source)) != std::string::npos)
                << source;
        }
    }
    Spec spec = default_spec();
    host.tree.directory("/sys/class");
    spec.mounts = {test::rw("/sys/class", "/mnt")};
    EXPECT_TRUE(explained(spec, host).starts_with("sandbox: --rw /sys/class:/mnt: cannot show /sys/class"));
    spec.mounts = {test::ro("/sys/class", "/mnt")};
    EXPECT_EQ(steps_at(plan_for(spec, host), "/mnt"), (Strings{"bind /mnt", "bind /sys/class at /mnt"}));
}

}  // namespace
}  // namespace sandbox::plan
