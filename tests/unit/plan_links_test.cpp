// The rule for symbolic links on the way to a source: the system's and the caller's are followed, but none leads out of
// what a command may have written.
#include "unit/planning.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using test::default_spec;
using test::explained;
using test::FakeHost;
using test::plan_for;
using test::ro;
using test::rw;

constexpr uid_t ann = 1000;
constexpr uid_t bob = 1001;

/// Ann in /home/ann/project, where an earlier command may have been at work.
struct HostWithLinks : FakeHost {
    HostWithLinks() {
        tree.directory("/data/real");
        tree.directory("/home/ann/project/src/sub");
        tree.directory("/home/bob/letters");
        tree.link("/home/ann/project/inside", "src/sub", ann);
        tree.link("/home/ann/project/around", "../project/src", ann);
        tree.link("/home/ann/project/out", "/data/real", ann);
        tree.link("/home/ann/project/src/up", "../../notes", ann);
        tree.link("/home/ann/project/dangling", "nowhere", ann);
        tree.link("/home/ann/project/loop", "loop", ann);
        tree.link("/home/ann/project/theirs", "src", bob);
        tree.link("/home/ann/data", "/data/real", ann);
        tree.link("/srv/job/data", "/data/real", ann);
        tree.link("/srv/job/here", "there", ann);
        tree.directory("/srv/job/there");
        tree.link("/srv/theirs", "/data/real", bob);
        tree.link("/srv/system", "/data/real", 0);
    }
};

Spec with(std::vector<Mount> mounts) {
    Spec spec = default_spec();
    spec.mounts = std::move(mounts);
    return spec;
}

/// What is shown at /mnt, or the first line of what a person reads instead.
std::string shown(const std::vector<Mount>& mounts) {
    const HostWithLinks host;
    const std::string text = explained(with(mounts), host);
    if (text.starts_with("sandbox: ")) {
        return text.substr(9, text.find('\n') - 9);
    }
    const Plan plan = plan_for(with(mounts), host);
    const auto found = plan.areas.find("/mnt");
    return found == plan.areas.end() ? "nothing" : found->second;
}

TEST(Links, ThatStayInTheCurrentDirectoryAreFollowed) {
    EXPECT_EQ(shown({ro("inside", "/mnt")}), "/home/ann/project/src/sub");
    EXPECT_EQ(shown({ro("/home/ann/project/inside", "/mnt")}), "/home/ann/project/src/sub");
    EXPECT_EQ(shown({ro("around/sub", "/mnt")}), "/home/ann/project/src/sub");
    EXPECT_EQ(shown({ro("src/../inside", "/mnt")}), "/home/ann/project/src/sub");
}

TEST(Links, ThatLeadOutOfTheCurrentDirectoryAreNot) {
    for (const std::string source :
         {"out", "./out", "/home/ann/project/out", "../project/out", "/home/ann/project/src/../out"}) {
        const std::string message = shown({ro(source, "/mnt")});
        EXPECT_EQ(message,
                  "--ro " + source + ":/mnt: cannot show " + source +
                      ": the symbolic link /home/ann/project/out leads out of /home/ann/project, to /data/real");
    }
    EXPECT_TRUE(shown({rw("src/up", "/mnt")}).ends_with("leads out of /home/ann/project, to /home/ann/notes"));
    EXPECT_TRUE(shown({ro("out/..", "/mnt")}).ends_with("leads out of /home/ann/project, to /data"));
    EXPECT_EQ(shown({ro("../../../data/real", "/mnt")}), "/data/real") << "typed, not followed";
}

TEST(Links, ThatLeadNowhere) {
    EXPECT_EQ(shown({ro("dangling", "/mnt")}), "--ro dangling:/mnt: cannot show dangling: No such file or directory");
    EXPECT_EQ(shown({ro("loop", "/mnt")}), "--ro loop:/mnt: cannot show loop: Too many levels of symbolic links");
    EXPECT_EQ(shown({Bind{.source = "dangling", .target = "/mnt", .writable = false, .optional = true}}), "/mnt");
}

TEST(Links, OfTheSystemAndOfTheCallerAreFollowedElsewhere) {
    EXPECT_EQ(shown({ro("/srv/system", "/mnt")}), "/data/real");
    EXPECT_EQ(shown({ro("/home/ann/data", "/mnt")}), "/data/real");
    EXPECT_EQ(shown({ro("/srv/job/data", "/mnt")}), "/data/real");
}

TEST(Links, OfAnotherUserAreNot) {
    EXPECT_EQ(shown({ro("/srv/theirs", "/mnt")}),
              "--ro /srv/theirs:/mnt: cannot show /srv/theirs: the symbolic link /srv/theirs belongs to another user "
              "(1001)");
    EXPECT_TRUE(shown({ro("theirs", "/mnt")}).ends_with("belongs to another user (1001)"));
}

// Ids that a user namespace does not have look alike; root's are among them.
TEST(Links, OfAnIdThatIsNotMappedAreTheSystems) {
    HostWithLinks host;
    host.tree.link("/srv/unmapped", "/data/real", 65534);
    const Spec spec = with({ro("/srv/unmapped", "/mnt")});
    EXPECT_TRUE(explained(spec, host).starts_with("sandbox: --ro /srv/unmapped:/mnt: cannot show"));
    host.facts.unmapped_uid = 65534;
    EXPECT_EQ(plan_for(spec, host).areas.at("/mnt"), "/data/real");
}

// What is shown writable now was so before, likely enough.
TEST(Links, ThatLeadOutOfAWritableDirectoryAreNotFollowed) {
    EXPECT_EQ(shown({rw("/srv/job"), ro("/srv/job/here", "/mnt")}), "/srv/job/there");
    const std::string out = "leads out of /srv/job, to /data/real";
    EXPECT_TRUE(shown({rw("/srv/job"), ro("/srv/job/data", "/mnt")}).ends_with(out));
    EXPECT_TRUE(shown({ro("/srv/job/data", "/mnt"), rw("/srv/job")}).ends_with(out)) << "whatever comes first";
    Spec spec = with({ro("/home/ann/data", "/mnt")});
    spec.home = Home::writable;
    EXPECT_NE(explained(spec, HostWithLinks()).find("leads out of /home/ann, to /data/real"), std::string::npos);
}

TEST(Links, OfTheRootDirectory) {
    Spec spec = default_spec();
    spec.root = "out";
    EXPECT_NE(explained(spec, HostWithLinks()).find("leads out of /home/ann/project"), std::string::npos);
    spec.root = "/srv/system";
    EXPECT_EQ(plan_for(spec, HostWithLinks()).base, "/data/real");
}

}  // namespace
}  // namespace sandbox::plan
