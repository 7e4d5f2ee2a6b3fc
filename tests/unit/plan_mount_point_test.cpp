// Mounts of the user: at places that exist, that are missing, that are symbolic links, that cannot be.
#include "unit/golden.hpp"
#include "unit/planning.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
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
    HostWithPlaces() : FakeHost("/srv/job") {
        tree.directory("/opt/tool/lib");
        tree.file("/opt/readme");
        tree.link("/opt/link", "tool");
        tree.link("/opt/dangling", "gone/further");
        tree.link("/opt/up", "../../../../etc");
        tree.link("/opt/loop", "pool");
        tree.link("/opt/pool", "loop");
        tree.file("/srv/job/file");
        tree.directory("/srv/job/data");
    }
};

Spec with(std::vector<Mount> mounts) {
    Spec spec = default_spec();
    spec.mounts = std::move(mounts);
    return spec;
}

std::string section(const std::string& title, std::vector<Mount> mounts) {
    const HostWithPlaces host;
    return title + "\n" + difference(explained(default_spec(), host), explained(with(std::move(mounts)), host)) + "\n";
}

TEST(MountPoint, OnesThatExist) {
    std::string text;
    text += section("--ro data:/opt", {ro("data", "/opt")});
    text += section("--rw data", {rw("data")});
    text += section("--rw /srv/job/data/", {rw("/srv/job/data/")});
    text += section("--ro file:/opt/readme", {ro("file", "/opt/readme")});
    text += section("--ro data:/opt/link", {ro("data", "/opt/link")});
    text += section("--ro data:/opt/up", {ro("data", "/opt/up")});
    text += section("--ro data:/opt/../mnt", {ro("data", "/opt/../mnt")});
    text += section("--ro data:/../../mnt", {ro("data", "/../../mnt")});
    text += section("--ro data:/var/run", {ro("data", "/var/run")});
    text += section("--ro data:sub (below the cwd)", {ro("data", "data")});
    text += section("--tmpfs /mnt", {tmpfs("/mnt")});
    text += section("--tmpfs /mnt:size=1048576,mode=1777", {Tmpfs{.target = "/mnt", .size = 1048576, .mode = 01777}});
    text += section("--tmpfs /home/ann", {tmpfs("/home/ann")});
    text += section("--ro /etc:/home/ann", {ro("/etc", "/home/ann")});
    text += section("--ro /:/mnt", {ro("/", "/mnt")});
    text += section("--ro data:/opt --rw data:/opt (the later wins)", {ro("data", "/opt"), rw("data", "/opt")});
    text += section("--ro-try missing", {Bind{.source = "missing", .target = "", .writable = false, .optional = true}});
    expect_golden("mount_point_existing", text);
}

TEST(MountPoint, OnesThatAreMissing) {
    std::string text;
    text += section("below /", {rw(".", "/workspace")});
    text += section("nested below /", {rw(".", "/made/space")});
    text += section("a file below /", {ro("file", "/settings")});
    text += section("in a read-only tree", {ro("data", "/opt/new")});
    text += section("nested in a read-only tree", {ro("data", "/opt/tool/a/b")});
    text += section("a file in a read-only tree", {ro("file", "/opt/new/file")});
    text += section("two in one read-only tree", {ro("data", "/opt/one"), ro("data", "/opt/two")});
    text += section("behind a link that stays inside", {ro("data", "/var/run/x")});
    text += section("behind a link into a read-only tree", {ro("data", "/opt/link/new")});
    text += section("where a dangling link leads", {ro("data", "/opt/dangling")});
    text += section("in a tmpfs", {tmpfs("/mnt"), ro("data", "/mnt/a/b"), ro("file", "/mnt/a/c")});
    text += section("in the private home", {ro("data", "/home/ann/data")});
    text += section("in /tmp", {rw("data", "/tmp/data")});
    text += section("in /dev", {ro("/dev/sda", "/dev/sda")});
    text += section("in what an option shows", {ro("data", "/opt"), ro("data", "/opt/new")});
    expect_golden("mount_point_missing", text);
}

TEST(MountPoint, BesideAThousandEntries) {
    FakeHost host;
    for (int i = 0; i < 1000; ++i) {
        host.tree.directory("/opt/entry" + std::to_string(i));
    }
    const Plan before = plan_for(default_spec(), host);
    const Plan after = plan_for(with({ro("/srv", "/opt/new")}), host);
    // A directory and a bind for each entry and for the new one, but no bind of /opt.
    EXPECT_EQ(after.steps.size() - before.steps.size(), 2U * 1000 + 2 - 1);
    for (int i = 0; i < 1000; ++i) {
        const std::string path = "/opt/entry" + std::to_string(i);
        EXPECT_EQ(std::count_if(after.steps.begin(), after.steps.end(),
                                [&](const Step& step) {
                                    const auto* bind = std::get_if<BindMount>(&step);
                                    return bind != nullptr && bind->target == path && bind->source.path == path &&
                                           bind->attributes == MountAttributes{true, true, true, false};
                                }),
                  1)
            << path;
    }
}

TEST(MountPoint, Impossible) {
    const HostWithPlaces host;
    const std::vector<std::pair<std::vector<Mount>, std::string>> cases = {
        {{ro("data", "/")},
         "--ro data:/: cannot mount at /: the root of the view is not a mount point\n  fix: --root DIR\n"},
        {{ro("data", "/opt/..")},
         "--ro data:/opt/..: cannot mount at /: the root of the view is not a mount point\n  fix: --root DIR\n"},
        {{tmpfs("/")}, "--tmpfs /: cannot mount at /: the root of the view is not a mount point\n  fix: --root DIR\n"},
        {{ro("file", "/opt")}, "--ro file:/opt: cannot mount at /opt: a file cannot be shown over a directory\n"},
        {{ro("data", "/opt/readme")},
         "--ro data:/opt/readme: cannot mount at /opt/readme: a directory cannot be shown over a file\n"},
        {{tmpfs("/opt/readme")},
         "--tmpfs /opt/readme: cannot mount at /opt/readme: a directory cannot be shown over a file\n"},
        {{ro("data", "/opt/readme/x")},
         "--ro data:/opt/readme/x: cannot mount at /opt/readme/x: /opt/readme is not a directory\n"},
        {{ro("data", "/opt/loop")},
         "--ro data:/opt/loop: cannot follow /opt/loop: too many levels of symbolic links\n"},
        {{ro("data", "/nothing/../mnt")},
         "--ro data:/nothing/../mnt: cannot mount at /nothing/../mnt: `..` behind a directory that does not exist\n"},
        {{ro("missing")},
         "--ro missing: cannot show missing: No such file or directory\n"
         "  fix: check the path, or use --ro-try for one that may be missing\n"},
        {{rw("file/x")},
         "--rw file/x: cannot show file/x: Not a directory\n"
         "  fix: check the path, or use --rw-try for one that may be missing\n"},
        {{ro("/opt/loop", "/mnt")},
         "--ro /opt/loop:/mnt: cannot show /opt/loop: Too many levels of symbolic links\n"
         "  fix: a symbolic link on the way leads back to itself: name what is meant\n"},
    };
    for (const auto& [mounts, message] : cases) {
        EXPECT_EQ(explained(with(mounts), host), "sandbox: " + message);
    }
}

// Made on the host until the end; the directories between it and the writable one stay where they are.
TEST(MountPoint, MissingBelowAWritableDirectory) {
    const HostWithPlaces host;
    const Plan plan = plan_for(with({rw("data"), ro("file", "/srv/job/data/a/b/new"), tmpfs("/srv/job/data/a/c"),
                                     ro("file", "/srv/job/data/a/c/in-tmpfs")}),
                               host);
    int error = 0;
    const FileId id = host.tree.follow("/srv/job/data", error).value();
    const Source data{"data", id, "--ro file:/srv/job/data/a/b/new"};
    const Source other{"data", id, "--tmpfs /srv/job/data/a/c"};
    const std::string here = "/srv/job/data";
    const auto without_root = [&] {
        std::vector<Placeholder> all = plan.placeholders;
        for (Placeholder& placeholder : all) {
            EXPECT_EQ(placeholder.root.path, "data");
            EXPECT_EQ(placeholder.root.expected, id);
            EXPECT_EQ(placeholder.way, "");
            placeholder.root = {};
        }
        return all;
    };
    EXPECT_EQ(without_root(), (std::vector<Placeholder>{{data, here, "a", true, here + "/a", {}, {}},
                                                        {data, here, "a/b", true, here + "/a/b", {}, {}},
                                                        {data, here, "a/b/new", false, here + "/a/b/new", {}, {}},
                                                        {other, here, "a/c", true, here + "/a/c", {}, {}}}));
    std::vector<std::string> pinned;
    for (const Step& step : plan.steps) {
        if (std::holds_alternative<Pin>(step)) {
            pinned.push_back(step_subject(step));
        }
    }
    EXPECT_EQ(pinned, (std::vector<std::string>{here + "/a", here + "/a/b"}));
}

TEST(MountPoint, ASourceBehindClosedDirectories) {
    HostWithPlaces host;
    host.tree.directory("/opt/closed/x");
    host.tree.close("/opt/closed");
    for (const bool optional : {false, true}) {
        EXPECT_EQ(
            explained(
                with({Bind{.source = "/opt/closed/x", .target = "/mnt", .writable = false, .optional = optional}}),
                host),
            std::string("sandbox: --ro") + (optional ? "-try" : "") +
                " /opt/closed/x:/mnt: cannot show /opt/closed/x: Permission denied\n"
                "  fix: check the permissions of the directories above it\n");
    }
    EXPECT_EQ(explained(with({ro("data", "/opt/closed/new")}), host),
              "sandbox: --ro data:/opt/closed/new: cannot show /opt/closed: its entries cannot be read, and a mount "
              "point is missing in it\n"
              "  fix: choose a target that exists, or change the permissions of the directory\n");
}

TEST(MountPoint, InAReadOnlyRoot) {
    HostWithPlaces host;
    for (const char* directory : {"bin", "etc", "opt/tool"}) {
        host.tree.directory("/srv/tree/" + std::string(directory));
    }
    Spec spec = default_spec();
    spec.root = "/srv/tree";
    const std::string before = explained(spec, host);
    spec.mounts = {rw("data", "/workspace"), ro("data", "/opt/new")};
    expect_golden("mount_point_in_root", difference(before, explained(spec, host)));
}

/// The last mount of the plan at or above a path of the inside.
std::string last_mount_over(const Plan& plan, const std::string& path) {
    std::string last;
    for (const Step& step : plan.steps) {
        const std::string name = step_name(step);
        const std::string subject = step_subject(step);
        const std::string target =
            subject.substr(subject.find(" at ") == std::string::npos ? 0 : subject.find(" at ") + 4);
        const bool mounts = name == "bind" || name == "private" || name == "tmpfs";
        if (mounts && (path == target || path.starts_with(target + "/"))) {
            last = name + " " + subject;
        }
    }
    return last;
}

// To make a mount point its directory is rebuilt: nothing that earlier steps mounted or hid in it may come off by that.
TEST(MountPoint, BesideAnEarlierMountKeepsIt) {
    const Plan plan = plan_for(with({ro("data", "/opt/tool"), ro("data", "/opt/new")}), HostWithPlaces());
    EXPECT_EQ(last_mount_over(plan, "/opt/tool/x"), "bind data at /opt/tool");
}

TEST(MountPoint, BesideAPrivateDirectoryKeepsItPrivate) {
    const Plan plan = plan_for(with({ro("data", "/var/new")}), HostWithPlaces());
    EXPECT_EQ(last_mount_over(plan, "/var/tmp/x"), "private /var/tmp");
}

// rename(2) moves a directory with a mount point below it: a protected path would be at another name then, and what is
// made under the old one is not protected. A mount point itself cannot be renamed.
TEST(MountPoint, BelowAWritableMountCannotBeMovedAway) {
    HostWithPlaces host;
    host.tree.directory("/srv/job/data/a/b/protected");
    const Plan plan = plan_for(with({rw("data"), ro("data/a/b/protected")}), host);
    std::vector<std::string> below;
    for (const Step& step : plan.steps) {
        if (step_subject(step).find("/srv/job/data") != std::string::npos && !std::holds_alternative<Landlock>(step)) {
            below.push_back(step_name(step) + std::string(" ") + step_subject(step));
        }
    }
    EXPECT_EQ(below,
              (std::vector<std::string>{"bind data at /srv/job/data", "pin /srv/job/data/a", "pin /srv/job/data/a/b",
                                        "bind data/a/b/protected at /srv/job/data/a/b/protected"}));
}

}  // namespace
}  // namespace sandbox::plan
