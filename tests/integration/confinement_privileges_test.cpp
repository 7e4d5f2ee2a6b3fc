// A binary that was given privileges by its file runs nothing.
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

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
    [[nodiscard]] Result run_copy(const std::vector<std::string>& arguments) const {
        const std::string id = std::to_string(ordinary);
        std::vector<std::string> command{"setpriv", "--reuid", id, "--regid", id, "--clear-groups", copy()};
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

}  // namespace
}  // namespace sandbox_test
