// Root of the host: ids inside that are none of its own, and files that keep their owners.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/host.hpp"
#include "support/named.hpp"
#include "support/roots.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using Words = std::vector<std::string>;

// What the kernel asks for is the id on the host.
TEST_F(IdentityOfRoot, NobodyOnTheHost) {
    // What said the maps has ended by `up`: who is looked at below stays.
    Running sandbox =
        start_inside({"sh", "-c", "id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map; echo up; read x"},
                     {.input = "", .keep_input_open = true});
    const std::string said = sandbox.expect("up\n");
    EXPECT_TRUE(said.starts_with("0\n0\n")) << said;
    EXPECT_TRUE(said.ends_with("65536\n         0          0      65536\nup\n")) << said;
    unsigned found = 0;
    for (const ProcessState& process : descendants_of(sandbox.pid())) {
        const std::string status = read_file("/proc/" + std::to_string(process.pid) + "/status");
        const Words ids = words_of(line_starting(status, "Uid:"));
        const Words groups = words_of(line_starting(status, "Gid:"));
        for (const Words& words : {ids, groups}) {
            ASSERT_EQ(words.size(), 5U);
            for (std::size_t at = 1; at < words.size(); ++at) {
                EXPECT_GE(std::stoul(words[at]), 65536U) << process.name;
            }
        }
        EXPECT_EQ(words_of(line_starting(status, "Groups:")), Words{"Groups:"}) << process.name;
        ++found;
    }
    EXPECT_GE(found, 2U) << "init and the command";
    sandbox.write("\n");
    EXPECT_EQ(sandbox.wait().exit_status, 0);
}

TEST_F(IdentityOfRoot, WhatIsRootsOnTheHostIsClosed) {
    // Not on the host itself: a sandbox that starts beside this one would miss the directory when it is gone.
    const Result result = on_host_of_its_own(R"(
mkdir -m 700 /srv/closed
$SANDBOX -- sh -c 'stat -c %u:%g /etc/passwd; head -1 /etc/passwd | cut -d: -f1; cat /etc/shadow; ls /srv/closed
    cat /proc/kpagecount | head -c 1'
)");
    EXPECT_EQ(result.out, "65534:65534\nroot\n") << result;
    EXPECT_TRUE(contains(result.err, "/etc/shadow: Permission denied")) << result;
    EXPECT_TRUE(contains(result.err, "/srv/closed': Permission denied")) << result;
}

// A tree of root's: every id is its own.
TEST_F(IdentityOfRoot, ATreeOfRootsKeepsItsOwners) {
    const std::string tree = make_tree("tree", 0);
    write_file(tree + "/of-other", "");
    give(tree + "/of-other", other);
    write_file(tree + "/far", "");
    give(tree + "/far", 70000);
    const Result result = inside_shell(
        "cd " + tree +
            "; stat -c %u:%g . file of-other far; cat file; echo new > new; mkdir dir; ln -s x link; echo more >> "
            "file; "
            "touch given; chown 33:44 given; chown 70000 given; chown -h 5:6 link; chmod u+s given; rm of-other",
        {.sandbox = {"--rw", tree}});
    EXPECT_EQ(result.out, "0:0\n0:0\n1001:1001\n65534:65534\ntext\n") << result;
    EXPECT_TRUE(contains(result.err, "Invalid argument")) << "an id that is none of the inside's: " << result;
    EXPECT_EQ(read_file(tree + "/file"), "text\nmore\n");
    EXPECT_EQ(owner_of(tree + "/file"), "0:0");
    EXPECT_EQ(owner_of(tree + "/new"), "0:0");
    EXPECT_EQ(owner_of(tree + "/dir"), "0:0");
    EXPECT_EQ(owner_of(tree + "/given"), "33:44");
    EXPECT_EQ(owner_of(tree + "/link"), "5:6");
    EXPECT_EQ(owner_of(tree + "/of-other"), "missing");
    EXPECT_EQ(owner_of(tree + "/far"), "70000:70000");
}

// Another user's: it is root's inside, and root's on the host is that user's there.
TEST_F(IdentityOfRoot, AnotherUsersTreeIsTheCommands) {
    const std::string tree = make_tree("tree", other);
    write_file(tree + "/of-root", "");
    write_file(tree + "/of-third", "");
    give(tree + "/of-third", 1002);
    const Result result =
        inside_shell("cd " + tree +
                         "; stat -c %u:%g . file of-root of-third; cat file; echo new > new; mkdir -p "
                         "a/b; chown 1002 a; chown 1001:1001 a/b",
                     {.sandbox = {"--rw", tree}});
    EXPECT_EQ(result.out, "0:0\n0:0\n1001:1001\n1002:1002\ntext\n") << result;
    EXPECT_EQ(owner_of(tree + "/new"), "1001:1001");
    EXPECT_EQ(owner_of(tree + "/a"), "1002:1001");
    EXPECT_EQ(owner_of(tree + "/a/b"), "0:0");
    EXPECT_EQ(owner_of(tree + "/of-root"), "0:0");
}

TEST_F(IdentityOfRoot, AUserWhoseNumberIsNoneOfTheInsides) {
    const std::string tree = make_tree("tree", 1200000);
    const Result result = inside_shell("cd " + tree + "; stat -c %u:%g . file; touch new", {.sandbox = {"--rw", tree}});
    EXPECT_EQ(result.out, "0:0\n0:0\n") << result;
    EXPECT_EQ(owner_of(tree + "/new"), "1200000:1200000");
}

// git(1) refuses a repository of somebody else's; what it makes is the owner's.
TEST_F(IdentityOfRoot, GitOnACheckoutOfAnotherUsers) {
    const std::string tree = make_tree("tree", other);
    const Result made = run({"setpriv", "--reuid=1001", "--regid=1001", "--clear-groups", "env", "HOME=" + tree, "git",
                             "-C", tree, "init", "-q"});
    ASSERT_EQ(made.exit_status, 0) << made;
    const std::string commit =
        "git add file && git -c user.name=a -c user.email=a@b commit -qm x && git log --format=%s";
    Result result = inside_shell(commit, {.sandbox = {"--rw", "."}, .directory = tree});
    EXPECT_EQ(result.out, "x\n") << result;
    EXPECT_EQ(owner_of(tree + "/.git/HEAD"), "1001:1001");
    EXPECT_EQ(owner_of(tree + "/.git/refs/heads/" + trimmed(read_file(tree + "/.git/HEAD").substr(16))), "1001:1001");
    // The directory that is shown as the current one, and the repository around it.
    std::filesystem::create_directory(tree + "/sub");
    give(tree + "/sub", other);
    result =
        inside_shell("git status --short --untracked-files=no && cat ../file && touch x", {.directory = tree + "/sub"});
    EXPECT_TRUE(result.out.empty() || result.out == "text\n") << result;
    EXPECT_FALSE(contains(result.err, "dubious")) << result;
}

// What is shown elsewhere, twice, as a file, without a part of it, and with something over it.
TEST_F(IdentityOfRoot, InEveryWayThatABindIsMade) {
    const std::string tree = make_tree("tree", other);
    std::filesystem::create_directories(tree + "/a/b");
    write_file(tree + "/a/secret", "secret\n");
    for (const char* name : {"/a", "/a/b", "/a/secret"}) {
        give(tree + name, other);
    }
    const std::string single = directory() / "single";
    write_file(single, "single\n");
    std::filesystem::permissions(single, std::filesystem::perms{0600});
    Words options = {"--ro",    tree + ":/mnt",  "--ro", single,        "--rw",   tree,
                     "--ro",    tree + "/.hook", "--ro", tree + "/a/b", "--hide", tree + "/a/secret",
                     "--tmpfs", tree + "/a/b"};
    Result result =
        inside_shell("cd " + tree + "; stat -c %u:%g /mnt /mnt/file; cat " + single +
                         " /mnt/file; cat a/secret; cat /mnt/a/secret; echo x > a/b/x; echo x > .hook; mv a "
                         "c; echo y > y; stat -c %u:%g a/b/x",
                     {.sandbox = options});
    EXPECT_EQ(result.out, "0:0\n0:0\nsingle\ntext\n0:0\n") << result;
    EXPECT_EQ(owner_of(tree + "/y"), "1001:1001");
    EXPECT_EQ(owner_of(tree + "/a/b/x"), "missing");
    EXPECT_EQ(owner_of(tree + "/.hook"), "missing") << "the place that was held";
    EXPECT_EQ(owner_of(tree + "/a"), "1001:1001");
    EXPECT_EQ(read_file(tree + "/a/secret"), "secret\n");
}

TEST_F(IdentityOfRoot, PlacesOfItsOwnAreRootsInside) {
    const Result result = inside_shell(
        "stat -c %u:%g /tmp /run /dev/shm ~ /dev/pts; touch /tmp/x ~/x; chown 5:6 /tmp/x; "
        "stat -c %u:%g /tmp/x ~/x");
    EXPECT_EQ(result.out, "0:0\n0:0\n0:0\n0:0\n0:0\n5:6\n0:0\n") << result;
}

// A tree like a debootstrapped one.
TEST_F(IdentityOfRoot, RootOfATree) {
    const std::string tree = directory() / "tree";
    for (const char* name : {"bin", "dev", "etc", "home", "lib", "lib64", "proc", "root", "sys", "tmp", "usr", "var"}) {
        std::filesystem::create_directories(tree + "/" + name);
    }
    write_file(tree + "/etc/passwd", "root:x:0:0::/root:/bin/sh\nguest:x:1234:77::/home/guest:/bin/sh\n");
    write_file(tree + "/etc/group", "crew:x:77:\n");
    write_file(tree + "/etc/shadow", "root:*\n");
    std::filesystem::permissions(tree + "/etc/shadow", std::filesystem::perms{0600});
    write_file(tree + "/etc/guests", "guests\n");
    std::filesystem::permissions(tree + "/etc/guests", std::filesystem::perms{0600});
    give(tree + "/etc/guests", 1234);
    Words options = {"--root", tree,   "--ro", "/usr", "--ro", "/lib64",
                     "--ro",   "/lib", "--ro", "/bin", "--rw", tree + "/var:/var"};
    Result result =
        inside_shell("stat -c %u:%g /etc/shadow /etc/guests; cat /etc/shadow; touch /var/x; chown guest:crew /var/x",
                     {.sandbox = options});
    EXPECT_EQ(result.out, "0:0\n1234:1234\nroot:*\n") << result;
    EXPECT_EQ(owner_of(tree + "/var/x"), "1234:77");
    options.insert(options.end(), {"--user", "guest"});
    result = inside_shell("id -u; cat /etc/guests; cat /etc/shadow", {.sandbox = options});
    EXPECT_EQ(result.out, "1234\nguests\n") << result;
}

// --user: the owner is that one's, as it is the command's.
TEST_F(IdentityOfRoot, AnotherUserInside) {
    const std::string tree = make_tree("tree", 0);
    const Result result = inside_shell("id -u; cd " + tree + " && stat -c %u . && cat file && touch new",
                                       {.sandbox = {"--rw", tree, "--user", "4321:4321"}});
    EXPECT_EQ(result.out, "4321\n4321\ntext\n") << result;
    EXPECT_EQ(owner_of(tree + "/new"), "0:0");
    const Result single = inside_shell("id -u; cd " + tree + " && cat file && touch newer; stat -c %u newer",
                                       {.sandbox = {"--rw", tree, "--uid", "4321"}});
    EXPECT_EQ(single.out, "4321\ntext\n4321\n") << single;
    EXPECT_EQ(owner_of(tree + "/newer"), "0:0");
}

// A mount that cannot be idmapped: an error where it was asked for, read-only and as it is below what was.
class IdentityOfRootAndMounts : public IdentityOfRoot {
  protected:
    void SetUp() override {
        IdentityOfRoot::SetUp();
        if (IsSkipped()) {
            return;
        }
        tree_ = make_tree("tree", other);
        for (const char* name : {"/lower", "/merged", "/over"}) {
            std::filesystem::create_directory(directory() / name);
        }
        std::filesystem::create_directory(tree_ + "/sub");
        write_file(directory() / "lower/file", "lower\n");
        write_file(directory() / "lower/closed", "closed\n");
        std::filesystem::permissions(directory() / "lower/closed", std::filesystem::perms{0600});
    }
    /// Runs it where an overlay is mounted at `place`.
    [[nodiscard]] Result with_overlay(const std::string& place, const std::string& script, const Words& options) const {
        Words words = {"unshare",
                       "--mount",
                       "--propagation",
                       "private",
                       "sh",
                       "-ec",
                       "mount -t overlay overlay -o lowerdir=" + (directory() / "lower") + ":" +
                           (directory() / "over") + " \"$1\"; shift; exec \"$@\"",
                       "sh",
                       place};
        for (const std::string& word : sandbox_command({"sh", "-c", script}, options)) {
            words.push_back(word);
        }
        return run(words);
    }
    std::string tree_;
};

TEST_F(IdentityOfRootAndMounts, SourceItself) {
    const std::string place = directory() / "merged";
    Result result = with_overlay(place, "true", {"--rw", place});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(
        result.err.starts_with("sandbox: --rw " + place + ": cannot show " + place +
                               " with its owners: its file system (overlay) cannot be mounted with other ids\n"))
        << result;
    EXPECT_TRUE(contains(result.err, "--map-users real")) << result;
    result = with_overlay(place, "cat " + place + "/file", {"--rw", place, "--map-users", "real"});
    EXPECT_EQ(result.out, "lower\n") << result;
    result = with_overlay(place, "cat " + place + "/file; cat " + place + "/closed", {"--ro-try", place});
    EXPECT_EQ(result.out, "lower\n") << result;
}

TEST_F(IdentityOfRootAndMounts, BelowASource) {
    const std::string place = tree_ + "/sub";
    Result result =
        with_overlay(place, "cat " + tree_ + "/file " + place + "/file; cat " + place + "/closed", {"--ro", tree_});
    EXPECT_EQ(result.out, "text\nlower\n") << result;
    result = with_overlay(place, "touch " + tree_ + "/new && cat " + place + "/file; touch " + place + "/new",
                          {"--rw", tree_});
    EXPECT_EQ(result.out, "lower\n") << result;
    EXPECT_TRUE(contains(result.err, "Read-only file system")) << result;
    EXPECT_EQ(owner_of(tree_ + "/new"), "1001:1001");
}

// Who owns the tree swaps a directory above a mount in it with a link to /, while root starts: what is mounted there
// inside is that mount or none, never what the link leads to; and it is mounted nowhere else, as over /etc.
TEST_F(IdentityOfRoot, AMountIsNotLookedForBehindALink) {
    const std::string tree = make_tree("tree", other);
    const std::string script =
        "mkdir -p \"$1/a/etc\"; ln -s / \"$1/l\"; mount -t proc proc \"$1/a/etc\"\n"
        "python3 -c 'import ctypes, sys\nlibc = ctypes.CDLL(None)\na, b = (sys.argv[1] + x for x in (\"/a\", "
        "\"/l\"))\nwhile True: libc.renameat2(-100, a.encode(), -100, b.encode(), 2)' \"$1\" & swapper=$!\n"
        "for i in $(seq 60); do \"$2\" --rw \"$1\" -- grep -e \"$1\" -e ' /etc ' /proc/self/mountinfo 2>/dev/null || "
        "true; done\n"
        "kill $swapper; wait $swapper || true; umount \"$1/a/etc\" 2>/dev/null || umount \"$1/l/etc\"";
    const Result result =
        run({"unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", tree, sandbox_binary()});
    EXPECT_EQ(result.exit_status, 0) << result;
    std::size_t seen = 0;
    for (const std::string& line : lines_of(result.out)) {
        // Root and place: a directory bound onto itself has a path of the tree in both.
        const std::size_t first = line.find(" " + tree + "/");
        const bool own =
            first == line.rfind(" " + tree + "/") ? contains(line, " - proc ") || contains(line, " - tmpfs ") : true;
        EXPECT_TRUE(first == std::string::npos || own) << line;
        EXPECT_FALSE(contains(line, " /etc ") && contains(line, " - proc "))
            << "a mount of the tree over /etc: " << line;
        seen += contains(line, " " + tree + " ") ? 1 : 0;
    }
    EXPECT_GT(seen, 0U) << "the control: some of them start";
}

// The mounts inside are copies: what happens to them stays inside, also where those of the host are shared.
TEST_F(IdentityOfRoot, NothingIsMountedOnTheHost) {
    const std::string tree = make_tree("tree", other);
    const std::string script =
        "mount --make-rshared /; mount --bind \"$1\" \"$1\"; mount --make-shared \"$1\"; before=$(grep -c . "
        "/proc/self/mountinfo); shift; \"$@\"; after=$(grep -c . /proc/self/mountinfo); [ $before = $after ] && echo "
        "same";
    const std::string look = "grep -c " + tree + "/made /proc/self/mountinfo";
    const Result result = run({"unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", tree,
                               sandbox_binary(), "--rw", tree, "--tmpfs", tree + "/made", "--", "sh", "-c", look});
    EXPECT_EQ(result.out, "1\nsame\n") << result;
}

// What lies below a directory that only root may enter has no place of its own inside.
TEST_F(IdentityOfRoot, BelowAClosedDirectory) {
    const Result result = on_host_of_its_own(R"(
mkdir -m 700 /srv/closed; mkdir /srv/closed/place; cd /srv/closed/place
$SANDBOX --rw . -- true 2>/media/refused || echo $?
$SANDBOX -- true 2>/media/nowhere || echo $?
$SANDBOX --rw .:/workspace --cwd /workspace -- sh -c 'pwd; echo text >made; stat -c %u made'
cat made
grep -c 'open to root of the host alone' /media/refused
grep -c 'fix: another place for it, as --rw .:/workspace' /media/refused
grep -c -e '--ro .:/workspace --cwd /workspace' /media/nowhere
)");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "125\n125\n/workspace\n0\ntext\n1\n1\n1\n") << result;
}

TEST_F(IdentityOfRoot, AsThePlanSays) {
    Result result = run(sandbox_command({"true"}, {"--explain", "--ro", directory().path()}));
    EXPECT_TRUE(contains(result.out, "setup uid_map: 0 ")) << result;
    EXPECT_TRUE(contains(result.out, " 65536\n")) << result;
    EXPECT_TRUE(contains(result.out, directory().path() + " (ro,nosuid,nodev, idmapped)\n")) << result;
    EXPECT_TRUE(contains(result.out, "ids: root inside is not root of the host; there, its user ids are ")) << result;
    result = run(sandbox_command({"true"}, {"--explain", "--ro", directory().path(), "--map-users", "real"}));
    EXPECT_TRUE(contains(result.out, "setup uid_map: 0 0 4294967295\n")) << result;
    EXPECT_TRUE(contains(result.out,
                         "root inside is root of the host, which is weaker than --map-users private: it has power over "
                         "the files of every id that is mapped"))
        << result;
    EXPECT_FALSE(contains(result.out, "idmapped")) << result;
}

// Without the capability for idmapped mounts, as in a container, there is nothing that could be done silently.
TEST_F(IdentityOfRoot, WithoutTheCapabilityItIsAnError) {
    const auto without = [](const std::string& capability, const Words& options) {
        Words words = {"setpriv", "--bounding-set", "-" + capability};
        const Words command = sandbox_command({"id", "-u"}, options);
        words.insert(words.end(), command.begin(), command.end());
        return run(words);
    };
    for (const char* capability : {"sys_admin", "setuid", "setgid", "chown"}) {
        const Result result = without(capability, {});
        EXPECT_EQ(result.exit_status, 125) << capability << result;
        EXPECT_TRUE(contains(result.err, "(--map-users private): root lacks CAP_")) << result;
        EXPECT_TRUE(contains(result.err, "--map-users real")) << result;
    }
    const Result result = without("sys_admin", {"--map-users", "real"});
    EXPECT_EQ(result.out, "0\n") << result;
}

// Pipes of root's on 0-2 can be opened again.
TEST_F(IdentityOfRoot, StreamsAreOpenedAgain) {
    const Result result =
        inside_shell("echo out > /dev/stdout; echo err > /dev/stderr; cat /dev/stdin", {.input = "in\n"});
    EXPECT_EQ(result.out, "out\nin\n") << result;
    EXPECT_EQ(result.err, "err\n") << result;
}

// What is root's on the host is written to, and not opened again.
TEST_F(IdentityOfRoot, FilesOnStreamsAreNotOpenedAgain) {
    const std::string path = directory() / "out";
    const Result result = run({"sh", "-c", "exec \"$@\" > " + path, "sh", sandbox_binary(), "--", "sh", "-c",
                               "echo first; echo second > /dev/stdout"});
    EXPECT_EQ(read_file(path), "first\n");
    EXPECT_TRUE(contains(result.err, "/dev/stdout: Permission denied")) << result;
    EXPECT_EQ(owner_of(path), "0:0");
}

TEST_F(IdentityOfRoot, ManyTrees) {
    Words options;
    for (int i = 0; i < 300; ++i) {
        const std::string tree = directory() / std::to_string(i);
        std::filesystem::create_directory(tree);
        options.insert(options.end(), {"--ro", tree});
    }
    Words words = {"sh", "-c", "ulimit -Sn 128; exec \"$@\"", "sh"};
    const Words command = sandbox_command({"sh", "-c", "ulimit -Sn; ls " + directory().path() + " | wc -l"}, options);
    words.insert(words.end(), command.begin(), command.end());
    const Result result = run(words);
    EXPECT_EQ(result.out, "128\n300\n") << result;
}

class IdentityOfRootEntered : public NamesTest {};

TEST_F(IdentityOfRootEntered, HasTheSameIds) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "about what root starts";
    }
    const std::string tree = directory() / "tree";
    std::filesystem::create_directory(tree);
    ASSERT_EQ(chown(tree.c_str(), other, other), 0);
    Running web = start_named("web", "exec sleep 1000", {"--rw", tree});
    const Words words = {"enter",
                         "web",
                         "--",
                         "sh",
                         "-c",
                         "cat /proc/self/uid_map; id -u; touch " + tree + "/x /tmp/x; stat -c %u " + tree +
                             "/x /tmp/x; cat /etc/shadow; grep ^Groups /proc/self/status; echo e > /dev/stderr"};
    Result result = sandbox(words);
    EXPECT_EQ(result.out, "         0          0      65536\n0\n0\n0\nGroups:\t \n") << result;
    EXPECT_TRUE(contains(result.err, "Permission denied")) << result;
    EXPECT_TRUE(contains(result.err, "e\n")) << result;
    EXPECT_EQ(owner_of(tree + "/x"), "1001:1001");
    EXPECT_TRUE(contains(sandbox({"inspect", "web"}).out, " 65536")) << sandbox({"inspect", "web"});
    web.send(SIGTERM);
    web.wait();
}

using IdentityOfAUser = SandboxTest;

TEST_F(IdentityOfAUser, HasNoIdsToGive) {
    if (geteuid() == 0) {
        GTEST_SKIP() << "about who is not root";
    }
    const Result result = inside({"true"}, {.sandbox = {"--map-users", "private"}});
    EXPECT_EQ(result.exit_status, 125);
    EXPECT_EQ(
        result.err,
        "sandbox: --map-users private: this is for root of the host, and the ids inside are none of root's in any "
        "case\n  fix: leave it out; --map-users auto maps more ids than the caller's own\n");
    EXPECT_EQ(inside({"id", "-u"}, {.sandbox = {"--map-users", "real"}}).out, "0\n");
}

TEST_F(IdentityOfAUser, Contradictions) {
    for (const Words& options :
         {Words{"--map-groups", "private"}, Words{"--map-groups", "real"},
          Words{"--map-users", "real", "--map-groups", "0:0:1"}, Words{"--map-users", "private", "--only", "net"},
          Words{"--map-users", "real", "--map-users", "0:0:1"}}) {
        EXPECT_EQ(inside({"true"}, {.sandbox = options}).exit_status, 125) << options.back();
    }
}

}  // namespace
}  // namespace sandbox_test
