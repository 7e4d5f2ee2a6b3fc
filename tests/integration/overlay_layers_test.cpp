// --layer: trees over that of --root, as if all were one.
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/older_kernel.hpp"
#include "support/overlays.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

class OverlayLayers : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped() || HasFailure()) {
            return;
        }
        for (const char* name :
             {"base/bin", "base/etc/dir", "base/lib", "one/etc/dir", "two/etc", "base/var", "one/var"}) {
            fs::create_directories(directory() / name);
        }
        const std::string shell = run({"sh", "-c", "command -v busybox"}).out;
        fs::copy_file(shell.substr(0, shell.size() - 1), directory() / "base/bin/busybox");
        for (const char* name : {"sh", "cat", "ls", "echo", "touch", "rm", "mkdir", "readlink"}) {
            fs::create_symlink("busybox", (directory() / "base/bin/") + name);
        }
        write_file(directory() / "base/etc/both", "base\n");
        write_file(directory() / "base/etc/removed", "base\n");
        write_file(directory() / "base/etc/dir/lower", "lower\n");
        write_file(directory() / "one/etc/both", "one\n");
        write_file(directory() / "one/etc/one", "one\n");
        write_file(directory() / "one/etc/dir/upper", "upper\n");
        write_file(directory() / "two/etc/both", "two\n");
        fs::create_symlink("../run", directory() / "one/var/run");
    }
    [[nodiscard]] Result over(const std::string& script, std::vector<std::string> options) const {
        options.insert(options.begin(), {"--root", directory() / "base"});
        return inside({"/bin/sh", "-c", "set -e; PATH=/bin; " + script}, {.sandbox = options});
    }
};

TEST_F(OverlayLayers, LaterOnesLieOverEarlierOnes) {
    const std::vector<std::string> one = {"--layer", directory() / "one"};
    EXPECT_EQ(over("cat /etc/both; ls /etc/dir", {}).out, "base\nlower\n");
    EXPECT_EQ(over("cat /etc/both /etc/one; ls /etc/dir", one).out, "one\none\nlower\nupper\n");
    const std::vector<std::string> both = {"--layer", directory() / "one", "--layer", directory() / "two"};
    EXPECT_EQ(over("cat /etc/both /etc/one", both).out, "two\none\n");
    const std::vector<std::string> turned = {"--layer", directory() / "two", "--layer", directory() / "one"};
    EXPECT_EQ(over("cat /etc/both", turned).out, "one\n");
}

TEST_F(OverlayLayers, NoneIsWrittenTo) {
    const std::string before = snapshot(directory().path());
    const std::vector<std::string> one = {"--layer", directory() / "one"};
    const Result result = over(
        "for f in /new /etc/new /etc/both; do echo x 2>/dev/null > $f && echo written; done; rm /etc/one 2>/dev/null "
        "&& "
        "echo removed; touch /tmp/x /run/x; ls /tmp",
        one);
    EXPECT_EQ(result.out, "x\n") << result;
    // With an overlay on top, the command may; the trees stay as they are.
    std::vector<std::string> with_overlay = one;
    with_overlay.insert(with_overlay.end(), {"--overlay", "/"});
    EXPECT_EQ(
        over("echo x > /new; echo x >> /etc/both; cat /etc/both; rm /etc/one; ls /etc; touch /bin/x", with_overlay).out,
        "one\nx\nboth\ndir\nremoved\n");
    EXPECT_EQ(snapshot(directory().path()), before);
}

TEST_F(OverlayLayers, WhatIsMarkedAsRemovedIs) {
    if (::mknod((directory() / "one/etc/removed").c_str(), S_IFCHR | 0600, makedev(0, 0)) < 0) {
        FAIL() << "mknod of a whiteout, which everybody may make since Linux 5.8";
    }
    ASSERT_EQ(::setxattr((directory() / "one/etc/dir").c_str(), "user.overlay.opaque", "y", 1, 0), 0);
    const std::vector<std::string> one = {"--layer", directory() / "one"};
    EXPECT_EQ(over("ls /etc /etc/dir", one).out, "/etc:\nboth\ndir\none\n\n/etc/dir:\nupper\n");
    // A mount point where something was removed is made anew.
    std::vector<std::string> with_mount = one;
    with_mount.insert(with_mount.end(), {"--ro", directory() / "base/etc/both:/etc/removed"});
    const Result result = over("cat /etc/removed", with_mount);
    EXPECT_EQ(result.exit_status, 125) << result;
}

TEST_F(OverlayLayers, OtherOptionsSeeTheTreesAsOne) {
    const Result result =
        over("cat /etc/one /etc/new/place /etc/dir/lower; ls /etc/hidden /etc/dir; readlink /var/run; touch /run/x",
             {"--layer", directory() / "one", "--ro", directory() / "two/etc/both:/etc/one", "--ro",
              directory() / "two/etc/both:/etc/new/place", "--hide", "/etc/dir/upper", "--tmpfs", "/var/run/deep"});
    EXPECT_TRUE(result.out.starts_with("two\ntwo\nlower\n")) << result;
    const Result by_link =
        over("echo x > /var/run/deep/x; ls /run/deep", {"--layer", directory() / "one", "--tmpfs", "/var/run/deep"});
    EXPECT_EQ(by_link.out, "x\n") << by_link;
}

// What is thrown away on a disk cannot be left out of a layer, also where nobody may write to that.
TEST_F(OverlayLayers, NoneShowsWhatIsThrownAway) {
    fs::create_directory(directory() / "work");
    fs::create_directory(directory() / "one/place");
    const std::vector<std::string> options = {"--root",    directory() / "base", "--layer", directory() / "one",
                                              "--overlay", directory() / "work"};
    const RunOptions given{
        .sandbox = options, .set = {{"TMPDIR", directory() / "one/place"}}, .before_exec = without_tmpfs_attributes};
    const Result result =
        inside({"/bin/sh", "-c", "cd \"$0\"; echo x > x; /bin/cat x; /bin/ls -A /place", directory() / "work"}, given);
    EXPECT_EQ(result.out, "x\n") << result;
}

TEST_F(OverlayLayers, ItNeedsATreeToLieOn) {
    const Result result = inside({"true"}, {.sandbox = {"--layer", directory() / "one"}});
    EXPECT_EQ(result.exit_status, 125);
    EXPECT_TRUE(contains(result.err, "--root DIR")) << result;
    EXPECT_EQ(
        over("true", {"--layer", directory() / "one", "--overlay", "/", "--changes", directory() / "kept"}).exit_status,
        125);
    EXPECT_EQ(over("true", {"--layer", directory() / "missing"}).exit_status, 125);
    EXPECT_EQ(over("true", {"--layer", directory() / "base/etc/both"}).exit_status, 125);
}

TEST_F(OverlayLayers, OneInAnotherIsRefusedByName) {
    const std::string base = directory() / "base";
    const std::string one = directory() / "one";
    const std::string above = directory() / "";
    for (const auto& [options, said] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"--layer", base}, "--layer " + base + ": it is the tree of --root " + base},
             {{"--layer", base + "/etc"}, "--layer " + base + "/etc: it lies in the tree of --root " + base},
             {{"--layer", above}, "--root " + base + ": it lies in the tree of --layer " + above},
             {{"--layer", one, "--layer", one}, "--layer " + one + ": it is the tree of --layer " + one},
             {{"--layer", one + "/etc", "--layer", one}, "--layer " + one + "/etc: it lies in the tree of --layer"}}) {
        const Result result = over("true", options);
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(contains(result.err, said)) << said << result;
        EXPECT_TRUE(contains(result.err, "\n  fix: ")) << result;
    }
}

}  // namespace
}  // namespace sandbox_test
