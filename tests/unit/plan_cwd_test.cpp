// Where the command starts, and what of a hidden directory is shown because the caller stands in it.
#include "unit/golden.hpp"
#include "unit/planning.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using test::default_spec;
using test::difference;
using test::expect_golden;
using test::explained;
using test::FakeHost;
using test::plan_for;

/// What differs from the plan of a caller in `/` of the same host.
std::string section(const std::string& title, FakeHost& host) {
    const std::string here = explained(default_spec(), host);
    host.enter("/");
    return title + "\n" + difference(explained(default_spec(), host), here) + "\n";
}

bool shows(const Plan& plan, const std::string& inside) {
    const auto area = plan.areas.find(inside);
    return area != plan.areas.end() && !area->second.empty();
}

std::string from(const std::string& title, const std::string& cwd) {
    FakeHost host(cwd);
    return section(title, host);
}

/// What options change for a caller who stands there.
std::string with_options(const std::string& title, const std::string& cwd, const Spec& spec) {
    const FakeHost host(cwd);
    return title + "\n" + difference(explained(default_spec(), host), explained(spec, host)) + "\n";
}

TEST(Cwd, OfTheDefaultHost) {
    std::string text;
    for (const char* cwd : {"/usr/lib",
                            "/home",
                            "/home/ann",
                            "/root",
                            "/home/ann/.ssh",
                            "/home/ann/.ssh/keys",
                            "/home/ann/.config/gcloud",
                            "/home/ann/notes",
                            "/home/ann/project",
                            "/home/ann/project/src/deep",
                            "/tmp",
                            "/tmp/x",
                            "/var/tmp/x",
                            "/run",
                            "/run/lock",
                            "/run/user/1000",
                            "/run/user/1000/x",
                            "/proc",
                            "/proc/1",
                            "/sys/class",
                            "/dev",
                            "/dev/pts",
                            "/dev/disk",
                            "/var/log",
                            "/etc"}) {
        text += from(cwd, cwd);
    }
    expect_golden("cwd", text);
}

TEST(Cwd, OfOtherHosts) {
    std::string text;
    {
        FakeHost host;
        host.tree.alias("/var/home", "/home");
        host.tree.remove("/home");
        host.tree.link("/home", "var/home");
        host.enter("/var/home/ann/project/src");
        text += section("/home is a link to /var/home, in the repository there", host);
        host.enter("/var/home/ann");
        text += section("/home is a link to /var/home, in the home itself", host);
        host.enter("/var/home");
        text += section("/home is a link to /var/home, above the home", host);
    }
    for (const char* home : {"", "/", "relative", "/nonexistent", "/usr/bin/true"}) {
        FakeHost host("/home/ann/project");
        host.set("HOME", home);
        text += section("HOME=" + std::string(home), host);
    }
    {
        FakeHost host("/home/ann/project");
        host.set("HOME", {});
        text += section("HOME unset", host);
    }
    for (const char* cwd : {"/var/lib/ci", "/var/lib/ci/build", "/var/lib"}) {
        FakeHost host;
        host.set("HOME", "/var/lib/ci");
        host.enter(cwd);
        text += section("HOME=/var/lib/ci, in " + std::string(cwd), host);
    }
    expect_golden("cwd_other_hosts", text);
}

TEST(Cwd, WithOptions) {
    std::string text;
    Spec spec = default_spec();
    spec.mounts = {test::rw(".")};
    text += with_options("--rw . in a repository", "/home/ann/project", spec);
    text += with_options("--rw . below a repository", "/home/ann/project/src/deep", spec);
    text += with_options("--rw . in /tmp/x", "/tmp/x", spec);
    spec.mounts = {test::rw(".", "/workspace")};
    spec.cwd = "/workspace";
    text += with_options("--rw .:/workspace --cwd /workspace", "/home/ann/project", spec);
    spec = default_spec();
    spec.home = Home::writable;
    text += with_options("--home rw, in the home", "/home/ann", spec);
    text += with_options("--home rw, in .ssh", "/home/ann/.ssh", spec);
    expect_golden("cwd_with_options", text);
}

TEST(Cwd, RwDotOfAWholeHomeIsRefused) {
    Spec spec = default_spec();
    spec.mounts = {test::rw(".")};
    for (const char* cwd : {"/", "/home", "/home/ann", "/root"}) {
        EXPECT_EQ(explained(spec, FakeHost(cwd)),
                  "sandbox: --rw . would uncover a whole home directory: " + std::string(cwd) +
                      "\n  fix: --home rw shows the real home; or start from a directory below it, or name one\n");
    }
    spec.mounts = {test::ro("..")};
    EXPECT_EQ(explained(spec, FakeHost("/home/ann/notes")),
              "sandbox: --ro .. would uncover a whole home directory: /home/ann\n"
              "  fix: --home rw shows the real home; or start from a directory below it, or name one\n");
    spec.home = Home::writable;
    EXPECT_EQ(explained(spec, FakeHost("/home/ann/notes")),
              "sandbox: --ro .. would uncover a whole home directory: /home/ann\n"
              "  fix: name a directory below it\n");
}

TEST(Cwd, ARemovedOneIsAnError) {
    FakeHost host("/tmp/x");
    host.lose_cwd();
    EXPECT_EQ(explained(default_spec(), host),
              "sandbox: cannot keep the current directory: it has been removed\n"
              "  fix: cd to a directory that exists, or --cwd DIR\n");
    Spec spec = default_spec();
    spec.only = NamespaceSet{Namespace::uts};
    EXPECT_EQ(explained(spec, host),
              "sandbox: cannot keep the current directory: No such file or directory\n"
              "  fix: cd to a directory that exists, or --cwd DIR\n");
    spec = default_spec();
    spec.cwd = "/usr";
    EXPECT_EQ(plan_for(spec, host).cwd, "/usr");
    spec.mounts = {test::ro(".", "/mnt")};
    EXPECT_EQ(explained(spec, host),
              "sandbox: --ro .:/mnt: cannot show .: the current directory has no path: No such file or directory\n"
              "  fix: name the source by an absolute path\n");
    spec = default_spec();
    spec.root = "/srv";
    EXPECT_EQ(plan_for(spec, host).cwd, "/");
}

TEST(Cwd, OneThatIsAnotherMountOfAHomeIsNotShownAgain) {
    FakeHost host;
    host.mount_again("/tmp/also-ann", "/home/ann");
    host.mount_again("/tmp/also-home", "/home");
    for (const char* cwd : {"/tmp/also-ann", "/tmp/also-home"}) {
        host.enter(cwd);
        const Plan plan = plan_for(default_spec(), host);
        EXPECT_FALSE(shows(plan, cwd)) << cwd;
        EXPECT_EQ(plan.cwd, "/tmp") << cwd;
    }
}

TEST(Cwd, TheRepositoryIsNeverTheHome) {
    FakeHost host;
    host.tree.directory("/home/ann/.git");
    host.enter("/home/ann/notes");
    const Plan plan = plan_for(default_spec(), host);
    EXPECT_TRUE(shows(plan, "/home/ann/notes"));
    EXPECT_FALSE(shows(plan, "/home/ann"));
    host.tree.file("/home/ann/notes/.git", "gitdir: elsewhere");  // a worktree
    host.enter("/home/ann/notes/2024");
    EXPECT_TRUE(shows(plan_for(default_spec(), host), "/home/ann/notes"));
}

// Somebody else's whole home, keys and all, is no less private than the caller's own: root stands in it easily.
TEST(Cwd, AnotherUsersHomeIsNotUncovered) {
    FakeHost host;
    host.facts.uid = host.facts.gid = 0;
    host.set("HOME", "/root");
    host.enter("/home/ann");
    EXPECT_FALSE(shows(plan_for(default_spec(), host), "/home/ann"));
    host.enter("/home/ann/.ssh");
    EXPECT_FALSE(shows(plan_for(default_spec(), host), "/home/ann/.ssh"));
    host.enter("/home/ann");
    for (const std::optional<std::string>& home : {std::optional<std::string>(), std::optional<std::string>("/")}) {
        host.set("HOME", home);
        EXPECT_FALSE(shows(plan_for(default_spec(), host), "/home/ann")) << home.value_or("(unset)");
    }
    Spec spec = default_spec();
    spec.mounts = {test::rw(".")};
    EXPECT_TRUE(explained(spec, host).starts_with("sandbox: --rw . would uncover a whole home directory: /home/ann\n"));
}

// Standing above a credential store shows it as surely as standing in it.
TEST(Cwd, ADirectoryThatHoldsACredentialStoreIsNotShown) {
    for (const char* cwd : {"/home/ann/.config", "/home/ann/.local", "/home/ann/.local/share", "/home/ann/.cargo"}) {
        FakeHost host;
        host.tree.directory("/home/ann/.local/share/keyrings");
        host.tree.file("/home/ann/.cargo/credentials");
        host.enter(cwd);
        EXPECT_FALSE(shows(plan_for(default_spec(), host), cwd)) << cwd;
    }
    FakeHost host;
    host.tree.directory("/home/ann/.config/.git");
    host.enter("/home/ann/.config/editor");
    EXPECT_FALSE(shows(plan_for(default_spec(), host), "/home/ann/.config")) << "as the repository";
}

}  // namespace
}  // namespace sandbox::plan
