// The tree that a plan is building: what each path of the inside is, and which steps make a place for a mount.
#include "plan/view.hpp"
#include "unit/fake_host.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using Strings = std::vector<std::string>;

constexpr MountAttributes read_only{true, true, true, false};
constexpr MountAttributes writable{false, true, true, false};

/// A view of a tree, and the plan that it adds to.
struct Fixture {
    explicit Fixture(const host::Tree& tree, std::set<std::string> wanted = {}, std::set<std::string> not_shown = {})
        : skeletons(std::move(wanted)), hidden(std::move(not_shown)), view(plan, tree, skeletons, hidden) {}
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;

    void bind(const host::Tree& tree, const std::string& source, const std::string& target,
              MountAttributes attributes = read_only) {
        int error = 0;
        const FileId id = tree.follow(source, error).value();
        view.bind({source, id}, tree.canonical(source).value(), target, attributes);
    }
    /// `name subject` of each step from this one on.
    [[nodiscard]] Strings steps(std::size_t from = 0) const {
        Strings result;
        for (std::size_t i = from; i < plan.steps.size(); ++i) {
            result.push_back(std::string(step_name(plan.steps[i])) + " " + step_subject(plan.steps[i]));
        }
        return result;
    }

    Plan plan;
    std::set<std::string> skeletons;
    std::set<std::string> hidden;
    View view;
};

/// A view of a small tree, whose own steps are left out of steps().
class ViewTest : public testing::Test {
  protected:
    ViewTest() : made_(tree_), plan_(made_.plan), view_(made_.view) {
        for (const char* path :
             {"/etc", "/opt/tool/lib", "/srv/data", "/usr/lib", "/var/log", "/proc", "/run", "/tmp"}) {
            tree_.directory(path);
        }
        tree_.file("/etc/hosts");
        tree_.link("/lib", "usr/lib");
        tree_.link("/var/run", "/run");
        tree_.link("/var/climb", "../../../tmp/x");
        tree_.link("/opt/loop", "/opt/loop");
        tree_.link("/opt/current", "tool");
        view_.make_root("/", {"proc", "run", "tmp"});
        own_steps_ = plan_.steps.size();
    }

    void bind(const std::string& source, const std::string& target, MountAttributes attributes = read_only) {
        made_.bind(tree_, source, target, attributes);
    }
    [[nodiscard]] Strings steps() const { return made_.steps(own_steps_); }

    test::FakeTree tree_;
    Fixture made_;
    Plan& plan_;
    View& view_;
    std::size_t own_steps_ = 0;
};

/// Where the entries of the root begin.
std::size_t after_root(const Strings& steps) {
    const auto root = std::find(steps.begin(), steps.end(), "root /");
    EXPECT_NE(root, steps.end());
    return static_cast<std::size_t>(root - steps.begin()) + 1;
}

TEST_F(ViewTest, TheRootIsMadeOfItsEntries) {
    const Strings all = made_.steps();
    EXPECT_EQ(made_.steps(after_root(all)),
              (Strings{"mkdir root/etc", "bind /etc", "symlink root/lib -> usr/lib", "mkdir root/opt", "bind /opt",
                       "mkdir root/proc", "mkdir root/run", "mkdir root/srv", "bind /srv", "mkdir root/tmp",
                       "mkdir root/usr", "bind /usr", "mkdir root/var", "bind /var"}));
}

TEST_F(ViewTest, AFileBelowTheRoot) {
    test::FakeTree tree;
    tree.file("/image");
    Fixture made(tree);
    made.view.make_root("/", {});
    EXPECT_EQ(made.steps(after_root(made.steps())), (Strings{"mkfile root/image", "bind /image"}));
}

TEST_F(ViewTest, ARootThatCannotBeListed) {
    tree_.close("/opt/tool");
    Fixture made(tree_);
    EXPECT_THROW(made.view.make_root("/opt/tool", {}), Error);
}

TEST_F(ViewTest, Resolve) {
    EXPECT_EQ(view_.resolve("/etc/hosts"), "/etc/hosts");
    EXPECT_EQ(view_.resolve("/lib/x"), "/usr/lib/x");
    EXPECT_EQ(view_.resolve("/var/run/a/b"), "/run/a/b");
    EXPECT_EQ(view_.resolve("/var/climb"), "/tmp/x");
    EXPECT_EQ(view_.resolve("/opt/current/lib"), "/opt/tool/lib");
    EXPECT_EQ(view_.resolve("/opt/../etc"), "/etc");
    EXPECT_EQ(view_.resolve("/.."), "/");
    EXPECT_EQ(view_.resolve("/"), "/");
    EXPECT_THROW(static_cast<void>(view_.resolve("/opt/loop")), Error);
}

TEST_F(ViewTest, Exists) {
    for (const char* path : {"/", "/etc", "/etc/hosts", "/lib", "/var/run", "/opt/current/lib", "/proc"}) {
        EXPECT_TRUE(view_.exists(path)) << path;
    }
    for (const char* path : {"/x", "/etc/x", "/etc/hosts/x", "/var/run/x", "/proc/x"}) {
        EXPECT_FALSE(view_.exists(path)) << path;
    }
}

TEST_F(ViewTest, IsPrivate) {
    for (const char* path : {"/", "/run", "/run/x", "/var/run", "/tmp", "/new"}) {
        EXPECT_TRUE(view_.is_private(path)) << path;
    }
    for (const char* path : {"/etc", "/etc/hosts", "/etc/new", "/lib", "/opt/tool"}) {
        EXPECT_FALSE(view_.is_private(path)) << path;
    }
}

TEST_F(ViewTest, NearestExisting) {
    EXPECT_EQ(view_.nearest_existing("/etc"), "/etc");
    EXPECT_EQ(view_.nearest_existing("/opt/tool/a/b"), "/opt/tool");
    EXPECT_EQ(view_.nearest_existing("/var/run/a"), "/run");
    EXPECT_EQ(view_.nearest_existing("/x/y"), "/");
}

TEST_F(ViewTest, ABindAtAPlaceThatExists) {
    bind("/srv/data", "/opt/tool");
    EXPECT_EQ(steps(), Strings{"bind /srv/data at /opt/tool"});
    EXPECT_FALSE(view_.exists("/opt/tool/lib")) << "covered";
    EXPECT_TRUE(view_.exists("/opt/tool"));
}

TEST_F(ViewTest, ABindBehindALinkGoesWhereTheLinkLeads) {
    bind("/srv/data", "/opt/current/lib");
    bind("/srv/data", "/var/run/x");
    EXPECT_EQ(steps(), (Strings{"bind /srv/data at /opt/tool/lib", "mkdir root/run/x", "bind /srv/data at /run/x"}));
}

TEST_F(ViewTest, AMissingPlaceBelowTheRootNeedsADirectoryOnly) {
    bind("/srv/data", "/a/b");
    bind("/etc/hosts", "/a/c");
    EXPECT_EQ(steps(), (Strings{"mkdir root/a", "mkdir root/a/b", "bind /srv/data at /a/b", "mkfile root/a/c",
                                "bind /etc/hosts at /a/c"}));
}

TEST_F(ViewTest, AMissingPlaceInAReadOnlyTreeWantsItsDirectoryAsASkeleton) {
    bind("/srv/data", "/opt/new");
    bind("/srv/data", "/opt/tool/a/b");
    EXPECT_EQ(view_.missing_skeletons(), (std::set<std::string>{"/opt", "/opt/tool"}));
    EXPECT_TRUE(view_.exists("/opt/tool/lib"));
    EXPECT_EQ(view_.resolve("/opt/current"), "/opt/tool");
}

TEST_F(ViewTest, ASkeletonIsMadeFromTheStart) {
    Fixture made(tree_, {"/opt/tool"});
    made.view.make_root("/", {"etc", "proc", "run", "srv", "tmp", "usr", "var"});
    Strings of_opt = made.steps();
    std::erase_if(of_opt, [](const std::string& step) { return step.find("opt") == std::string::npos; });
    EXPECT_EQ(of_opt,
              (Strings{"mkdir root/opt", "symlink root/opt/current -> tool", "symlink root/opt/loop -> /opt/loop",
                       "mkdir root/opt/tool", "mkdir root/opt/tool/lib", "bind /opt/tool/lib"}));
    made.bind(tree_, "/srv/data", "/opt/tool/a/b");
    EXPECT_TRUE(made.view.missing_skeletons().empty());
    EXPECT_EQ(made.steps().back(), "bind /srv/data at /opt/tool/a/b");
}

TEST_F(ViewTest, ASkeletonOfWhatAnOptionShows) {
    Fixture made(tree_, {"/srv/data/tool"});
    made.view.make_root("/", {"etc", "opt", "proc", "run", "tmp", "usr", "var"});
    const std::size_t before = made.plan.steps.size();
    tree_.enter("/srv");
    made.bind(tree_, "../opt", "/srv/data");
    EXPECT_EQ(made.steps(before), (Strings{"mkdir rebuilt-0", "private /srv/data", "symlink rebuilt-0/current -> tool",
                                           "symlink rebuilt-0/loop -> /opt/loop", "mkdir rebuilt-0/tool",
                                           "mkdir rebuilt-0/tool/lib", "bind ../opt/tool/lib at /srv/data/tool/lib"}))
        << "sources as the child reaches them";
}

TEST_F(ViewTest, ASkeletonLeavesOutWhatIsHidden) {
    Fixture made(tree_, {"/opt"}, {"/opt/tool", "/opt/loop"});
    made.view.make_root("/", {"etc", "proc", "run", "srv", "tmp", "usr", "var"});
    Strings of_opt = made.steps();
    std::erase_if(of_opt, [](const std::string& step) { return step.find("opt") == std::string::npos; });
    EXPECT_EQ(of_opt, (Strings{"mkdir root/opt", "symlink root/opt/current -> tool", "mkdir root/opt/loop",
                               "mkdir root/opt/tool"}));
    EXPECT_TRUE(made.view.is_private("/opt/tool/lib"));
}

TEST_F(ViewTest, WhatStandsBetweenAWritableMountAndOneBelowIsPinned) {
    tree_.directory("/srv/data/a/b/c");
    bind("/srv", "/srv", writable);
    bind("/etc", "/srv/data/a/b/c");
    bind("/etc", "/srv/data/a/b");
    bind("/etc/hosts", "/etc/hosts");
    EXPECT_EQ(steps(), (Strings{"bind /srv", "pin /srv/data", "pin /srv/data/a", "pin /srv/data/a/b",
                                "bind /etc at /srv/data/a/b/c", "bind /etc at /srv/data/a/b", "bind /etc/hosts"}));
}

TEST_F(ViewTest, AMissingPlaceInATmpfsIsMadeThereBeforeItIsMounted) {
    view_.mount_tmpfs("/srv", "", "0755", "");
    bind("/etc", "/srv/a/b");
    bind("/etc/hosts", "/srv/a/c");
    EXPECT_EQ(steps(), (Strings{"tmpfs /srv", "bind /etc at /srv/a/b", "bind /etc/hosts at /srv/a/c"}));
    Strings made;
    for (const MountTmpfs::Entry& entry : std::get<MountTmpfs>(plan_.steps.at(own_steps_)).entries) {
        made.push_back(entry.path + (S_ISDIR(entry.type) ? "/" : ""));
    }
    EXPECT_EQ(made, (Strings{"a/", "a/b/", "a/c"}));
}

TEST_F(ViewTest, AMissingPlaceInAPrivateDirectory) {
    const std::string scratch = view_.mount_scratch("/tmp", 01777, writable);
    view_.symlink("/tmp/link", "/etc");
    bind("/srv/data", "/tmp/x/y");
    EXPECT_EQ(steps(), (Strings{"mkdir " + scratch, "private /tmp", "symlink " + scratch + "/link -> /etc",
                                "mkdir " + scratch + "/x", "mkdir " + scratch + "/x/y", "bind /srv/data at /tmp/x/y"}));
    EXPECT_EQ(view_.resolve("/tmp/link/hosts"), "/etc/hosts");
}

TEST_F(ViewTest, InAWritableBindAPlaceIsHeldOnTheHost) {
    bind("/srv", "/srv", writable);
    bind("/etc", "/srv/data");
    EXPECT_TRUE(plan_.placeholders.empty());
    bind("/etc", "/srv/new/deep");
    ASSERT_EQ(plan_.placeholders.size(), 2U);
    EXPECT_EQ(plan_.placeholders[0].name, "new");
    EXPECT_EQ(plan_.placeholders[1].name, "new/deep");
    EXPECT_TRUE(view_.exists("/srv/new"));
    bind("/etc/hosts", "/srv/new/file");
    ASSERT_EQ(plan_.placeholders.size(), 3U);
    EXPECT_EQ(plan_.placeholders[2].name, "new/file");
    EXPECT_FALSE(plan_.placeholders[2].is_directory);
}

TEST_F(ViewTest, NothingIsMadeOverTheRootOrOverTheOtherType) {
    EXPECT_THROW(bind("/srv", "/"), Error);
    EXPECT_THROW(bind("/srv", "/opt/.."), Error);
    EXPECT_THROW(bind("/srv", "/etc/hosts"), Error);
    EXPECT_THROW(bind("/etc/hosts", "/opt"), Error);
    EXPECT_THROW(bind("/srv", "/etc/hosts/x"), Error);
    EXPECT_THROW(bind("/srv", "/missing/../opt"), Error);
    EXPECT_EQ(steps(), Strings{}) << "a refusal leaves no step behind";
}

TEST_F(ViewTest, WhatIsCoveredIsForgotten) {
    bind("/srv/data", "/opt/tool");
    bind("/usr", "/opt");
    EXPECT_TRUE(view_.exists("/opt/lib"));
    EXPECT_FALSE(view_.exists("/opt/tool"));
    EXPECT_EQ(view_.areas().count("/opt/tool"), 0U);
    bind("/srv", "/opt");
    EXPECT_TRUE(view_.exists("/opt/data"));
}

TEST_F(ViewTest, ANameThatBeginsAlikeIsNotCovered) {
    tree_.directory("/optical/disc");
    Fixture made(tree_);
    made.view.make_root("/", {});
    made.bind(tree_, "/srv", "/opt");
    EXPECT_TRUE(made.view.exists("/optical/disc"));
    EXPECT_EQ(made.view.areas().at("/optical"), "/optical");
}

TEST_F(ViewTest, Writable) {
    EXPECT_EQ(view_.writable(), Strings{});
    bind("/srv", "/srv");
    EXPECT_EQ(view_.writable(), Strings{});
    bind("/srv", "/srv", writable);
    bind("/srv/data", "/srv/data", writable);
    view_.mount_scratch("/tmp", 01777, writable);
    view_.mount_scratch("/run", 0755, read_only);
    view_.mount_tmpfs("/opt/current", "", "0755", "");
    EXPECT_EQ(view_.writable(), (Strings{"/srv", "/tmp", "/opt/tool"}));
}

TEST_F(ViewTest, Areas) {
    bind("/srv/data", "/opt/tool");
    view_.mount_tmpfs("/tmp", "", "0755", "");
    const auto areas = view_.areas();
    EXPECT_EQ(areas.at("/"), "") << "private";
    EXPECT_EQ(areas.at("/etc"), "/etc");
    EXPECT_EQ(areas.at("/opt/tool"), "/srv/data");
    EXPECT_EQ(areas.at("/tmp"), "");
}

// A walk begins in the directory that the last one has reached.
TEST_F(ViewTest, WhatCoversADirectoryCoversWhatWasFoundInIt) {
    tree_.directory("/opt/other");
    tree_.file("/opt/tool/file");
    EXPECT_TRUE(view_.exists("/opt/tool/file"));
    EXPECT_TRUE(view_.exists("/opt/tool/lib"));
    EXPECT_FALSE(view_.exists("/opt/tool/file/lib"));
    EXPECT_FALSE(view_.exists("/opt/tool/file/file"));
    made_.bind(tree_, "/opt/other", "/opt/tool");
    EXPECT_FALSE(view_.exists("/opt/tool/file"));
    EXPECT_FALSE(view_.exists("/opt/tool/lib"));
    EXPECT_TRUE(view_.exists("/opt/tool"));
}

}  // namespace
}  // namespace sandbox::plan
