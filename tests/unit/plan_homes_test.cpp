// Homes are hidden, by whatever name they are reached.
#include "unit/planning.hpp"

#include <string>
#include <variant>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using test::default_spec;
using test::FakeHost;
using test::plan_for;

/// The path of the host that is seen at a path of the inside; empty where that is private. The areas of a plan say so,
/// but so do its steps: both must agree.
std::string seen_at(const Plan& plan, const std::string& inside) {
    std::string step_says;
    for (const Step& step : plan.steps) {
        std::string target;
        std::string source;
        if (const auto* bind = std::get_if<BindMount>(&step)) {
            target = bind->target;
            source = bind->source.path;
        } else if (const auto* scratch = std::get_if<MountScratch>(&step)) {
            target = scratch->target;
        } else if (const auto* tmpfs = std::get_if<MountTmpfs>(&step)) {
            target = tmpfs->target;
        } else {
            continue;
        }
        if (inside == target || inside.starts_with(target + "/")) {
            step_says = source.empty() ? "" : source + inside.substr(target.size());
        }
    }
    std::string area_says;
    std::size_t longest = 0;
    for (const auto& [path, host] : plan.areas) {
        const bool above = path == "/" || inside == path || inside.starts_with(path + "/");
        if (above && path.size() >= longest) {
            longest = path.size();
            area_says = host.empty() ? "" : host + inside.substr(path.size());
        }
    }
    EXPECT_EQ(step_says, area_says) << inside;
    return step_says;
}

TEST(Homes, AreHidden) {
    FakeHost host("/usr");
    for (const char* home : {"/home/ann", "/var/lib/ci", "/srv/people/ann", "/opt", "/nonexistent", "/", ""}) {
        host.set("HOME", home);
        host.tree.directory("/var/lib/ci");
        host.tree.directory("/srv/people/ann");
        const Plan plan = plan_for(default_spec(), host);
        for (const char* path : {"/home", "/home/ann/.ssh", "/home/bob", "/root", "/root/.ssh"}) {
            EXPECT_EQ(seen_at(plan, path), "") << path << " with HOME=" << home;
        }
        const std::string below = std::string(home) + "/.ssh";
        if (below.size() > 6 && std::string(home) != "/nonexistent") {
            EXPECT_EQ(seen_at(plan, below), "") << home;
        }
        EXPECT_EQ(seen_at(plan, "/usr/lib"), "/usr/lib");
    }
}

TEST(Homes, BehindALinkAreHiddenWhereTheyAre) {
    FakeHost host("/usr");
    host.tree.alias("/data/people", "/home");
    host.tree.remove("/home");
    host.tree.link("/home", "/data/people");
    host.tree.directory("/data/other");
    const Plan plan = plan_for(default_spec(), host);
    EXPECT_EQ(seen_at(plan, "/data/people/bob"), "");
    EXPECT_EQ(seen_at(plan, "/data/people/ann/.ssh"), "");
    EXPECT_EQ(seen_at(plan, "/data/other"), "/data/other");
}

TEST(Homes, MountedASecondTimeAreHiddenThereToo) {
    FakeHost host("/usr");
    host.tree.directory("/mnt/other");
    host.mount_again("/mnt/disk", "/home");
    host.mount_again("/srv/ann", "/home/ann");
    host.mount_again("/media/project", "/home/ann/project");
    host.mount_again("/opt/all", "/");
    const Plan plan = plan_for(default_spec(), host);
    EXPECT_EQ(seen_at(plan, "/mnt/disk/bob"), "");
    EXPECT_EQ(seen_at(plan, "/mnt/disk/ann/.ssh"), "");
    EXPECT_EQ(seen_at(plan, "/srv/ann/.ssh"), "");
    EXPECT_EQ(seen_at(plan, "/media/project/src"), "") << "a part of a home";
    EXPECT_EQ(seen_at(plan, "/opt/all/home/ann"), "");
    EXPECT_EQ(seen_at(plan, "/opt/all/root"), "");
    EXPECT_EQ(seen_at(plan, "/opt/all/usr"), "/opt/all/usr");
    EXPECT_EQ(seen_at(plan, "/mnt/other"), "/mnt/other");
}

// A home on a file system of its own, mounted elsewhere as well.
TEST(Homes, OfAnotherDeviceMountedASecondTime) {
    FakeHost host("/usr");
    host.facts.mounts.push_back({"8:2", "/@home", "/home", "btrfs"});
    host.facts.mounts.push_back({"8:2", "/", "/mnt/pool", "btrfs"});
    host.facts.mounts.push_back({"8:3", "/@home", "/mnt/foreign", "btrfs"});
    host.tree.alias("/mnt/pool/@home", "/home");
    host.tree.directory("/mnt/pool/@other");
    host.tree.directory("/mnt/foreign/x");
    const Plan plan = plan_for(default_spec(), host);
    EXPECT_EQ(seen_at(plan, "/mnt/pool/@home/ann"), "");
    EXPECT_EQ(seen_at(plan, "/mnt/pool/@other"), "/mnt/pool/@other");
    EXPECT_EQ(seen_at(plan, "/mnt/foreign/x"), "/mnt/foreign/x") << "another device";
}

// What options show stays, and what is hidden stays hidden, in whatever order mount points have to be made.
TEST(Homes, StayHiddenBesideAnyMountOfTheUser) {
    const std::string targets[] = {
        "/var/new",      "/var/lib/new",  "/var/lib/ci/new", "/var/home/new", "/var/home/ann/new",
        "/var/tmp/new",  "/opt/new",      "/opt/tool/new",   "/new",          "/home/else",
        "/var/home/bob", "/opt/tool/lib", "/var/log",        "/mnt/disk/new", "/usr/lib/new"};
    for (const std::string& first : targets) {
        for (const std::string& second : targets) {
            FakeHost host("/usr");
            host.tree.alias("/var/home", "/home");
            host.tree.remove("/home");
            host.tree.link("/home", "var/home");
            host.tree.directory("/opt/tool/lib");
            host.tree.directory("/var/lib/ci");
            host.tree.directory("/srv/a");
            host.tree.directory("/srv/b");
            host.mount_again("/mnt/disk", "/var/home");
            host.set("HOME", "/var/lib/ci");
            Spec spec = default_spec();
            spec.mounts = {test::ro("/srv/a", first), test::ro("/srv/b", second)};
            const Plan plan = plan_for(spec, host);
            SCOPED_TRACE(first + " " + second);
            for (const char* path : {"/var/home/carol", "/var/home/ann/.ssh", "/mnt/disk/ann", "/var/lib/ci/.ssh",
                                     "/var/tmp/x", "/root/.ssh"}) {
                EXPECT_EQ(seen_at(plan, path), "") << path;
            }
            const auto resolved = [](const std::string& path) {
                return path.starts_with("/home/") ? "/var" + path : path;
            };
            EXPECT_EQ(seen_at(plan, resolved(second) + "/x"), "/srv/b/x");
            if (first != second) {
                EXPECT_EQ(seen_at(plan, resolved(first) + "/x"), "/srv/a/x");
            }
            if (first != "/var/log" && second != "/var/log") {
                EXPECT_EQ(seen_at(plan, "/var/log/x"), "/var/log/x");
            }
        }
    }
}

// The caller's directory is shown in the hidden home, and a mount point is missing in it.
TEST(Homes, StayHiddenAroundAMountPointInTheCwd) {
    const auto check = [](FakeHost& host, const std::string& home) {
        host.tree.directory(home + "/.ssh");
        host.tree.directory(home + "/letters");
        host.tree.directory(home + "/project/src");
        host.enter(home + "/project");
        Spec spec = default_spec();
        spec.mounts = {test::ro("/srv", home + "/project/src/new")};
        const Plan plan = plan_for(spec, host);
        SCOPED_TRACE(home);
        EXPECT_EQ(seen_at(plan, home + "/project/src/new/x"), "/srv/x");
        EXPECT_EQ(seen_at(plan, home + "/.ssh/x"), "");
        EXPECT_EQ(seen_at(plan, home + "/letters/x"), "");
        EXPECT_EQ(seen_at(plan, home.substr(0, home.rfind('/')) + "/bob/x"), "");
    };
    {
        FakeHost host;
        check(host, "/home/ann");
    }
    {
        FakeHost host;
        host.tree.alias("/var/home", "/home");
        host.tree.remove("/home");
        host.tree.link("/home", "var/home");
        check(host, "/var/home/ann");
    }
    {
        FakeHost host;
        host.set("HOME", "/data/people/ci");
        check(host, "/data/people/ci");
    }
}

}  // namespace
}  // namespace sandbox::plan
