// The tree that a plan is building: what each path of the inside is, and which steps make a place for a mount.
#include "plan/view.hpp"
#include "unit/fake_host.hpp"

#include <sandbox/error.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using Strings = std::vector<std::string>;

constexpr MountAttributes read_only{true, true, true, false};
constexpr MountAttributes writable{false, true, true, false};

/// A view of a small tree, whose own steps are left out of steps().
class ViewTest : public testing::Test {
  protected:
    ViewTest() : view_(plan_, tree_) {
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
        int error = 0;
        view_.bind({source, tree_.follow(source, error).value()}, source, target, attributes);
    }
    /// `name subject` of each step since the root was made.
    [[nodiscard]] Strings steps() const {
        Strings result;
        for (std::size_t i = own_steps_; i < plan_.steps.size(); ++i) {
            result.push_back(std::string(step_name(plan_.steps[i])) + " " + step_subject(plan_.steps[i]));
        }
        return result;
    }

    test::FakeTree tree_;
    Plan plan_;
    View view_;
    std::size_t own_steps_ = 0;
};

TEST_F(ViewTest, TheRootIsMadeOfItsEntries) {
    own_steps_ = 0;
    EXPECT_EQ(steps(), (Strings{"scratch ", "mkdir root", "root /", "mkdir root/etc", "symlink root/lib -> usr/lib",
                                "mkdir root/opt", "mkdir root/proc", "mkdir root/run", "mkdir root/srv",
                                "mkdir root/tmp", "mkdir root/usr", "mkdir root/var", "bind /etc", "bind /opt",
                                "bind /srv", "bind /usr", "bind /var"}));
}

TEST_F(ViewTest, AFileBelowTheRoot) {
    test::FakeTree tree;
    tree.file("/image");
    Plan plan;
    View view(plan, tree);
    view.make_root("/", {});
    EXPECT_EQ(step_subject(plan.steps.at(3)), "root/image");
    EXPECT_STREQ(step_name(plan.steps.at(3)), "mkfile");
    EXPECT_STREQ(step_name(plan.steps.at(4)), "bind");
}

TEST_F(ViewTest, ARootThatCannotBeListed) {
    tree_.close("/opt/tool");
    Plan plan;
    View view(plan, tree_);
    EXPECT_THROW(view.make_root("/opt/tool", {}), Error);
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

TEST_F(ViewTest, AMissingPlaceInAReadOnlyTreeRebuildsItsDirectory) {
    bind("/srv/data", "/opt/new");
    EXPECT_EQ(steps(), (Strings{"mkdir rebuilt-0", "private /opt", "symlink rebuilt-0/current -> tool",
                                "symlink rebuilt-0/loop -> /opt/loop", "mkdir rebuilt-0/tool", "bind /opt/tool",
                                "mkdir rebuilt-0/new", "bind /srv/data at /opt/new"}));
    EXPECT_TRUE(view_.exists("/opt/tool/lib"));
    EXPECT_EQ(view_.resolve("/opt/current"), "/opt/tool");
}

TEST_F(ViewTest, RebuildingTakesTheSourceFromWhereItsParentWas) {
    bind("/opt", "/srv/data");
    own_steps_ = plan_.steps.size();
    bind("/etc/hosts", "/srv/data/tool/hosts");
    EXPECT_EQ(steps(), (Strings{"mkdir rebuilt-0", "private /srv/data/tool", "mkdir rebuilt-0/lib",
                                "bind /opt/tool/lib at /srv/data/tool/lib", "mkfile rebuilt-0/hosts",
                                "bind /etc/hosts at /srv/data/tool/hosts"}));
}

TEST_F(ViewTest, AMissingPlaceInATmpfsIsMadeThere) {
    view_.mount_tmpfs("/srv", "", "0755");
    bind("/etc", "/srv/a/b");
    bind("/etc/hosts", "/srv/a/c");
    EXPECT_EQ(steps(), (Strings{"tmpfs /srv", "mount-point /srv/a", "mount-point /srv/a/b", "bind /etc at /srv/a/b",
                                "mount-point /srv/a", "mount-point /srv/a/c", "bind /etc/hosts at /srv/a/c"}));
    EXPECT_FALSE(std::get<MakeMountPoint>(plan_.steps.at(own_steps_ + 5)).directory);
}

TEST_F(ViewTest, AMissingPlaceInAPrivateDirectory) {
    const std::string scratch = view_.mount_scratch("/tmp", 01777, writable);
    view_.symlink("/tmp/link", "/etc");
    bind("/srv/data", "/tmp/x/y");
    EXPECT_EQ(steps(), (Strings{"mkdir " + scratch, "private /tmp", "symlink " + scratch + "/link -> /etc",
                                "mkdir " + scratch + "/x", "mkdir " + scratch + "/x/y", "bind /srv/data at /tmp/x/y"}));
    EXPECT_EQ(view_.resolve("/tmp/link/hosts"), "/etc/hosts");
}

TEST_F(ViewTest, NothingIsMadeInAWritableBind) {
    bind("/srv", "/srv", writable);
    EXPECT_THROW(bind("/etc", "/srv/new"), Error);
    EXPECT_NO_THROW(bind("/etc", "/srv/data"));
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
    Plan plan;
    View view(plan, tree_);
    view.make_root("/", {});
    int error = 0;
    view.bind({"/srv", tree_.follow("/srv", error).value()}, "/srv", "/opt", read_only);
    EXPECT_TRUE(view.exists("/optical/disc"));
    EXPECT_EQ(view.areas().at("/optical"), "/optical");
}

TEST_F(ViewTest, Writable) {
    EXPECT_EQ(view_.writable(), Strings{});
    bind("/srv", "/srv");
    EXPECT_EQ(view_.writable(), Strings{});
    bind("/srv", "/srv", writable);
    bind("/srv/data", "/srv/data", writable);
    view_.mount_scratch("/tmp", 01777, writable);
    view_.mount_scratch("/run", 0755, read_only);
    view_.mount_tmpfs("/opt/current", "", "0755");
    EXPECT_EQ(view_.writable(), (Strings{"/srv", "/tmp", "/opt/tool"}));
}

TEST_F(ViewTest, Areas) {
    bind("/srv/data", "/opt/tool");
    view_.mount_tmpfs("/tmp", "", "0755");
    const auto areas = view_.areas();
    EXPECT_EQ(areas.at("/"), "") << "private";
    EXPECT_EQ(areas.at("/etc"), "/etc");
    EXPECT_EQ(areas.at("/opt/tool"), "/srv/data");
    EXPECT_EQ(areas.at("/tmp"), "");
}

}  // namespace
}  // namespace sandbox::plan
