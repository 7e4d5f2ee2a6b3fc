// --hide in plans: what is left out of rebuilt directories, what is masked, and where else it is found.
#include "unit/planning.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using test::explained;
using test::FakeHost;
using test::plan_for;
using test::ro;
using test::rw;
using test::tmpfs;

Mount hide(const std::string& path) {
    return sandbox::Hide{path};
}

Spec with(std::vector<Mount> mounts) {
    Spec spec = test::default_spec();
    spec.mounts = std::move(mounts);
    return spec;
}

struct HostWithSecrets : FakeHost {
    HostWithSecrets() {
        for (const char* path : {"/srv/data/secret", "/srv/data/public", "/srv/data/keys/a.pem", "/srv/data/keys/b.pem",
                                 "/srv/data/keys/readme", "/srv/data/deep/keys/.c.pem", "/home/ann/project/.env"}) {
            tree.file(path);
        }
    }
};

/// What the steps of one kind are about.
template <class Kind>
std::set<std::string> subjects(const Plan& plan) {
    std::set<std::string> found;
    for (const Step& step : plan.steps) {
        if (std::holds_alternative<Kind>(step)) {
            found.insert(step_subject(step));
        }
    }
    return found;
}

using Paths = std::set<std::string>;

/// Whether any bind shows a path of the host, or a directory above it.
bool is_shown(const Plan& plan, const std::string& path) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& step) {
        const auto* bind = std::get_if<BindMount>(&step);
        return bind != nullptr && (path == bind->source.path || path.starts_with(bind->source.path + "/"));
    });
}

TEST(HidePlan, InAReadOnlyTreeItIsLeftOutOfARebuiltDirectory) {
    const HostWithSecrets host;
    const Plan plan = plan_for(with({hide("/srv/data/secret"), hide("/srv/data/keys")}), host);
    EXPECT_FALSE(is_shown(plan, "/srv/data/secret"));
    EXPECT_FALSE(is_shown(plan, "/srv/data/keys/a.pem"));
    EXPECT_TRUE(is_shown(plan, "/srv/data/public"));
    EXPECT_EQ(subjects<ScratchHidden>(plan), Paths{"root/srv/data/secret"});
    EXPECT_TRUE(subjects<ScratchDirectory>(plan).contains("root/srv/data/keys"));
    EXPECT_TRUE(subjects<Hide>(plan).empty());
    EXPECT_TRUE(plan.placeholders.empty());
}

TEST(HidePlan, WhatIsMissingInAReadOnlyTreeCannotAppear) {
    const HostWithSecrets host;
    const Plan plan = plan_for(with({hide("/srv/data/later")}), host);
    EXPECT_FALSE(is_shown(plan, "/srv/data/later"));
    EXPECT_TRUE(is_shown(plan, "/srv/data/secret"));
    EXPECT_TRUE(plan.placeholders.empty());
}

TEST(HidePlan, InAWritableTreeItIsMaskedAndWhatIsMissingIsHeld) {
    const HostWithSecrets host;
    const Plan plan = plan_for(
        with({rw("/srv/data"), hide("/srv/data/keys/a.pem"), hide("/srv/data/new/x"), hide("/srv/data/deep")}), host);
    EXPECT_EQ(subjects<Hide>(plan), (Paths{"/srv/data/keys/a.pem", "/srv/data/new/x"}));
    EXPECT_EQ(subjects<Pin>(plan), (Paths{"/srv/data/keys", "/srv/data/new"}));
    EXPECT_TRUE(subjects<MountScratch>(plan).contains("/srv/data/deep"));
    ASSERT_EQ(plan.placeholders.size(), 2U);
    EXPECT_EQ(plan.placeholders[1].name, "new/x");
    EXPECT_FALSE(plan.placeholders[1].is_directory);
}

TEST(HidePlan, ALaterOptionThatNamesItOpensIt) {
    const HostWithSecrets host;
    for (const Mount& later : {Mount(ro("/srv/data/secret")), Mount(rw("/srv/data/secret"))}) {
        EXPECT_TRUE(is_shown(plan_for(with({hide("/srv/data/secret"), later}), host), "/srv/data/secret"));
        EXPECT_FALSE(is_shown(plan_for(with({later, hide("/srv/data/secret")}), host), "/srv/data/secret"));
        EXPECT_FALSE(is_shown(plan_for(with({hide("/srv/data/secret"), later, hide("/srv/data/secret")}), host),
                              "/srv/data/secret"));
    }
    const Plan below = plan_for(with({hide("/srv/data/keys"), ro("/srv/data/keys/a.pem")}), host);
    EXPECT_TRUE(is_shown(below, "/srv/data/keys/a.pem"));
    EXPECT_FALSE(is_shown(below, "/srv/data/keys/b.pem"));
}

TEST(HidePlan, ALaterOptionThatShowsTheTreeAboveDoesNotOpenIt) {
    const HostWithSecrets host;
    EXPECT_FALSE(is_shown(plan_for(with({hide("/srv/data/secret"), ro("/srv")}), host), "/srv/data/secret"));
    EXPECT_FALSE(is_shown(plan_for(with({hide("/srv/data/secret"), ro("/srv", "/mnt")}), host), "/srv/data/secret"));
    EXPECT_FALSE(is_shown(plan_for(with({ro("/srv", "/mnt"), hide("/srv/data/secret")}), host), "/srv/data/secret"));
    EXPECT_FALSE(is_shown(plan_for(with({ro("/srv", "/mnt"), hide("/mnt/data/secret")}), host), "/srv/data/secret"));
    const Plan writable = plan_for(with({hide("/srv/data/secret"), rw("/srv", "/mnt")}), host);
    EXPECT_EQ(subjects<Hide>(writable), Paths{"/mnt/data/secret"});
    EXPECT_EQ(subjects<Pin>(writable), Paths{"/mnt/data"});
}

TEST(HidePlan, OtherMountsOfTheSameTreeAreFound) {
    HostWithSecrets host;
    host.mount_again("/mnt/copy", "/srv/data");
    host.mount_again("/opt/part", "/srv/data/keys");
    const Plan plan = plan_for(with({hide("/srv/data/secret"), hide("/srv/data/keys")}), host);
    for (const char* path : {"/srv/data/secret", "/mnt/copy/secret", "/mnt/copy/keys/a.pem", "/opt/part/a.pem"}) {
        EXPECT_FALSE(is_shown(plan, path)) << path;
    }
    EXPECT_TRUE(is_shown(plan, "/mnt/copy/public"));
}

TEST(HidePlan, RelativePathsCountFromTheCurrentDirectoryWhereverItIsShown) {
    const HostWithSecrets host;
    EXPECT_FALSE(is_shown(plan_for(with({hide(".env")}), host), "./.env"));
    const Plan moved = plan_for(with({rw(".", "/project"), hide(".env")}), host);
    EXPECT_EQ(subjects<Hide>(moved), Paths{"/project/.env"});
    Spec rooted = with({rw(".", "/project"), hide(".env")});
    rooted.root = "/srv";
    EXPECT_EQ(subjects<Hide>(plan_for(rooted, host)), Paths{"/project/.env"});
}

TEST(HidePlan, PatternsMatchWhatIsThere) {
    const HostWithSecrets host;
    const Plan plan = plan_for(with({rw("/srv/data"), hide("/srv/data/**/*.pem")}), host);
    EXPECT_EQ(subjects<Hide>(plan),
              (Paths{"/srv/data/deep/keys/.c.pem", "/srv/data/keys/a.pem", "/srv/data/keys/b.pem"}));
    EXPECT_EQ(subjects<Hide>(plan_for(with({rw("/srv/data"), hide("/srv/data/keys/[a-b].pem")}), host)).size(), 2U);
    EXPECT_TRUE(subjects<Hide>(plan_for(with({rw("/srv/data"), hide("/srv/data/*.nothing")}), host)).empty());
    EXPECT_FALSE(is_shown(plan_for(with({hide("/srv/d*a/s?cret")}), host), "/srv/data/secret"));
    EXPECT_FALSE(is_shown(plan_for(with({hide("/srv/data/keys/**")}), host), "/srv/data/keys/readme"));
}

TEST(HidePlan, TheCurrentDirectoryIsNoPattern) {
    HostWithSecrets host;
    host.tree.file("/srv/[ab]*/x.pem");
    host.tree.file("/srv/a/x.pem");
    host.enter("/srv/[ab]*");
    const Plan plan = plan_for(with({rw("/srv"), hide("*.pem")}), host);
    EXPECT_EQ(subjects<Hide>(plan), Paths{"/srv/[ab]*/x.pem"});
}

TEST(HidePlan, WhatCouldBecomeADirectoryIsAnError) {
    const HostWithSecrets host;
    EXPECT_TRUE(explained(with({rw("/srv/data"), hide("/srv/data/public/x")}), host)
                    .starts_with("sandbox: --hide /srv/data/public/x: cannot hide /srv/data/public/x: /srv/data/public "
                                 "is not a directory"));
    EXPECT_TRUE(explained(with({hide("/srv/none/../x")}), host)
                    .starts_with("sandbox: --hide /srv/none/../x: cannot hide /srv/none/../x: `..`"));
}

TEST(HidePlan, ALinkIsFollowed) {
    HostWithSecrets host;
    host.tree.link("/opt/link", "/srv/data/secret");
    EXPECT_FALSE(is_shown(plan_for(with({hide("/opt/link")}), host), "/srv/data/secret"));
}

TEST(HidePlan, TheRootCannotBeHidden) {
    EXPECT_EQ(explained(with({hide("/")})),
              "sandbox: --hide /: cannot hide /: it is the root of the view\n  fix: --root DIR shows another tree\n");
}

// What an earlier option has made is hidden as the host's is: a file, and a directory that was rebuilt for an entry.
TEST(HidePlan, WhatWasMadeInsideIsMasked) {
    const HostWithSecrets host;
    const FileData data{.descriptor = 0, .target = "/srv/data/made", .mode = {}};
    const Plan file = plan_for(with({data, hide("/srv/data/made")}), host);
    EXPECT_EQ(subjects<Hide>(file), Paths{"/srv/data/made"});
    const Plan again = plan_for(with({hide("/srv/data/made"), data}), host);
    EXPECT_EQ(subjects<Hide>(again), Paths{});
    for (const Mount& made :
         std::vector<Mount>{data, Directory{"/srv/data/made", {}}, ro("/srv/data/secret", "/srv/data/made")}) {
        const Plan directory = plan_for(with({made, hide("/srv/data")}), host);
        EXPECT_TRUE(subjects<MountScratch>(directory).contains("/srv/data"));
    }
    EXPECT_FALSE(subjects<MountScratch>(plan_for(with({data}), host)).contains("/srv/data"));
    // Nothing is in it.
    EXPECT_FALSE(
        subjects<MountScratch>(plan_for(with({tmpfs("/srv/data"), hide("/srv/data")}), host)).contains("/srv/data"));
}

TEST(HidePlan, ADirectoryThatCannotBeReadIsMasked) {
    HostWithSecrets host;
    host.tree.directory("/srv/closed/dir");
    const Plan before = plan_for(with({hide("/srv/closed/dir")}), host);
    EXPECT_FALSE(is_shown(before, "/srv/closed/dir"));
    host.tree.close("/srv/closed");
    EXPECT_NO_THROW((void)plan_for(with({hide("/srv/closed/dir")}), host));
}

// Nobody knows what is in it, and if it is the caller's own, root inside opens it.
TEST(HidePlan, WhatIsInADirectoryThatCannotBeSearchedIsHiddenWithAllOfIt) {
    HostWithSecrets host;
    host.tree.file("/srv/closed/file");
    host.tree.close("/srv/closed");
    for (const char* path : {"/srv/closed/file", "/srv/closed/*", "/srv/**/file", "/srv/*/file"}) {
        EXPECT_FALSE(is_shown(plan_for(with({hide(path)}), host), "/srv/closed/file")) << path;
        EXPECT_TRUE(subjects<MountScratch>(plan_for(with({rw("/srv"), hide(path)}), host)).contains("/srv/closed"))
            << path;
        EXPECT_FALSE(is_shown(plan_for(with({hide(path), ro("/srv", "/mnt")}), host), "/srv/closed/file")) << path;
    }
    EXPECT_TRUE(is_shown(plan_for(with({hide("/srv/data/secret")}), host), "/srv/closed/file"));
}

TEST(HidePlan, ALinkThatLeadsNowhere) {
    HostWithSecrets host;
    host.tree.link("/srv/data/dangling", "/tmp/fresh/key");
    host.tree.link("/srv/data/sideways", "../new/key");
    const Plan plan = plan_for(with({rw("/srv"), hide("/srv/data/dangling"), hide("/srv/data/sideways")}), host);
    EXPECT_EQ(subjects<Hide>(plan), Paths{"/srv/new/key"});
    EXPECT_NO_THROW((void)plan_for(with({ro("/srv/data", "/mnt"), hide("/srv/data/dangling")}), host));
}

TEST(HidePlan, BeforeTheDirectoryIsShown) {
    HostWithSecrets host;
    host.tree.file("/home/ann/other/secret");
    for (const char* path : {"/home/ann/other/secret", "/home/ann/other/s*", "/home/**/secret", "/home/ann/other/**"}) {
        for (const char* target : {"", "/mnt"}) {
            EXPECT_FALSE(
                is_shown(plan_for(with({hide(path), ro("/home/ann/other", target)}), host), "/home/ann/other/secret"))
                << path << " " << target;
            EXPECT_FALSE(
                is_shown(plan_for(with({ro("/home/ann/other", target), hide(path)}), host), "/home/ann/other/secret"))
                << path << " " << target;
        }
    }
    EXPECT_TRUE(is_shown(plan_for(with({hide("/home/ann/other/*"), ro("/home/ann/other/secret")}), host),
                         "/home/ann/other/secret"));
}

TEST(HidePlan, WhatIsTooLongToBeLookedAtIsAnError) {
    const HostWithSecrets host;
    std::string deep = "/srv";
    while (deep.size() < 4096) {
        deep += "/0123456789";
    }
    for (const std::string& path : {deep, "/srv/" + std::string(256, 'n'), deep + "/*"}) {
        EXPECT_TRUE(explained(with({hide(path)}), host).starts_with("sandbox: --hide " + path + ": cannot hide "));
    }
}

// A --ro of its own path that does not exist yet, below a writable directory.
TEST(HidePlan, WhatIsMissingIsProtectedByRo) {
    const HostWithSecrets host;
    const Plan plan = plan_for(with({rw("."), ro("new/hooks"), ro("other/")}), host);
    EXPECT_EQ(subjects<Hide>(plan), Paths{"/home/ann/project/new/hooks"});
    EXPECT_TRUE(subjects<MountScratch>(plan).contains("/home/ann/project/other"));
    ASSERT_EQ(plan.placeholders.size(), 3U);
    EXPECT_TRUE(explained(with({ro("new/hooks")}), host).starts_with("sandbox: --ro new/hooks: "));
}

}  // namespace
}  // namespace sandbox::plan
