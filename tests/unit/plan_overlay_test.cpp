// --overlay: which overlays a view takes, and what stays what it was in them.
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

struct HostWithMounts : FakeHost {
    HostWithMounts() {
        tree.directory("/srv/data/keys");
        tree.file("/srv/data/keys/a.pem");
        tree.file("/srv/data/readme");
        tree.directory("/srv/data/disk/deep");
        tree.file("/vmlinuz");
        tree.directory("/boot/efi");
    }
    void mount(const std::string& target, const std::string& type) {
        facts.mounts.push_back({"8:" + std::to_string(facts.mounts.size()), "/", target, type});
    }
};

Spec with(std::vector<Mount> mounts) {
    Spec spec = default_spec();
    spec.mounts = std::move(mounts);
    return spec;
}

std::string section(const std::string& title, const std::vector<Mount>& mounts,
                    const FakeHost& host = HostWithMounts()) {
    return "# " + title + "\n" + difference(explained(default_spec(), host), explained(with(mounts), host)) + "\n";
}

std::vector<std::string> overlays(const Plan& plan) {
    std::vector<std::string> targets;
    for (const Step& step : plan.steps) {
        if (const auto* overlay = std::get_if<MountOverlay>(&step)) {
            targets.push_back(overlay->lower.target + (overlay->hollow ? " (hollow)" : ""));
        }
    }
    return targets;
}

TEST(PlanOverlay, Plans) {
    HostWithMounts disk;
    disk.mount("/srv/data/disk", "xfs");
    HostWithMounts efi;
    efi.mount("/boot/efi", "vfat");
    std::string text;
    text += section("--overlay of a directory", {Overlay{"/srv/data"}});
    text += section("of the current one", {Overlay{"."}});
    text += section("with what is missing in it",
                    {Overlay{"/srv/data"}, Directory{"/srv/data/new/dir", 0700}, Symlink{"readme", "/srv/data/link"},
                     FileCopy{"/etc/passwd", "/srv/data/copy", {}}, ro("/usr", "/srv/data/usr")});
    text +=
        section("with what is hidden and read-only in it", {Overlay{"/srv/data"}, sandbox::Hide{"/srv/data/keys/a.pem"},
                                                            sandbox::Hide{"/srv/data/later"}, ro("/srv/data/disk")});
    text += section("with a mount below it", {Overlay{"/srv"}}, disk);
    text += section("of the whole tree", {Overlay{"/"}}, efi);
    expect_golden("plan_overlay", text);
}

TEST(PlanOverlay, TheWholeTreeComesFirst) {
    const HostWithMounts host;
    const std::string first = explained(with({Overlay{"/"}, rw("/srv/data")}), host);
    EXPECT_EQ(explained(with({rw("/srv/data"), Overlay{"/"}}), host), first);
    EXPECT_EQ(explained(with({rw("/srv/data"), Overlay{"//./"}}), host), first);
    EXPECT_TRUE(plan_for(with({rw("/srv/data"), Overlay{"/"}}), host).cwd_writable);
}

TEST(PlanOverlay, HomesAndPrivatePlacesStayAsTheyAre) {
    const HostWithMounts host;
    const Plan plan = plan_for(with({Overlay{"/"}}), host);
    std::vector<std::string> read_only;
    for (const Step& step : plan.steps) {
        if (const auto* scratch = std::get_if<MountScratch>(&step);
            scratch != nullptr && scratch->attributes.read_only) {
            read_only.push_back(scratch->target);
        }
    }
    EXPECT_NE(std::ranges::find(read_only, "/home"), read_only.end());
    EXPECT_NE(std::ranges::find(read_only, "/root"), read_only.end());
    const std::vector<std::string> found = overlays(plan);
    for (const char* place : {"/home", "/root", "/proc", "/sys", "/dev", "/tmp", "/run", "/home/ann"}) {
        EXPECT_EQ(std::ranges::find(found, place), found.end()) << place;
    }
    EXPECT_NE(std::ranges::find(found, "/home/ann/project"), found.end());
}

TEST(PlanOverlay, OnlyDirectoriesAboveAMountAreHollow) {
    HostWithMounts host;
    EXPECT_EQ(overlays(plan_for(with({Overlay{"/srv"}}), host)), std::vector<std::string>{"/srv"});
    host.mount("/srv/data/disk", "xfs");
    EXPECT_EQ(overlays(plan_for(with({Overlay{"/srv"}}), host)),
              (std::vector<std::string>{"/srv (hollow)", "/srv/data (hollow)", "/srv/data/disk", "/srv/data/keys"}));
    // The launcher of root can leave out what is mounted below.
    host.facts.uid = host.facts.gid = 0;
    host.facts.root.of_host = true;
    EXPECT_EQ(overlays(plan_for(with({Overlay{"/srv"}}), host)), (std::vector<std::string>{"/srv", "/srv/data/disk"}));
}

// As by --explain, before anything is made there.
TEST(PlanOverlay, ChangesOnAFileSystemThatCannotHoldThem) {
    for (const std::string type : {"overlay", "fuse.sshfs", "nfs4", "9p", "vfat"}) {
        HostWithMounts host;
        host.tree.directory("/mnt/kept");
        host.facts.mounts.push_back({"0:77", "/", "/mnt", type});
        Spec spec = with({Overlay{"/srv/data"}});
        for (const std::string place : {"/mnt/kept", "/mnt/missing"}) {
            spec.changes = place;
            EXPECT_TRUE(explained(spec, host)
                            .starts_with("sandbox: --changes " + place + ": its file system (" + type +
                                         ") cannot hold changes\n"))
                << explained(spec, host);
        }
        // What covers it does.
        host.facts.mounts.push_back({"8:9", "/", "/mnt", "ext4"});
        EXPECT_FALSE(explained(spec, host).starts_with("sandbox: ")) << explained(spec, host);
    }
}

// By its own name or another one: nothing of it is shown.
TEST(PlanOverlay, TheDirectoryOfChanges) {
    HostWithMounts host;
    host.tree.directory("/srv/kept");
    Spec spec = with({Overlay{"/srv/data"}, rw("/srv", "/mnt")});
    spec.changes = "/srv/kept";
    std::string text =
        "# kept, and hidden\n" + difference(explained(default_spec(), host), explained(spec, host)) + "\n";
    spec.changes = "/srv/data/kept";
    text += "# below the overlay\n" + explained(spec, host) + "\n";
    spec.changes = "/srv";
    text += "# above it\n" + explained(spec, host) + "\n";
    host.tree.alias("/opt/again", "/srv/data");
    spec.changes = "/opt/again/keys";
    text += "# below it by another name\n" + explained(spec, host) + "\n";
    spec.changes = "/srv/missing/kept";
    text += "# nowhere\n" + explained(spec, host) + "\n";
    spec = with({Overlay{"/"}});
    spec.changes = "/srv/kept";
    text += "# of the whole tree, in a part of it\n" + explained(spec, host) + "\n";
    expect_golden("plan_changes", text);
    spec.changes = "/home/ann/kept";
    EXPECT_EQ(overlays(plan_for(spec, host)).front(), "/ (hollow)");
}

// A tmpfs keeps no user attributes before Linux 6.6.
struct OlderHost : HostWithMounts {
    OlderHost() {
        facts.tmpfs_attributes = false;
        facts.overlay_places = {
            {"/media", "its file system (nfs) cannot hold what an overlay writes"}, {"/var/tmp"}, {"/tmp"}};
    }
    /// As the launcher plans again when it has made the directory.
    void make(const std::string& place) {
        tree.directory(place + "/sandbox-overlay-1");
        int error = 0;
        const std::string path = place + "/sandbox-overlay-1";
        facts.overlay_places = {{place, {}, host::OverlayPlace::Made{path, tree.follow(path, error).value()}}};
    }
};

TEST(PlanOverlay, WhatIsThrownAwayLiesOnADiskWhereATmpfsWillNotDo) {
    const auto with_place = [](const std::vector<Mount>& mounts, const OlderHost& host = OlderHost()) {
        return difference(explained(with(mounts), HostWithMounts()), explained(with(mounts), host)) + "\n";
    };
    std::string text = "# of a directory\n" + with_place({Overlay{"/srv/data"}});
    text += "# of one that shows the first place\n" + with_place({Overlay{"/var"}});
    text += "# of one that shows it by another name\n";
    OlderHost again;
    again.mount_again("/srv/again", "/var");
    text += with_place({Overlay{"/srv"}}, again);
    text += "# of those that show all\n" + with_place({Overlay{"/var"}, Overlay{"/tmp"}});
    text += "# of the whole tree, of which it is a private place\n" + with_place({Overlay{"/"}});
    text += "# with no place\n";
    OlderHost none;
    none.facts.overlay_places.clear();
    text += with_place({Overlay{"/srv/data"}}, none);
    text += "# with a limit that would not hold there\n";
    Spec limited = with({Overlay{"/srv/data"}});
    limited.limits.tmp_size = 16 << 20;
    text += difference(explained(limited, HostWithMounts()), explained(limited, OlderHost())) + "\n";
    text += "# with --changes\n";
    Spec kept = with({Overlay{"/srv/data"}});
    kept.changes = "/srv/kept";
    text += difference(explained(kept, HostWithMounts()), explained(kept, OlderHost())) + "\n";
    text += "# made\n";
    OlderHost made;
    made.make("/var/tmp");
    text += with_place({Overlay{"/srv/data"}}, made);
    expect_golden("plan_thrown_away", text);
    EXPECT_EQ(plan_for(with({ro("/srv")}), OlderHost()).written.has_value(), false);
}

// Wherever it is shown: by its own name, another one, in what is writable.
TEST(PlanOverlay, WhatIsThrownAwayIsNotSeenInside) {
    OlderHost host;
    host.mount_again("/opt/again", "/var");
    host.make("/var/tmp");
    for (const Bind& shown : {ro("/var/tmp"), rw("/var/tmp"), ro("/var", "/mnt"), rw("/opt/again"), ro("/opt")}) {
        const std::string plan = explained(with({Overlay{"/srv/data"}, shown}), host);
        // It cannot be left out of what is writable: there it is empty.
        const std::size_t first = plan.find("sandbox-overlay-1");
        EXPECT_EQ(first != std::string::npos, shown.writable) << shown.source << "\n" << plan;
        if (first != std::string::npos) {
            EXPECT_EQ(plan.substr(first, 29), "sandbox-overlay-1 (tmpfs, ro,") << plan;
            EXPECT_EQ(plan.find("sandbox-overlay-1", first + 1), std::string::npos) << plan;
        }
    }
}

TEST(PlanOverlay, WhatIsThrownAwayLiesInNoLayer) {
    OlderHost host;
    host.tree.directory("/srv/base/etc");
    host.facts.overlay_places = {{"/srv/base/tmp"}, {"/srv/data/tmp"}, {"/var/tmp"}};
    host.tree.directory("/srv/base/tmp");
    host.tree.directory("/srv/data/tmp");
    Spec spec = with({Overlay{"/"}});
    spec.root = "/srv/base";
    spec.layers = {"/srv/data"};
    EXPECT_EQ(plan_for(spec, host).written.value().thrown_away_in, "/var/tmp");
    // What is private there is no part of one.
    spec.layers.clear();
    EXPECT_EQ(plan_for(spec, host).written.value().thrown_away_in, "/srv/base/tmp");
}

struct HostWithTrees : HostWithMounts {
    HostWithTrees() {
        for (const char* name : {"/srv/base/etc", "/srv/base/usr", "/srv/one/etc", "/srv/one/run"}) {
            tree.directory(name);
        }
        tree.link("/srv/one/var", "usr");
        tree.file("/srv/base/etc/file");
    }
};

TEST(PlanOverlay, Layers) {
    HostWithTrees host;
    Spec base = default_spec();
    base.root = "/srv/base";
    Spec spec = base;
    spec.layers = {"/srv/one", "/srv/data"};
    std::string text = "# layers over a tree\n" + difference(explained(base, host), explained(spec, host)) + "\n";
    spec.mounts = {Overlay{"/"}, ro("/usr", "/etc/new/place"), ro("/usr", "/var/there")};
    text += "# with an overlay on top\n" + difference(explained(base, host), explained(spec, host)) + "\n";
    host.mount("/srv/data/disk", "xfs");
    text += "# with a mount below one\n" + explained(spec, host) + "\n";
    spec.changes = "/srv/kept";
    text += "# and changes\n";
    try {
        (void)plan_for(spec, host);
    } catch (const Error& error) {
        text += render(error);
    }
    expect_golden("plan_layers", text);
}

TEST(PlanOverlay, Refusals) {
    HostWithMounts host;
    host.mount("/boot/efi", "vfat");
    const auto refusal = [&](const std::string& path) {
        const std::string text = explained(with({Overlay{path}}), host);
        return text.starts_with("sandbox: ") ? text.substr(9, text.find('\n') - 9) : "";
    };
    EXPECT_EQ(refusal("/srv/missing"), "--overlay /srv/missing: cannot show /srv/missing: No such file or directory");
    EXPECT_EQ(refusal("/srv/data/readme"),
              "--overlay /srv/data/readme: cannot make /srv/data/readme writable: it is a regular file");
    EXPECT_EQ(refusal("/home/ann"), "--overlay /home/ann would uncover a whole home directory: /home/ann");
    EXPECT_EQ(refusal("/home"), "--overlay /home would uncover a whole home directory: /home");
    EXPECT_EQ(
        refusal("/boot/efi"),
        "--overlay /boot/efi: cannot make /boot/efi writable without writing there: its file system (vfat) can be "
        "no layer of an overlay");
}

}  // namespace
}  // namespace sandbox::plan
