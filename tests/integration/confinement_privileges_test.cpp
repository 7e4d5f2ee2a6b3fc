// Privileges that nobody meant to hand over: a binary that was given some by its file runs nothing, and supplementary
// groups are dropped or named.
#include <grp.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <sandbox/sandbox.hpp>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

constexpr uid_t ordinary = 12345;

/// A copy of the binary that everybody may run, and an ordinary user to run it.
class ConfinementPrivileges : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped()) {
            return;
        }
        if (geteuid() != 0) {
            GTEST_SKIP() << "only root can give a file privileges that another user has not got";
        }
        struct statvfs system {};
        ASSERT_EQ(statvfs(directory().path().c_str(), &system), 0);
        ASSERT_EQ(system.f_flag & ST_NOSUID, 0U) << "the temporary directory gives no program privileges";
        ASSERT_EQ(chmod(directory().path().c_str(), 0755), 0);
        std::filesystem::copy_file(sandbox_binary(), copy());
        ASSERT_EQ(chmod(copy().c_str(), 0755), 0);
    }
    [[nodiscard]] std::string copy() const { return directory() / "sandbox"; }
    [[nodiscard]] Result run_copy(const std::vector<std::string>& arguments,
                                  const std::string& groups = "--clear-groups") const {
        const std::string id = std::to_string(ordinary);
        std::vector<std::string> command{"setpriv", "--reuid", id, "--regid", id, groups, copy()};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return run(command);
    }
    /// As root with supplementary groups.
    [[nodiscard]] Result run_as_root(const std::string& groups, const std::vector<std::string>& arguments) const {
        std::vector<std::string> command{"setpriv", "--groups", groups, copy()};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return run(command);
    }
    void expect_refused(const std::string& how) const {
        for (const std::vector<std::string>& arguments :
             {std::vector<std::string>{"--", "echo", "ran"}, {"--help"}, {"--explain"}, {}}) {
            const Result result = run_copy(arguments);
            EXPECT_EQ(result.exit_status, 125) << result;
            EXPECT_EQ(result.out, "") << result;
            EXPECT_TRUE(result.err.starts_with("sandbox: refusing to run with privileges")) << result;
            EXPECT_TRUE(contains(result.err, how)) << result;
        }
    }
};

TEST_F(ConfinementPrivileges, TheCopyItselfRuns) {
    const Result result = run_copy({"--", "echo", "ran"});
    EXPECT_EQ(result.out, "ran\n") << result;
}

TEST_F(ConfinementPrivileges, SetUserId) {
    ASSERT_EQ(chmod(copy().c_str(), 04755), 0);
    expect_refused("set-user-ID: 12345 runs it as 0");
    // For root it is root's binary like any other.
    EXPECT_EQ(run({copy(), "--", "echo", "ran"}).out, "ran\n");
}

TEST_F(ConfinementPrivileges, SetGroupId) {
    ASSERT_EQ(chmod(copy().c_str(), 02755), 0);
    expect_refused("set-group-ID: group 12345 runs it as 0");
}

TEST_F(ConfinementPrivileges, FileCapabilities) {
    vfs_cap_data data{};
    data.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
    data.data[0].permitted = 1U << CAP_NET_RAW;
    ASSERT_EQ(setxattr(copy().c_str(), "security.capability", &data, sizeof data, 0), 0);
    expect_refused("AT_SECURE");
}

// A file that only group 27 may read, and nobody by another right.
class ConfinementGroups : public ConfinementPrivileges {
  protected:
    void SetUp() override {
        ConfinementPrivileges::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        write_file(directory() / "secret", "secret\n");
        ASSERT_EQ(chown((directory() / "secret").c_str(), 4242, 27), 0);
        ASSERT_EQ(chmod((directory() / "secret").c_str(), 0040), 0);
    }
    [[nodiscard]] std::vector<std::string> read_secret() const {
        return {"--map-users", "real",
                "--uid",       "0",
                "--ro",        directory() / "secret:/srv/secret",
                "--",          "cat",
                "/srv/secret", "/proc/self/status"};
    }
};

TEST_F(ConfinementGroups, ThoseOfRootAreDropped) {
    const Result result = run_as_root("0,4,27", read_secret());
    EXPECT_FALSE(contains(result.out, "secret")) << result;
    EXPECT_EQ(words_of(line_starting(result.out, "Groups:")), std::vector<std::string>{"Groups:"});
    EXPECT_EQ(run_as_root("4,27", {"--init", "--", "grep", "Groups", "/proc/1/status"}).out, "Groups:\t \n");
    EXPECT_TRUE(contains(run_as_root("4,27", {"--explain", "--", "true"}).out, "sudo(27) dropped\n"));
    EXPECT_FALSE(contains(run_as_root("0", {"--explain", "--", "true"}).out, "supplementary"));
}

TEST_F(ConfinementGroups, ThoseOfAUserStayAndAreNamed) {
    const Result result = run_copy(read_secret(), "--groups=4,27");
    EXPECT_TRUE(result.out.starts_with("secret\n")) << "as a control, and as the manual says" << result;
    const Result explained = run_copy({"--explain", "--", "true"}, "--groups=4,27,424242");
    EXPECT_TRUE(contains(explained.out, "supplementary groups: adm(4) sudo(27) (424242) stay")) << explained;
    EXPECT_FALSE(contains(run_copy({"--explain", "--", "true"}).out, "supplementary"));
}

// A library's caller has its groups back, and its other threads have never been without.
TEST_F(ConfinementGroups, TheCallersOwnAreAsBefore) {
    std::vector<gid_t> groups(64);
    groups.resize(static_cast<std::size_t>(std::max(0, getgroups(64, groups.data()))));
    const std::vector<gid_t> others{4, 27};
    ASSERT_EQ(setgroups(others.size(), others.data()), 0);
    sandbox::Spec spec;
    spec.command = {"/bin/sh", "-c", "exit 7"};
    spec.cwd = "/";
    EXPECT_EQ(sandbox::launch(spec).wait().exit_status(), 7);
    std::vector<gid_t> after(64);
    after.resize(static_cast<std::size_t>(std::max(0, getgroups(64, after.data()))));
    EXPECT_EQ(after, others);
    EXPECT_EQ(setgroups(groups.size(), groups.data()), 0);
}

}  // namespace
}  // namespace sandbox_test
