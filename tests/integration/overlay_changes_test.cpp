// --changes: what is written in overlays is kept in a directory that nobody inside sees.
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "changes/store.hpp"
#include "support/host.hpp"
#include "support/ids.hpp"
#include "support/overlays.hpp"
#include "support/sandbox_test.hpp"
#include "support/stepper.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

class OverlayChanges : public OverlayTest {
  protected:
    [[nodiscard]] std::string kept() const { return directory() / "kept"; }
    [[nodiscard]] Result in_work(const std::string& script, std::vector<std::string> more = {}) const {
        std::vector<std::string> options{"--overlay", ".", "--changes", "../kept"};
        options.insert(options.end(), more.begin(), more.end());
        return inside_shell("set -e\n" + script, {.sandbox = std::move(options), .directory = work()});
    }
    [[nodiscard]] Result refused(const std::vector<std::string>& options) const {
        Result result = inside({"true"}, {.sandbox = options, .directory = work()});
        EXPECT_EQ(result.exit_status, 125) << result;
        return result;
    }
};

TEST_F(OverlayChanges, ASecondRunContinuesWhereTheFirstStopped) {
    const Result first =
        in_work("echo kept >> file; rm -r sub; mkdir sub; echo x > sub/new; rm twin; chmod 700 script");
    EXPECT_EQ(first.exit_status, 0) << first;
    EXPECT_EQ(first.out + first.err, "");
    const Result second =
        in_work("cat file; ls -A sub; ls twin 2>/dev/null || echo gone; stat -c %a script; echo y > sub/more");
    EXPECT_EQ(second.out, "old\nkept\nnew\ngone\n700\n") << second;
    EXPECT_EQ(in_work("ls sub").out, "more\nnew\n");
}

// Whoever waits for a disk waits for all that others have written to it, too.
TEST_F(OverlayChanges, NoRunWaitsForTheDisk) {
    constexpr const char* options_of_it = "awk '$5 == ENVIRON[\"PWD\"] { print $NF }' /proc/self/mountinfo";
    for (int run = 0; run < 3; ++run) {
        const Result result = in_work(std::string("echo x >> file; sync file; ") + options_of_it);
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_NE(result.out.find("volatile"), std::string::npos) << result;
    }
    EXPECT_EQ(in_work("grep -c x file").out, "3\n");
}

// Of the mark that the kernel leaves for that, nothing else than the mark is taken away.
TEST_F(OverlayChanges, ACraftedMarkOfTheKernelsLeadsNowhere) {
    const std::string mark = kept() + "/0/work/work/incompat";
    const std::string victim = directory() / "victim";
    fs::create_directories(victim + "/volatile");
    write_file(victim + "/volatile/dirty", "x");
    for (const std::string place : {"", "/volatile/dirty"}) {
        ASSERT_EQ(in_work("echo x >> file").exit_status, 0);
        run({"chmod", "-R", "u+rwX", kept() + "/0/work"});
        fs::remove_all(mark + place);
        fs::create_directory_symlink(victim + place, mark + place);
        EXPECT_EQ(in_work("tail -n 1 file").out, "x\n") << place;
        EXPECT_EQ(read_file(victim + "/volatile/dirty"), "x") << place;
    }
    run({"chmod", "-R", "u+rwX", kept() + "/0/work"});
    for (const std::string other : {"/future", "/volatile/other", "/volatile/dirty/x"}) {
        fs::remove_all(mark);
        fs::create_directories(mark + other);
        const Result result = refused({"--overlay", ".", "--changes", "../kept"});
        EXPECT_TRUE(contains(result.err, "incompat has marks that no run of sandbox leaves")) << other << result;
        EXPECT_TRUE(fs::exists(mark + other));
    }
    fs::remove_all(mark);
    fs::create_directories(mark);
    fs::create_directory_symlink(victim + "/volatile", mark + "/volatile");
    EXPECT_TRUE(contains(refused({"--overlay", ".", "--changes", "../kept"}).err, "incompat has marks"));
    EXPECT_EQ(read_file(victim + "/volatile/dirty"), "x");
    fs::remove_all(mark);
    EXPECT_EQ(in_work("tail -n 1 file").out, "x\n");
}

// The kernel would show it read-only, and tell nobody.
TEST_F(OverlayChanges, WhereTheKernelCannotWriteThereIsNoRun) {
    ASSERT_EQ(in_work("echo x >> file").exit_status, 0);
    run({"chmod", "-R", "u+rwX", kept() + "/0/work"});
    fs::create_directories(kept() + "/0/work/work/a/b/c/d");  // it empties no more than two levels
    const Result result = refused({"--overlay", ".", "--changes", "../kept"});
    EXPECT_TRUE(contains(result.err, "would show it read-only")) << result;
    run({"chmod", "-R", "u+rwX", kept() + "/0/work"});
    fs::remove_all(kept() + "/0/work/work");
    EXPECT_EQ(in_work("tail -n 1 file").out, "x\n");
}

TEST_F(OverlayChanges, WhatIsWrittenBelongsToWhomItWouldBelongToOnTheHost) {
    ASSERT_EQ(in_work("echo new > new; echo more >> file; mkdir dir").exit_status, 0);
    struct stat host {};
    ASSERT_EQ(::stat((work() + "/file").c_str(), &host), 0);
    for (const char* name : {"", "/new", "/file", "/dir"}) {
        struct stat entry {};
        ASSERT_EQ(::stat((kept() + "/0/upper" + name).c_str(), &entry), 0) << name;
        EXPECT_EQ(entry.st_uid, host.st_uid) << name;
        EXPECT_EQ(entry.st_gid, host.st_gid) << name;
    }
    struct stat top {};
    ASSERT_EQ(::stat(kept().c_str(), &top), 0);
    EXPECT_EQ(top.st_mode & 07777U, 0700U);
    EXPECT_EQ(top.st_uid, geteuid());
}

// Whatever way there is to it: by its name, shown by another option, writable, behind a link, by another mount.
TEST_F(OverlayChanges, NobodyInsideSeesTheDirectory) {
    ASSERT_EQ(in_work("echo SECRET > new").exit_status, 0);
    const std::string script = "d=" + kept() + R"(
for root in '' /proc/self/root /proc/1/root /proc/self/cwd/../../..; do
    find "$root$d" "$root$d/0" "$root$d/0/upper" -mindepth 1; cat "$root$d/sandbox.json" "$root$d/0/upper/new"
    echo x > "$root$d/0/upper/forged"; mkdir "$root$d/x" "$root$d/0/upper/x"
done 2>/dev/null
cd ..; mv kept other 2>/dev/null; rm -rf kept 2>/dev/null; cat other/0/upper/new 2>/dev/null; rmdir kept 2>/dev/null
grep -rs SECRET "${d%/kept}" --exclude-dir=project
true
)";
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{}, {"--ro", ".."}, {"--rw", ".."}, {"--ro", directory().path()}}) {
        // Behind them, the overlay of what they show.
        std::vector<std::string> all = options;
        all.insert(all.end(), {"--overlay", ".", "--changes", "../kept"});
        const Result result = inside_shell(script, {.sandbox = all, .directory = work()});
        EXPECT_EQ(result.out, "") << (options.empty() ? "" : options[0] + options[1]) << result;
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_FALSE(fs::exists(kept() + "/0/upper/forged") || fs::exists(kept() + "/x"));
        ASSERT_TRUE(fs::exists(kept() + "/0/upper/new"));
    }
}

TEST_F(OverlayChanges, ByAnotherMountOfTheHostItIsNotSeenEither) {
    const Result result = on_host_of_its_own(R"(
mkdir -p /srv/place/project /srv/again; echo old > /srv/place/project/file; mount --bind /srv/place /srv/again
cd /srv/place/project
$SANDBOX --overlay . --changes ../kept -- sh -c 'echo SECRET > file'
for option in --ro --rw; do
    $SANDBOX $option /srv --overlay . --changes ../kept -- sh -c 'cat /srv/again/kept/0/upper/file; ls -A /srv/again/kept
        ls -A /srv/place/kept; echo x > /srv/again/kept/x; cat file' || true
done
# A layer is a layer, however it is called.
! $SANDBOX --overlay /srv/again --changes /srv/place/kept2 -- true
! $SANDBOX --overlay /srv/place --changes /srv/again/project/kept2 -- true
ls /srv/place /srv/place/kept /srv/place/project
)");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_FALSE(contains(result.out, "upper")) << result;
    EXPECT_EQ(lines_of(result.out)[0], "SECRET") << result;
    EXPECT_TRUE(contains(result.out, "/srv/place:\nkept\nproject\n")) << result;
    EXPECT_TRUE(contains(result.err, "lies in")) << result;
}

TEST_F(OverlayChanges, WhereItMayNotLie) {
    for (const auto& [where, why] : {std::pair{"inside", "lies in"},
                                     {"sub/deep/kept", "lies in"},
                                     {".", "lies in"},
                                     {"..", "lies in it"},
                                     {"../missing/kept", "does not exist"}}) {
        const Result result = refused({"--overlay", ".", "--changes", where});
        EXPECT_TRUE(contains(result.err, why)) << where << result;
    }
    fs::create_directory_symlink(work() + "/empty", directory() / "link");
    EXPECT_TRUE(contains(refused({"--overlay", ".", "--changes", "../link"}).err, "lies in"));
    fs::create_directory(directory() / "real");
    fs::create_directory_symlink("real", directory() / "other");
    EXPECT_TRUE(contains(refused({"--overlay", ".", "--changes", "../other"}).err, "link"));
    EXPECT_TRUE(fs::is_empty(directory() / "real"));
    fs::create_directories(directory() / "full/of/things");
    fs::permissions(directory() / "full", fs::perms::owner_all);
    EXPECT_TRUE(contains(refused({"--overlay", ".", "--changes", "../full"}).err, "neither empty nor"));
    EXPECT_TRUE(contains(refused({"--changes", "../kept"}).err, "--overlay PATH"));
    EXPECT_FALSE(fs::exists(kept()));
}

// sandbox discard would find it there, and refuse.
TEST_F(OverlayChanges, NoReportIsPutThere) {
    ASSERT_EQ(in_work("true").exit_status, 0);
    for (const std::string place : {"/r.json", "/0/upper/r.json"}) {
        const Result result = refused({"--overlay", ".", "--changes", "../kept", "--report", kept() + place});
        EXPECT_TRUE(contains(result.err, "it would be in the directory of --changes ../kept")) << result;
        EXPECT_FALSE(fs::exists(kept() + place));
    }
}

TEST_F(OverlayChanges, OtherOverlaysThanBeforeAreAnError) {
    ASSERT_EQ(in_work("true").exit_status, 0);
    EXPECT_TRUE(contains(refused({"--overlay", "sub", "--changes", "../kept"}).err,
                         "an earlier run had an overlay of " + work() + ", and this one has none"));
    EXPECT_TRUE(contains(refused({"--overlay", ".", "--overlay", "sub", "--changes", "../kept"}).err,
                         "an earlier run had no overlay of " + work() + "/sub"));
    EXPECT_EQ(in_work("true").exit_status, 0);
}

TEST_F(OverlayChanges, OneRunAtATime) {
    Running first =
        start_inside({"sh", "-c", "echo up; read line"}, {.sandbox = {"--overlay", ".", "--changes", "../kept"},
                                                          .input = "",
                                                          .keep_input_open = true,
                                                          .directory = work()});
    EXPECT_EQ(first.expect("up\n"), "up\n");
    EXPECT_TRUE(contains(refused({"--overlay", ".", "--changes", "../kept"}).err, "is using it"));
    first.write("\n");
    EXPECT_EQ(first.wait().exit_status, 0);
    EXPECT_EQ(in_work("true").exit_status, 0);
}

TEST_F(OverlayChanges, ARunThatIsKilledLeavesItUsable) {
    {
        Running first = start_inside(
            {"sh", "-c", "echo half > new; rm file; echo x > grows; echo up; while :; do echo x >> grows; done"},
            {.sandbox = {"--overlay", ".", "--changes", "../kept"}, .directory = work()});
        EXPECT_EQ(first.expect("up\n"), "up\n");
        first.send(SIGKILL);
        first.wait();
    }
    expect_nothing_left();
    const Result second = in_work("cat new; ls file 2>/dev/null || echo gone; [ -s grows ]");
    EXPECT_EQ(second.out, "half\ngone\n") << second;
    EXPECT_EQ(second.exit_status, 0) << second;
}

// The kernel ends what a killed launcher has left a moment later: the next run begins behind that.
TEST_F(OverlayChanges, NobodyWritesThereBesideTheNextRun) {
    for (int i = 0; i < 20; ++i) {
        Running first = start_inside({"sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; echo up; wait"},
                                     {.sandbox = {"--overlay", ".", "--changes", "../kept"}, .directory = work()});
        EXPECT_EQ(first.expect("up\n"), "up\n");
        const pid_t init = await_descendant(first.pid(), "sandbox-init").pid;
        const auto open_process = [](pid_t pid) {
            return ::sandbox::sys::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        };
        const ::sandbox::sys::UniqueFd launcher = open_process(first.pid());
        const ::sandbox::sys::UniqueFd of_inside = open_process(init);
        ASSERT_TRUE(launcher && of_inside);
        first.send(SIGKILL);
        pollfd launcher_ended{launcher.get(), POLLIN, 0};
        ASSERT_EQ(::poll(&launcher_ended, 1, 60'000), 1);
        const auto store = ::sandbox::changes::Store::open_for_change(kept());
        pollfd inside_ended{of_inside.get(), POLLIN, 0};
        EXPECT_EQ(::poll(&inside_ended, 1, 0), 1) << "the first run's init is still there";
        (void)first.wait();
    }
}

// The host's tree is looked at each time: see TearDown() for its times.
TEST_F(OverlayChanges, ALauncherThatIsKilledAtAnyPointLeavesItUsable) {
    const std::vector<std::string> command{sandbox_binary(),
                                           "--overlay",
                                           work(),
                                           "--changes",
                                           kept(),
                                           "--cwd",
                                           work(),
                                           "--",
                                           "sh",
                                           "-c",
                                           "echo half > new; rm -f file; mkdir -p made/deep; mv script moved"};
    const std::string before = snapshot(work());
    const unsigned stops = count_stops(command);
    ASSERT_GT(stops, 20U);
    constexpr unsigned points = 200;
    unsigned written = 0;
    for (unsigned point = 0; point < points && !HasFailure(); ++point) {
        SCOPED_TRACE("killed at point " + std::to_string(point));
        run({"chmod", "-R", "u+rwX", kept()});
        fs::remove_all(kept());
        {
            Stepper launcher(command);
            launcher.advance(point * stops / points);
            launcher.kill_program();
        }
        expect_nothing_left();
        EXPECT_EQ(snapshot(work()), before);
        // What is no directory of changes yet can be begun anew; one that is tells what there is.
        if (fs::exists(kept() + "/sandbox.json")) {
            const Result shown = run({sandbox_binary(), "diff", kept()});
            EXPECT_TRUE(shown.exit_status == 0 || shown.exit_status == 1) << shown;
            written += shown.exit_status == 1 ? 1 : 0;
        }
        const Result next = in_work("[ ! -e new ] || cat new; echo on > again; cat again");
        EXPECT_EQ(next.exit_status, 0) << next;
        EXPECT_TRUE(next.out == "on\n" || next.out == "half\non\n") << next;
    }
    EXPECT_GT(written, 0U) << "at no point had the command written: the test tests nothing";
}

// The directory that it is in may be one that another sandbox writes to.
TEST_F(OverlayChanges, ALinkInItsPlaceIsNotFollowedWhenItIsMade) {
    const std::string victim = directory() / "victim";
    write_file(victim, "text\n");
    fs::permissions(victim, fs::perms{0644});
    Stepper launcher({sandbox_binary(), "--overlay", work(), "--changes", kept(), "--", "true"});
    while (!fs::exists(kept())) {
        ASSERT_TRUE(launcher.step());
    }
    fs::rename(kept(), kept() + ".moved");
    fs::create_symlink(victim, kept());
    EXPECT_EQ(launcher.run_to_end(), 125);
    struct stat found {};
    ASSERT_EQ(::stat(victim.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0644U);
}

TEST_F(OverlayChanges, AStartThatFailsLeavesItUsableToo) {
    EXPECT_EQ(inside({"no-such-command"}, {.sandbox = {"--overlay", ".", "--changes", "../kept"}, .directory = work()})
                  .exit_status,
              127);
    EXPECT_EQ(in_work("echo x > x; cat x").out, "x\n");
    // And what cannot be leaves none.
    EXPECT_EQ(refused({"--overlay", ".", "--overlay", "missing", "--changes", "../second"}).out, "");
    EXPECT_FALSE(fs::exists(directory() / "second"));
}

TEST_F(OverlayChanges, ExplainMakesNothing) {
    const Result result = run({sandbox_binary(), "--overlay", ".", "--changes", "../kept", "--explain", "--", "true"},
                              {.directory = work()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_TRUE(contains(result.out, "writes go to " + kept())) << result;
    EXPECT_FALSE(fs::exists(kept()));
}

// What a command leaves in the layer is not believed by the next run.
TEST_F(OverlayChanges, ACraftedLayerLeadsNowhere) {
    ASSERT_EQ(
        in_work("ln -s /etc/hostname lnk; rm link; ln -s ../../../../../../etc/hostname link; mkdir n; ln -s "
                "/proc/1/root n/root; mkfifo pipe; rm -r empty; ln -s / empty; ! mknod whiteout c 0 0 2>/dev/null; "
                "setfattr -n user.overlay.redirect -v /etc n 2>/dev/null || true")
            .exit_status,
        0);
    const Result again = in_work("ls -A n; readlink lnk link empty; ls -d empty/usr; [ -p pipe ]; ls twin");
    EXPECT_EQ(again.exit_status, 0) << again;
    // DIR itself is edited by nobody inside; but somebody with the caller's ids may have put links there.
    fs::rename(kept() + "/0", kept() + "/moved");
    fs::create_directory_symlink("moved", kept() + "/0");
    EXPECT_TRUE(contains(refused({"--overlay", ".", "--changes", "../kept"}).err, "sandbox: ")) << "a link";
    fs::remove(kept() + "/0");
    fs::rename(kept() + "/moved", kept() + "/0");
    // It would be written to in place of the layer.
    fs::create_directory(directory() / "victim");
    for (const char* layer : {"upper", "work"}) {
        const std::string path = kept() + "/0/" + layer;
        fs::rename(path, kept() + "/aside");
        fs::create_directory_symlink(directory() / "victim", path);
        EXPECT_TRUE(contains(refused({"--overlay", ".", "--changes", "../kept"}).err, "sandbox: ")) << layer;
        fs::remove(path);
        fs::rename(kept() + "/aside", path);
    }
    EXPECT_TRUE(fs::is_empty(directory() / "victim"));
    EXPECT_EQ(in_work("[ -p pipe ]").exit_status, 0);
}

// The top of the tree is one of the granted ids', to whom the caller cannot give its own directory by itself.
class OverlayOfGrantedIds : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        require_id_ranges();
    }
    [[nodiscard]] Result with_ids(const std::string& script, std::vector<std::string> more) const {
        const std::vector<std::string> ids = range_options();
        more.insert(more.begin(), ids.begin(), ids.end());
        return inside_shell("set -e\n" + script, {.sandbox = std::move(more), .directory = directory().path()});
    }
};
TEST_F(OverlayOfGrantedIds, TheTopIsTheirs) {
    fs::create_directory(directory() / "theirs");
    ASSERT_EQ(with_ids("chown 5:6 theirs; chmod 2750 theirs", {"--rw", "."}).exit_status, 0);
    const std::vector<std::string> options{"--overlay", "theirs", "--changes", "kept"};
    for (int run = 0; run < 2; ++run) {
        const Result result = with_ids("stat -c '%u %g %a' theirs; echo x >> theirs/new", options);
        EXPECT_EQ(result.out, "5 6 2750\n") << result;
        EXPECT_EQ(result.exit_status, 0) << result;
    }
    EXPECT_EQ(run({sandbox_binary(), "diff", directory() / "kept"}).out,
              "added     " + directory().path() + "/theirs/new\n");
    EXPECT_EQ(run({sandbox_binary(), "discard", directory() / "kept"}).exit_status, 0);
    EXPECT_EQ(with_ids("rmdir theirs", {"--rw", "."}).exit_status, 0);
}

// Root's ids inside are none of its own: what is kept for them is given back to whom it belongs.
using OverlayApplied = SandboxTest;
TEST_F(OverlayApplied, ItBelongsToWhomItWouldHaveBelongedTo) {
    constexpr uid_t other = 1001;
    const std::string tree = directory() / "tree";
    const std::string kept = directory() / "kept";
    fs::permissions(directory().path(), fs::perms{0755});
    fs::create_directory(tree);
    write_file(tree + "/file", "old\n");
    const uid_t owner = geteuid() == 0 ? other : geteuid();
    for (const std::string& path : {tree + "/file", tree}) {
        ASSERT_EQ(::lchown(path.c_str(), owner, static_cast<gid_t>(-1)), 0);
    }
    const Result made = inside_shell("echo more >> file; echo new > new; mkdir dir",
                                     {.sandbox = {"--overlay", ".", "--changes", "../kept"}, .directory = tree});
    ASSERT_EQ(made.exit_status, 0) << made;
    EXPECT_EQ(run({sandbox_binary(), "apply", kept}).exit_status, 0);
    EXPECT_EQ(read_file(tree + "/file"), "old\nmore\n");
    for (const char* name : {"/file", "/new", "/dir"}) {
        struct stat entry {};
        ASSERT_EQ(::lstat((tree + name).c_str(), &entry), 0) << name;
        EXPECT_EQ(entry.st_uid, owner) << name;
    }
    EXPECT_EQ(run({sandbox_binary(), "discard", kept}).exit_status, 0);
    EXPECT_FALSE(fs::exists(kept));
}

}  // namespace
}  // namespace sandbox_test
