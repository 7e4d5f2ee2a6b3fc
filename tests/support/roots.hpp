// What root of the host starts, and trees of others for it.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "support/sandbox_test.hpp"

namespace sandbox_test {

inline constexpr uid_t other = 1001;

inline std::string owner_of(const std::string& path) {
    struct stat entry {};
    if (lstat(path.c_str(), &entry) != 0) {
        return "missing";
    }
    return std::to_string(entry.st_uid) + ":" + std::to_string(entry.st_gid);
}

class IdentityOfRoot : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (geteuid() != 0) {
            GTEST_SKIP() << "about what root starts; IdentityOfAUser is about others";
        }
        std::filesystem::permissions(directory().path(), std::filesystem::perms{0755});
    }

    /// A directory with a file of its owner's, which is closed to all others.
    [[nodiscard]] std::string make_tree(const std::string& name, uid_t owner) const {
        std::string tree = directory() / name;
        std::filesystem::create_directory(tree);
        write_file(tree + "/file", "text\n");
        std::filesystem::permissions(tree + "/file", std::filesystem::perms{0600});
        std::filesystem::permissions(tree, std::filesystem::perms{0700});
        give(tree + "/file", owner);
        give(tree, owner);
        return tree;
    }
    static void give(const std::string& path, uid_t owner) { EXPECT_EQ(lchown(path.c_str(), owner, owner), 0) << path; }
};

}  // namespace sandbox_test
