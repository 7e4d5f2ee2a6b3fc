// What is taken for the placeholder of another sandbox: what its record has, and what cannot be told from it.
#include "placeholder/host_entry.hpp"
#include "placeholder/sweep.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace sandbox::placeholder {
namespace {

namespace fs = std::filesystem;

class PlaceholderIdentity : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "/identity-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        directory_ = name;
        const std::ofstream one(path("one"));
        const std::ofstream other(path("other"));
    }
    void TearDown() override { fs::remove_all(directory_); }
    [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
    [[nodiscard]] Identity identity(const std::string& name) const {
        return identify(path(name), false).value_or(Identity());
    }

  private:
    std::string directory_;
};

TEST_F(PlaceholderIdentity, IsThatOfTheRecord) {
    const Identity one = identity("one");
    const Identity other = identity("other");
    ASSERT_NE(one.inode, other.inode);
    const Id id(one.device, one.inode);
    EXPECT_TRUE(is_one_of({one}, id, path("one"), false));
    EXPECT_FALSE(is_one_of({other}, id, path("one"), false));
    Identity earlier = one;
    earlier.changed.seconds -= 1;
    EXPECT_FALSE(is_one_of({earlier}, id, path("one"), false)) << "its number is used again";
    EXPECT_TRUE(is_one_of({earlier, one}, id, path("one"), false));
}

// The other sandbox would remove it while this one holds it for a file that stays.
TEST_F(PlaceholderIdentity, WhatIsExchangedMeanwhileIsStillOne) {
    const Identity one = identity("one");
    const Id id(one.device, one.inode);
    EXPECT_TRUE(is_one_of({one}, id, path("gone"), false));
    EXPECT_TRUE(is_one_of({one}, id, path("other"), false));
}

}  // namespace
}  // namespace sandbox::placeholder
