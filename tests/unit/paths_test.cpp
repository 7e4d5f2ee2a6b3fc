// Paths as text.
#include "spec/paths.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::spec {
namespace {

using Strings = std::vector<std::string>;

TEST(Paths, Components) {
    EXPECT_EQ(components(""), Strings{});
    EXPECT_EQ(components("/"), Strings{});
    EXPECT_EQ(components("//a/./b//c/"), (Strings{"a", "b", "c"}));
    EXPECT_EQ(components("a/../b"), (Strings{"a", "..", "b"}));
    EXPECT_EQ(components("./."), Strings{});
    EXPECT_EQ(components(".../.a"), (Strings{"...", ".a"}));
}

TEST(Paths, Absolute) {
    EXPECT_EQ(absolute("/a", "b"), "/a/b");
    EXPECT_EQ(absolute("/a", "/b"), "/b");
    EXPECT_EQ(absolute("/", "b"), "/b");
    EXPECT_EQ(absolute("/a/", "./b//c/."), "/a/b/c");
    EXPECT_EQ(absolute("/a", "."), "/a");
    EXPECT_EQ(absolute("/a", ""), "/a");
    EXPECT_EQ(absolute("/", "."), "/");
    EXPECT_EQ(absolute("/a", "//"), "/");
    EXPECT_EQ(absolute("/a", "../b"), "/a/../b") << "only the kernel knows what `..` means behind a link";
}

TEST(Paths, IsBelowOrSame) {
    EXPECT_TRUE(is_below_or_same("/a", "/a"));
    EXPECT_TRUE(is_below_or_same("/a/b", "/a"));
    EXPECT_TRUE(is_below_or_same("/a", "/"));
    EXPECT_TRUE(is_below_or_same("/", "/"));
    EXPECT_FALSE(is_below_or_same("/", "/a"));
    EXPECT_FALSE(is_below_or_same("/ab", "/a"));
    EXPECT_FALSE(is_below_or_same("/a", "/a/b"));
    EXPECT_FALSE(is_below_or_same("/b/a", "/a"));
}

TEST(Paths, Join) {
    EXPECT_EQ(join("/", "a"), "/a");
    EXPECT_EQ(join("/a", "b"), "/a/b");
    EXPECT_EQ(join("/a/", "b"), "/a/b");
}

TEST(Paths, Parent) {
    EXPECT_EQ(parent("/a/b"), "/a");
    EXPECT_EQ(parent("/a"), "/");
    EXPECT_EQ(parent("/"), "/");
}

TEST(Paths, Fits) {
    const std::string name(255, 'n');
    EXPECT_TRUE(fits("/" + name + "/" + name));
    EXPECT_FALSE(fits("/a/" + name + "n/b"));
    std::string path;
    while (path.size() + 16 < 4095) {
        path += "/0123456789abcde";
    }
    path += "/" + std::string(4095 - path.size() - 1, 'x');
    EXPECT_TRUE(fits(path));
    EXPECT_FALSE(fits(path + "x"));
}

}  // namespace
}  // namespace sandbox::spec
