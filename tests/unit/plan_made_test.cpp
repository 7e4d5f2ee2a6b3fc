// --dir, --symlink, --file, --data and --device: made inside alone, in their order.
#include "spec/paths.hpp"
#include "unit/golden.hpp"
#include "unit/planning.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using test::default_spec;
using test::difference;
using test::expect_golden;
using test::explained;
using test::FakeHost;
using test::plan_for;
using test::ro;
using test::rw;
using test::tmpfs;

struct HostWithPlaces : FakeHost {
    HostWithPlaces() {
        tree.directory("/opt/tool");
        tree.file("/opt/readme");
        tree.link("/opt/link", "tool");
        tree.file("/home/ann/project/conf");
        tree.directory("/home/ann/project/src");
        tree.device("/dev/kvm");
    }
};

Spec with(std::vector<Mount> mounts) {
    Spec spec = default_spec();
    spec.mounts = std::move(mounts);
    return spec;
}

std::string section(const std::string& title, const std::vector<Mount>& mounts) {
    const HostWithPlaces host;
    return "# " + title + "\n" + difference(explained(default_spec(), host), explained(with(mounts), host)) + "\n";
}

std::string refusal(const std::vector<Mount>& mounts) {
    const std::string text = explained(with(mounts), HostWithPlaces());
    return text.starts_with("sandbox: ") ? text.substr(9, text.find('\n') - 9) : "";
}

TEST(Made, Entries) {
    std::string text;
    text += section("--dir in a read-only tree", {Directory{"/opt/a/b", 0700}});
    text += section("--dir in /run", {Directory{"/run/app", {}}});
    text += section("--dir that exists", {Directory{"/opt/tool", 0700}});
    text += section("--dir behind a link", {Directory{"/opt/link/new", {}}});
    text += section("--dir, relative", {Directory{"src/new", {}}});
    text += section("--symlink in a read-only tree", {Symlink{"tool", "/opt/new"}});
    text += section("--symlink in directories that are missing", {Symlink{"/nowhere", "/a/b"}});
    text += section("--symlink that exists", {Symlink{"tool", "/opt/link"}});
    text += section("--file in a read-only tree", {FileCopy{"conf", "/opt/conf", {}}});
    text += section("--file over a file", {FileCopy{"conf", "/opt/readme", 0600}});
    text += section("--file in /tmp", {FileCopy{"/home/ann/project/conf", "/tmp/conf", {}}});
    text += section("--data", {FileData{3, "/run/secret", 0400}});
    text += section("--device", {Device{"/dev/kvm", "", false}});
    text += section("--device elsewhere", {Device{"/dev/kvm", "/opt/kvm", false}});
    text += section("--device-try missing", {Device{"/dev/none", "", true}});
    text += section("in a tmpfs", {tmpfs("/srv"), Directory{"/srv/a", 0700}, FileCopy{"conf", "/srv/a/conf", 0640},
                                   FileData{4, "/srv/a/data", {}}, Symlink{"a/conf", "/srv/link"},
                                   FileCopy{"conf", "/srv/link", {}}});
    expect_golden("made_entries", text);
}

TEST(Made, TheLaterCoversTheEarlier) {
    const Plan plan = plan_for(with({FileCopy{"conf", "/tmp/x", {}}, ro("/etc/hosts", "/tmp/x")}), HostWithPlaces());
    EXPECT_EQ(plan.areas.at("/tmp/x"), "/etc/hosts");
    const std::string text = explained(with({Directory{"/tmp/d", {}}, ro("/etc", "/tmp/d")}), HostWithPlaces());
    EXPECT_NE(text.find("/etc at /tmp/d"), std::string::npos) << text;
}

TEST(Made, Impossible) {
    EXPECT_EQ(refusal({Directory{"/opt/readme", {}}}),
              "--dir /opt/readme: cannot make a directory at /opt/readme: something else is there");
    EXPECT_EQ(refusal({Directory{"/opt/readme/x", {}}}),
              "--dir /opt/readme/x: cannot mount at /opt/readme/x: /opt/readme is not a directory");
    EXPECT_EQ(refusal({Directory{"/proc/x", {}}}),
              "--dir /proc/x: cannot make a directory at /proc/x: nothing can be made below /proc");
    EXPECT_EQ(refusal({Symlink{"a", "/opt/readme"}}),
              "--symlink a:/opt/readme: cannot make a symbolic link at /opt/readme: something is there, and a link "
              "covers nothing");
    EXPECT_EQ(refusal({Symlink{"other", "/opt/link"}}),
              "--symlink other:/opt/link: cannot make a symbolic link at /opt/link: something is there, and a link "
              "covers nothing");
    EXPECT_EQ(refusal({FileCopy{"conf", "/opt/tool", {}}}),
              "--file conf:/opt/tool: cannot mount at /opt/tool: a file cannot be shown over a directory");
    EXPECT_EQ(refusal({FileCopy{"src", "/opt/x", {}}}), "--file src:/opt/x: cannot copy src: it is a directory");
    EXPECT_EQ(refusal({FileCopy{"none", "/opt/x", {}}}),
              "--file none:/opt/x: cannot show none: No such file or directory");
    EXPECT_EQ(refusal({Device{"conf", "/dev/x", false}}),
              "--device conf:/dev/x: cannot open conf as a device: it is a regular file");
    EXPECT_EQ(refusal({Device{"/dev/none", "", false}}),
              "--device /dev/none: cannot show /dev/none: No such file or directory");
}

// There a place is held on the host until the end; what stands on it is the sandbox's own.
TEST(Made, BelowAWritableDirectoryOfTheHost) {
    for (const Mount& made :
         std::vector<Mount>{Directory{"new", 0700}, FileCopy{"conf", "new", {}}, FileData{3, "new", {}}}) {
        const Plan plan = plan_for(with({rw("."), made}), HostWithPlaces());
        ASSERT_EQ(plan.placeholders.size(), 1U);
        EXPECT_EQ(plan.placeholders.front().target, "/home/ann/project/new");
        EXPECT_EQ(plan.areas.at("/home/ann/project/new"), "") << "private";
    }
    EXPECT_EQ(refusal({rw("."), Symlink{"a", "new"}}),
              "--symlink a:new: cannot make a symbolic link at /home/ann/project/new: /home/ann/project is writable, "
              "and the link would be made on the host");
}

// The flag of a mount of the host is locked in a user namespace.
TEST(Made, ADeviceOnAMountWithoutDevices) {
    HostWithPlaces host;
    host.tree.device("/srv/disk/null");
    host.facts.mounts.push_back({"8:9", "/", "/srv/disk", "ext4", true});
    EXPECT_TRUE(explained(with({Device{"/srv/disk/null", "/dev/x", false}}), host)
                    .starts_with("sandbox: --device /srv/disk/null:/dev/x: cannot open /srv/disk/null as a device: "
                                 "/srv/disk is mounted with nodev\n"));
}

/// What the host has where the view has this path; empty where it is hidden.
std::string seen_at(const Plan& plan, const std::string& path) {
    for (std::string above = path;; above = spec::parent(above)) {
        if (const auto found = plan.areas.find(above); found != plan.areas.end()) {
            return found->second;
        }
    }
}

// A part of a home that is mounted elsewhere is hidden with the home; it is shown to who names it or stands in it.
TEST(Made, APartOfAHomeThatIsMountedElsewhere) {
    FakeHost host("/usr");
    host.mount_again("/srv/project", "/home/ann/project");
    host.mount_again("/srv/keys", "/home/ann/.ssh");
    host.mount_again("/srv/ann", "/home/ann");
    EXPECT_EQ(seen_at(plan_for(default_spec(), host), "/srv/project"), "");
    EXPECT_EQ(seen_at(plan_for(with({rw("/srv/project")}), host), "/srv/project"), "/srv/project");
    host.enter("/srv/project");
    EXPECT_EQ(seen_at(plan_for(default_spec(), host), "/srv/project"), "/srv/project");
    EXPECT_EQ(plan_for(default_spec(), host).cwd, "/srv/project");
    EXPECT_EQ(seen_at(plan_for(with({rw(".")}), host), "/srv/project"), "/srv/project");
    host.enter("/srv/project/src");
    EXPECT_EQ(plan_for(default_spec(), host).cwd, "/srv/project/src");
    host.enter("/srv/keys");
    EXPECT_EQ(seen_at(plan_for(default_spec(), host), "/srv/keys"), "") << "credentials stay hidden";
    host.enter("/srv/ann");
    EXPECT_EQ(seen_at(plan_for(default_spec(), host), "/srv/ann"), "") << "a whole home stays hidden";
    EXPECT_TRUE(explained(with({rw(".")}), host).starts_with("sandbox: --rw . would uncover a whole home"));
}

}  // namespace
}  // namespace sandbox::plan
