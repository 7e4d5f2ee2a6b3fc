// The list of credential stores.
#include "plan/credentials.hpp"
#include "unit/fake_host.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

TEST(Credentials, AStoreAndWhatIsInIt) {
    for (const char* path : {".ssh", ".ssh/id_ed25519", ".config/gh", ".config/gh/hosts.yml", ".bash_history",
                             ".python_history", ".config/google-chrome-beta/Default", ".cargo/credentials.toml",
                             ".m2/settings.xml", ".pgpass", ".vault-token", "snap/firefox/common"}) {
        EXPECT_TRUE(is_in_store(path)) << path;
    }
    for (const char* path : {"project", ".sshd", ".config", ".config/ghost", ".cargo", ".cargo/config.toml", ".m2",
                             ".bashrc", "project/.ssh", ".local/share", ".gitconfig", ""}) {
        EXPECT_FALSE(is_in_store(path)) << path;
    }
}

TEST(Credentials, TheListsAreInOrder) {
    std::set<std::string_view> seen;
    for (const std::string_view store : home_stores()) {
        EXPECT_TRUE(seen.insert(store).second) << store;
        EXPECT_FALSE(store.starts_with('/') || store.ends_with('/') || store.find("..") != std::string_view::npos);
        EXPECT_EQ(store.substr(0, store.rfind('/') + 1).find_first_of("*?["), std::string_view::npos)
            << "a pattern above the last component: " << store;
    }
    for (const std::string_view store : system_stores()) {
        EXPECT_TRUE(seen.insert(store).second && store.starts_with('/')) << store;
    }
}

TEST(Credentials, PatternsAreFoundAndLinksFollowed) {
    test::FakeTree tree;
    tree.directory("/home/ann/.ssh");
    tree.directory("/home/ann/dot/config/gh");
    tree.directory("/home/ann/dot/aws");
    tree.link("/home/ann/.config", "dot/config");
    tree.link("/home/ann/.aws", "/home/ann/dot/aws");
    tree.file("/home/ann/.bash_history");
    tree.file("/home/ann/.bashrc");
    const std::vector<std::string> found = find_stores(tree, "/home/ann", home_stores(), true);
    EXPECT_EQ(
        std::set<std::string>(found.begin(), found.end()),
        (std::set<std::string>{"/home/ann/.ssh", "/home/ann/.aws", "/home/ann/.config/gh", "/home/ann/.bash_history"}));
    const std::vector<std::string> possible = find_stores(tree, "/home/ann", home_stores(), false);
    EXPECT_NE(std::ranges::find(possible, "/home/ann/.config/op"), possible.end());
    EXPECT_EQ(std::ranges::find(possible, "/home/ann/.cargo/credentials"), possible.end());
    for (const char* path :
         {"/home/ann/dot", "/home/ann/dot/config", "/home/ann/dot/config/gh", "/home/ann/dot/aws/cli"}) {
        EXPECT_TRUE(holds_store(tree, "/home/ann", path)) << path;
    }
    EXPECT_FALSE(holds_store(tree, "/home/ann", "/home/ann/dot/config/editor"));
}

}  // namespace
}  // namespace sandbox::plan
