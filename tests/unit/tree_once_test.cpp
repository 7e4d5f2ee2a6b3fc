// The tree that is asked once: it says what the tree below says, and asks that for each thing once.
#include "host/tree_once.hpp"

#include "fake_host.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sandbox::host {
namespace {

class Counting final : public Tree {
  public:
    explicit Counting(const Tree& tree) : tree_(tree) {}
    [[nodiscard]] std::optional<Entry> look(const std::string& path) const override {
        ++looks[path];
        return tree_.look(path);
    }
    [[nodiscard]] std::optional<plan::FileId> follow(const std::string& path, int& error) const override {
        return tree_.follow(path, error);
    }
    [[nodiscard]] std::optional<std::string> canonical(const std::string& path) const override {
        ++walks[path];
        return tree_.canonical(path);
    }
    [[nodiscard]] Resolution resolve(const std::string& path, const LinkRule& rule) const override {
        return tree_.resolve(path, rule);
    }
    [[nodiscard]] std::optional<std::vector<Entry>> list(const std::string& path) const override {
        return tree_.list(path);
    }
    [[nodiscard]] std::string read(const std::string& root, const std::string& path) const override {
        return tree_.read(root, path);
    }
    [[nodiscard]] bool may_be_silent() const override { return silent; }

    mutable std::map<std::string, int> looks;
    mutable std::map<std::string, int> walks;
    bool silent = false;

  private:
    const Tree& tree_;
};

class TreeOnceTest : public testing::Test {
  protected:
    TreeOnceTest() {
        tree.file("/var/home/me/.config/tool/key");
        tree.file("/var/home/me/project/file");
        tree.link("/home", "var/home");
        tree.link("/var/home/me/.aws", "../../keys/aws");
        tree.directory("/var/keys/aws");
        tree.link("/var/home/me/dangling", "nowhere");
        tree.link("/var/home/me/round", "round");
        tree.directory("/closed/inner");
        tree.close("/closed");
    }

    test::FakeTree tree;
};

TEST_F(TreeOnceTest, CanonicalIsThatOfTheTreeBelow) {
    const TreeOnce once(tree);
    for (const char* path : {"/",
                             "/home",
                             "/home/me",
                             "/home/me/.config/tool/key",
                             "/home/me/.aws",
                             "/home/me/.aws/x",
                             "/var/home/me/.aws",
                             "/home/me/dangling",
                             "/home/me/round",
                             "/home/me/missing",
                             "/home/me/missing/deeper",
                             "/home/me/project/file/below",
                             "/home/me/project/",
                             "/home//me",
                             "/home/./me",
                             "/home/me/..",
                             "/home/me/.aws/..",
                             "/home/me/.aws/../x",
                             "/closed",
                             "/closed/inner",
                             "",
                             "relative"}) {
        // The second answer is the one that was kept.
        EXPECT_EQ(once.canonical(path), tree.canonical(path)) << path;
        EXPECT_EQ(once.canonical(path), tree.canonical(path)) << path;
    }
}

TEST_F(TreeOnceTest, WhatPathsHaveInCommonIsWalkedOnce) {
    const Counting counting(tree);
    const TreeOnce once(counting);
    for (const char* path : {"/home/me/.config/tool", "/home/me/.config/other", "/home/me/.aws", "/home/me/.aws",
                             "/home/me/missing/deeper", "/home/me/missing/other"}) {
        static_cast<void>(once.canonical(path));
    }
    for (const auto& [path, times] : counting.looks) {
        EXPECT_EQ(times, 1) << path;
    }
    EXPECT_TRUE(counting.looks.contains("/var/home/me/missing"));
    EXPECT_FALSE(counting.looks.contains("/var/home/me/missing/deeper")) << "there is nothing that it could be in";
    EXPECT_EQ(counting.walks, (std::map<std::string, int>{{"/home", 1}, {"/var/home/me/.aws", 1}})) << "the links";
}

// Which of its mounts may be asked only the tree below knows.
TEST_F(TreeOnceTest, WhereAMountMayNotAnswerTheTreeBelowIsAsked) {
    Counting counting(tree);
    counting.silent = true;
    const TreeOnce once(counting);
    EXPECT_EQ(once.canonical("/home/me"), "/var/home/me");
    EXPECT_TRUE(counting.looks.empty());
    EXPECT_EQ(counting.walks, (std::map<std::string, int>{{"/home/me", 1}}));
}

// As of HOME, which may be of any length: each component would be a call, and a copy of what is above it.
TEST_F(TreeOnceTest, WhatIsTooLongForAPathIsNotTakenApart) {
    const Counting counting(tree);
    const TreeOnce once(counting);
    std::string path;
    while (path.size() < 100000) {
        path += "/a";
    }
    EXPECT_EQ(once.canonical(path), std::nullopt);
    EXPECT_TRUE(counting.looks.empty());
    EXPECT_EQ(counting.walks, (std::map<std::string, int>{{path, 1}}));
}

TEST_F(TreeOnceTest, NamesAreThoseOfTheList) {
    const TreeOnce once(tree);
    EXPECT_EQ(once.names("/var/home/me"),
              (std::vector<std::string>{".aws", ".config", "dangling", "project", "round"}));
    EXPECT_EQ(once.names("/closed"), std::nullopt);
}

}  // namespace
}  // namespace sandbox::host
