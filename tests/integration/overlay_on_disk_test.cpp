// --overlay on a kernel whose tmpfs keeps no user attributes (before Linux 6.6): what is thrown away lies on a disk, in
// a directory that nobody inside sees and that is gone at the end. On a newer kernel the launcher takes it for one.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "changes/thrown_away.hpp"
#include "support/ids.hpp"
#include "support/older_kernel.hpp"
#include "support/overlays.hpp"
#include "support/sandbox_test.hpp"
#include "support/stepper.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

class OverlayOnDisk : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped() || HasFailure()) {
            return;
        }
        fs::create_directory(place());
        make_tree(work());
        if (const std::string plan = explained({"--overlay", "."}, place()); !contains(plan, place())) {
            const char* const must_run = std::getenv("SANDBOX_TESTS_MUST_RUN");
            const std::string why =
                "the directory of the tests is on no disk that an overlay can be written to: TMPDIR";
            if (must_run != nullptr && std::string(must_run) == "1") {
                FAIL() << why << "\n" << plan;
            }
            GTEST_SKIP() << why;
        }
        before_ = snapshot(work());
    }
    void TearDown() override {
        if (!before_.empty()) {
            EXPECT_EQ(snapshot(work()), before_) << "the host was changed";
            EXPECT_EQ(left(), "") << "the directory outlives the run";
        }
        SandboxTest::TearDown();
    }
    [[nodiscard]] std::string work() const { return directory() / "project"; }
    /// Where the launcher makes the directory: one that a test has to itself.
    [[nodiscard]] std::string place() const { return directory() / "place"; }
    [[nodiscard]] RunOptions options(std::vector<std::string> more) const {
        more.insert(more.begin(), {"--overlay", "."});
        return {.sandbox = std::move(more),
                .set = {{"TMPDIR", place()}},
                .directory = work(),
                .before_exec = without_tmpfs_attributes};
    }
    [[nodiscard]] Result in_work(const std::string& script, std::vector<std::string> more = {}) const {
        return inside_shell("set -e\n" + script, options(std::move(more)));
    }
    [[nodiscard]] std::string explained(const std::vector<std::string>& words, const std::string& temporary) const {
        std::vector<std::string> command = {sandbox_binary()};
        command.insert(command.end(), words.begin(), words.end());
        command.insert(command.end(), {"--explain", "--", "true"});
        return run(command, {.set = {{"TMPDIR", temporary}, {"HOME", "/nowhere"}},
                             .directory = work(),
                             .before_exec = without_tmpfs_attributes})
            .out;
    }
    /// One name a line.
    [[nodiscard]] std::string left() const {
        std::string names;
        for (const fs::directory_entry& entry : fs::directory_iterator(place())) {
            names += entry.path().filename().string() + "\n";
        }
        return names;
    }
    [[nodiscard]] std::string the_directory() const {
        const std::string name = left();
        return name.empty() ? name : place() + "/" + name.substr(0, name.find('\n'));
    }
    /// What a launcher that is killed leaves: files, and a directory that is closed to its owner.
    void leave_one() {
        {
            Running first = start_inside(
                {"sh", "-c", "rm -r sub; mkdir sub; echo x > sub/x; mkdir -m 0 closed; echo up; exec sleep 1000"},
                options({}));
            EXPECT_EQ(first.expect("up\n"), "up\n");
            first.send(SIGKILL);
            first.wait();
        }
        expect_nothing_left();
        EXPECT_NE(left(), "");
    }
    /// What the test itself has changed.
    void accept() { before_ = snapshot(work()); }

  private:
    std::string before_;
};

TEST_F(OverlayOnDisk, WhatATmpfsCouldNotDo) {
    const Result result = in_work(R"(
rm -r sub; ls sub 2>&1 || true; mkdir sub; ls -A sub; echo x > sub/other; ls sub; rm -r secret; mkdir secret
mv -T sub/ renamed; cat renamed/other; rm link; ln -s renamed link; ls link; mkdir -p empty/a/b; rm -r empty
rm -rf ./* .hidden; ls -A | wc -l
)");
    EXPECT_EQ(result.out, "ls: cannot access 'sub': No such file or directory\nother\nx\nother\n0\n") << result;
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(in_work("cat file; ls sub").out, "old\ndeep\ninner\n");
}

TEST_F(OverlayOnDisk, ItIsThereWhileTheSandboxRunsAndForTheCallerAlone) {
    Running first = start_inside({"sh", "-c", "echo new > new; echo up; read line"}, [&] {
        RunOptions given = options({});
        given.input = "";
        given.keep_input_open = true;
        return given;
    }());
    EXPECT_EQ(first.expect("up\n"), "up\n");
    struct stat found {};
    ASSERT_EQ(::stat(the_directory().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0700U);
    EXPECT_EQ(found.st_uid, geteuid());
    EXPECT_EQ(read_file(the_directory() + "/0/upper/new"), "new\n");
    // A lock keeps others away: a sweeper of ours, systemd-tmpfiles(8).
    EXPECT_EQ(run({sandbox_binary(), "gc"}, {.set = {{"TMPDIR", place()}}}).exit_status, 0);
    EXPECT_EQ(in_work("cat file").out, "old\n");
    EXPECT_EQ(read_file(the_directory() + "/0/upper/new"), "new\n");
    first.write("\n");
    EXPECT_EQ(first.wait().exit_status, 0);
    EXPECT_EQ(left(), "");
}

TEST_F(OverlayOnDisk, ItIsGoneHoweverTheRunEnds) {
    EXPECT_EQ(in_work("rm -r sub; exit 3").exit_status, 3);
    EXPECT_EQ(left(), "");
    EXPECT_EQ(inside({"no-such-command"}, options({})).exit_status, 127);
    EXPECT_EQ(left(), "");
    EXPECT_EQ(inside({"true"}, options({"--cwd", "/no/such/directory"})).exit_status, 125);
    EXPECT_EQ(left(), "");
    EXPECT_EQ(in_work("rm -r sub; while :; do :; done", {"--timeout", "1s"}).exit_status, 124);
    EXPECT_EQ(left(), "");
    for (const int signal : {SIGTERM, SIGHUP}) {
        Running one = start_inside({"sh", "-c", "rm -r sub; mkdir sub; echo up; exec sleep 1000"}, options({}));
        EXPECT_EQ(one.expect("up\n"), "up\n");
        EXPECT_NE(left(), "");
        one.send(signal);
        EXPECT_EQ(one.wait().exit_status, 128 + signal);
        EXPECT_EQ(left(), "");
    }
}

TEST_F(OverlayOnDisk, WhatAKilledLauncherLeavesTheNextRunRemoves) {
    leave_one();
    EXPECT_EQ(in_work("cat file").out, "old\n");
    EXPECT_EQ(left(), "");
}

TEST_F(OverlayOnDisk, AndSoDoesGc) {
    leave_one();
    const Result swept = run({sandbox_binary(), "gc"}, {.set = {{"TMPDIR", place()}}});
    EXPECT_EQ(swept.exit_status, 0) << swept;
    EXPECT_EQ(swept.out + swept.err, "");
    EXPECT_EQ(left(), "");
}

// One that is still locked, or whose init has not ended, is in use.
TEST_F(OverlayOnDisk, WhatIsInUseIsNotSwept) {
    ::sandbox::changes::ThrownAway used(place(), {{0, geteuid(), 1}}, {{0, getegid(), 1}});
    used.held_by(getpid());
    std::vector<std::string> problems;
    ::sandbox::changes::sweep_thrown_away(place(), problems);
    EXPECT_TRUE(fs::exists(used.path()));
    EXPECT_TRUE(problems.empty());
    ASSERT_EQ(::flock(used.directory(), LOCK_UN), 0);  // as a launcher that was killed leaves it
    ::sandbox::changes::sweep_thrown_away(place(), problems);
    EXPECT_TRUE(fs::exists(used.path()));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_TRUE(contains(problems[0], "does not end")) << problems[0];
}

TEST_F(OverlayOnDisk, ALauncherThatIsKilledAtAnyPointLeavesNothingForLong) {
    // The filter is the thread's own.
    std::thread([&] {
        without_tmpfs_attributes();
        const std::string temporary = "TMPDIR=" + place();
        const std::vector<std::string> command{"/usr/bin/env",
                                               temporary,
                                               sandbox_binary(),
                                               "--overlay",
                                               work(),
                                               "--cwd",
                                               work(),
                                               "--",
                                               "sh",
                                               "-c",
                                               "rm -r sub; mkdir sub; echo x > sub/x"};
        const unsigned stops = count_stops(command);
        EXPECT_GT(stops, 20U);
        constexpr unsigned points = 200;
        unsigned met = 0;
        for (unsigned point = 0; point < points && !HasFailure(); ++point) {
            SCOPED_TRACE("killed at point " + std::to_string(point));
            {
                Stepper launcher(command);
                launcher.advance(point * stops / points);
                launcher.kill_program();
            }
            expect_nothing_left();
            met += left().empty() ? 0 : 1;
            const Result swept = run({sandbox_binary(), "gc"}, {.set = {{"TMPDIR", place()}}});
            EXPECT_EQ(swept.exit_status, 0) << swept;
            EXPECT_EQ(left(), "");
        }
        EXPECT_GT(met, 0U) << "at no point was there a directory: the test tests nothing";
    }).join();
}

// Whatever way there is to it: by its name, in what is shown, by the processes there.
TEST_F(OverlayOnDisk, NobodyInsideSeesIt) {
    const std::string script = "d=" + place() + R"(
echo SECRET > mine
for root in '' /proc/self/root /proc/1/root /proc/self/cwd/../../..; do
    for one in "$root$d"/sandbox-overlay-*; do
        ls -A "$one"; cat "$one"/ids "$one"/0/upper/mine "$one"/holder; mkdir "$one/x" "$one/0/upper/x"; rmdir "$one"
        mv "$one" "$root$d/other"; rm -rf "$one"
    done
done 2>/dev/null
cat "$d"/*/0/upper/mine 2>/dev/null; ls /proc/self/fd | wc -l >/dev/null
grep -rs SECRET "${d%/place}" --exclude-dir=project
cat mine
true
)";
    for (const std::vector<std::string>& shown : {std::vector<std::string>{},
                                                  {"--ro", place()},
                                                  {"--rw", place()},
                                                  {"--rw", directory().path()},
                                                  {"--ro", directory().path() + ":/mnt"},
                                                  {"--rw", place() + ":/mnt"}}) {
        // Behind them, the overlay of what they show.
        RunOptions given = options({});
        given.sandbox.insert(given.sandbox.begin(), shown.begin(), shown.end());
        const Result result = inside_shell(script +
                                               "ls -A /mnt/sandbox-overlay-* /mnt/place/sandbox-overlay-* "
                                               "2>/dev/null | grep -v : || true\n",
                                           given);
        EXPECT_EQ(result.out, "SECRET\n") << (shown.empty() ? "" : shown[0] + shown[1]) << result;
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(left(), "");
    }
}

TEST_F(OverlayOnDisk, ItLiesInNoOverlay) {
    fs::create_directory(work() + "/empty/place");
    RunOptions given = options({});
    given.set["TMPDIR"] = work() + "/empty/place";
    const Result result = inside_shell("rm -r sub; mkdir sub; ls -A empty/place sub", given);
    EXPECT_EQ(result.out, "empty/place:\n\nsub:\n") << result;
    EXPECT_TRUE(contains(explained({"--overlay", "."}, work() + "/empty/place"), "a directory in /var/tmp"));
    fs::remove(work() + "/empty/place");
    accept();
}

// What is private or hidden in the default view is no part of it.
TEST_F(OverlayOnDisk, TheWholeTreeDoesNotHaveItEither) {
    RunOptions given = options({});
    given.sandbox = {"--overlay", "/"};
    const Result result = inside_shell(
        "rm -r sub; mkdir sub; echo x > sub/x; cat sub/x; echo y > /topmost; cat /topmost; "
        "ls -d /var/tmp/sandbox-overlay-* 2>/dev/null; "
        "find / -xdev -name 'sandbox-overlay-*'",
        given);
    EXPECT_EQ(result.out, "x\ny\n") << result;
}

TEST_F(OverlayOnDisk, WhereItCannotLieItLiesInTheNextPlace) {
    // Others could put something in its place.
    fs::permissions(place(), fs::perms{0777});
    const std::string open = explained({"--overlay", "."}, place());
    EXPECT_TRUE(contains(open, "a directory in /var/tmp")) << open;
    fs::permissions(place(), fs::perms{01777});
    const std::string sticky = explained({"--overlay", "."}, place());
    EXPECT_TRUE(contains(sticky, "a directory in " + place() + " and are thrown away")) << sticky;
    if (geteuid() == 0) {  // whose owner the sticky bit does not hold
        ASSERT_EQ(::chown(place().c_str(), 1001, 1001), 0);
        const std::string owned = explained({"--overlay", "."}, place());
        EXPECT_TRUE(contains(owned, "a directory in /var/tmp")) << owned;
        ASSERT_EQ(::chown(place().c_str(), 0, 0), 0);
    }
    fs::permissions(place(), fs::perms{0755});
    for (const std::string other : {"/dev/shm", "/nowhere", "relative", ""}) {
        const std::string text = explained({"--overlay", "."}, other);
        EXPECT_TRUE(contains(text, "a directory in /var/tmp and are thrown away")) << other << text;
    }
    EXPECT_EQ(left(), "") << "--explain makes something";
    // With --root, as the caller's home may be in one of them.
    EXPECT_TRUE(contains(explained({"--root", "/", "--overlay", "/var", "--overlay", "/tmp"}, "/dev/shm"),
                         "it lies on no disk: /dev/shm: its file system (tmpfs) cannot hold what an overlay "
                         "writes; /var/tmp: it lies in what is an overlay; /tmp: it lies in what is an overlay"));
}

// A promise that a disk would not keep.
TEST_F(OverlayOnDisk, AnOrderedLimitKeepsItInMemory) {
    const std::string text = explained({"--overlay", ".", "--tmp-size", "8M"}, place());
    EXPECT_TRUE(contains(text, "--tmp-size would not limit it there")) << text;
    const Result result =
        in_work("head -c 16M /dev/zero > big 2>/dev/null || echo full", {"--tmp-size", "8M", "--home", "private"});
    EXPECT_EQ(result.out, "full\n") << result;
}

// In a directory that others may write to, somebody has been there before.
TEST_F(OverlayOnDisk, WhatOnlyLooksLikeItIsLeftAlone) {
    const std::string victim = directory() / "victim";
    fs::create_directory(victim);
    write_file(victim + "/file", "x");
    fs::create_directory_symlink(victim, place() + "/sandbox-overlay-1");
    write_file(place() + "/sandbox-overlay-2", "x");
    fs::create_directory(place() + "/sandbox-overlay-3");
    write_file(place() + "/sandbox-overlay-3/mine", "x");
    fs::create_directory(place() + "/sandbox-overlay-4x");
    fs::create_directories(place() + "/sandbox-overlay-5/0/upper");
    fs::create_directory_symlink(victim, place() + "/sandbox-overlay-5/0/upper/link");
    fs::create_directory_symlink(victim, place() + "/sandbox-overlay-5/1");
    fs::create_directory_symlink(victim, place() + "/sandbox-overlay-5/ids");
    for (const std::string name : {"3", "5"}) {
        fs::permissions(place() + "/sandbox-overlay-" + name, fs::perms{0700});
    }
    if (geteuid() == 0) {
        fs::create_directory(place() + "/sandbox-overlay-6");
        ASSERT_EQ(::chown((place() + "/sandbox-overlay-6").c_str(), 1001, 1001), 0);
    }
    EXPECT_EQ(in_work("rm -r sub; mkdir sub; ls sub; cat file").out, "old\n");
    const Result swept = run({sandbox_binary(), "gc"}, {.set = {{"TMPDIR", place()}}});
    EXPECT_EQ(swept.exit_status, 125) << swept;
    EXPECT_TRUE(contains(swept.err, "sandbox-overlay-3: no run has put mine there")) << swept;
    EXPECT_EQ(read_file(victim + "/file"), "x");
    EXPECT_FALSE(fs::exists(place() + "/sandbox-overlay-5"));
    for (const std::string name : {"1", "2", "3/mine", "4x"}) {
        EXPECT_TRUE(fs::exists(fs::symlink_status(place() + "/sandbox-overlay-" + name))) << name;
    }
    EXPECT_EQ(fs::exists(place() + "/sandbox-overlay-6"), geteuid() == 0);
    for (const fs::directory_entry& entry : fs::directory_iterator(place())) {
        fs::remove_all(entry.path());
    }
}

TEST_F(OverlayOnDisk, TheDirectoryLooksLikeTheHosts) {
    ::chmod(work().c_str(), 02750);
    struct stat entry {};
    ::stat(work().c_str(), &entry);
    const Result result = in_work("stat -c '%a %u %g %Y' .; touch new; stat -c '%u %g' new");
    EXPECT_EQ(result.out, "2750 0 0 " + std::to_string(entry.st_mtime) + "\n0 0\n") << result;
    ::chmod(work().c_str(), 0755);
    accept();
}

TEST_F(OverlayOnDisk, WhateverTheUmaskIs) {
    RunOptions given = options({});
    given.before_exec = [] {
        ::umask(0777);
        without_tmpfs_attributes();
    };
    const Result result = inside_shell("umask 022; rm -r sub; mkdir sub; echo x > sub/x; cat sub/x", given);
    EXPECT_EQ(result.out, "x\n") << result;
}

// One for each overlay, also where one stands in another.
TEST_F(OverlayOnDisk, ManyOverlaysHaveOneEach) {
    const Result result = in_work("rm -r deep; mkdir deep; echo x > deep/x; cat deep/x; ls ../sub",
                                  {"--overlay", "sub", "--overlay", "sub", "--cwd", work() + "/sub"});
    EXPECT_EQ(result.out, "x\ndeep\ninner\n") << result;
    EXPECT_EQ(result.exit_status, 0) << result;
}

// What belongs to ids that were granted, the caller alone could not remove.
class OverlayOnDiskWithIds : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        require_id_ranges();
    }
};
TEST_F(OverlayOnDiskWithIds, FilesOfAllIdsGo) {
    const std::uint32_t first = first_subordinate();
    std::vector<sandbox::IdRange> users{{0, geteuid(), 1}, {1, first, 60000}};
    std::vector<sandbox::IdRange> groups{{0, getegid(), 1}, {1, first, 60000}};
    for (const bool killed : {false, true}) {
        auto made = std::make_unique<::sandbox::changes::ThrownAway>(directory().path(), users, groups);
        const std::string path = made->path();
        struct stat like {};
        ASSERT_EQ(::stat(directory().path().c_str(), &like), 0);
        like.st_uid = first + 4;  // whom the caller can give nothing by itself
        like.st_gid = first + 5;
        like.st_mode = S_IFDIR | 02775;
        made->make_layers(0, like);
        struct stat top {};
        ASSERT_EQ(::stat((path + "/0/upper").c_str(), &top), 0);
        EXPECT_EQ(top.st_uid, like.st_uid);
        EXPECT_EQ(top.st_gid, like.st_gid);
        EXPECT_EQ(top.st_mode, like.st_mode);
        EXPECT_EQ(top.st_mtim.tv_sec, like.st_mtim.tv_sec);
        std::vector<std::string> given = range_options();
        given.insert(given.end(), {"--rw", path + "/0/upper"});
        const Result result =
            inside_shell("cd " + path + "/0/upper && mkdir -m 700 d && echo x > d/x && chown -R 5:5 d && chmod 0 d",
                         {.sandbox = given});
        ASSERT_EQ(result.exit_status, 0) << result;
        if (killed) {
            std::vector<std::string> problems;
            ASSERT_EQ(::flock(made->directory(), LOCK_UN), 0);
            ::sandbox::changes::sweep_thrown_away(directory().path(), problems);
            EXPECT_TRUE(problems.empty()) << problems.front();
        } else {
            made.reset();
        }
        EXPECT_FALSE(fs::exists(path)) << killed;
    }
}

}  // namespace
}  // namespace sandbox_test
