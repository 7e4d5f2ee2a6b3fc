// What is missing below a writable directory: its place is held on the host for as long as the sandbox lives, and no
// longer, whoever is killed and whatever somebody outside does meanwhile.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "placeholder/placeholders.hpp"
#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/stepper.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

class Placeholders : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped() || HasFailure()) {
            return;
        }
        std::filesystem::create_directories(work() + "/sub");
        write_file(work() + "/file", "text\n");
        // Records of this test's own.
        const char* runtime = getenv("XDG_RUNTIME_DIR");
        former_ = runtime == nullptr ? std::optional<std::string>() : runtime;
        ASSERT_EQ(mkdir(state().c_str(), 0700), 0);
        setenv("XDG_RUNTIME_DIR", state().c_str(), 1);
    }
    void TearDown() override {
        if (former_) {
            setenv("XDG_RUNTIME_DIR", former_->c_str(), 1);
        } else {
            unsetenv("XDG_RUNTIME_DIR");
        }
        SandboxTest::TearDown();
    }

    [[nodiscard]] std::string work() const { return directory() / "tree"; }
    [[nodiscard]] std::string state() const { return directory() / "state"; }
    /// Every entry of the writable directory: name, type, permissions, size, inode.
    [[nodiscard]] std::string tree() const {
        return run({"sh", "-c", "find '" + work() + "' -printf '%P %y %m %s %i\\n' | sort"}).out;
    }
    [[nodiscard]] static Result collect_garbage() { return run({sandbox_binary(), "gc"}); }
    [[nodiscard]] std::size_t records() const {
        return std::filesystem::exists(state() + "/sandbox") ? lines_of(run({"ls", state() + "/sandbox"}).out).size()
                                                             : 0;
    }
    /// A mount point two levels down, and one in a directory that exists.
    [[nodiscard]] std::vector<std::string> options() const {
        return {"--rw", work() + ":/srv", "--tmpfs", "/srv/new/deep", "--ro", "/etc/passwd:/srv/sub/.envrc"};
    }
    [[nodiscard]] Running holding() const {
        Running running = start_inside({"sh", "-c", "echo up; read line; stat -c %F /srv/sub/.envrc; rmdir /srv/new"},
                                       {.sandbox = options(), .input = "", .keep_input_open = true});
        running.expect("up\n");
        return running;
    }

    /// Kills the launcher at 200 points of its life, the end included, and compares the tree of the host.
    void expect_cleared_at_any_point(const std::vector<std::string>& chosen) {
        const std::string before = tree();
        const std::vector<std::string> command = sandbox_command({"true"}, chosen);
        const unsigned stops = count_stops(command);
        ASSERT_GT(stops, 20U);
        constexpr unsigned points = 200;
        unsigned left = 0;
        for (unsigned point = 0; point < points && !HasFailure(); ++point) {
            SCOPED_TRACE("killed at point " + std::to_string(point));
            {
                Stepper launcher(command);
                launcher.advance(point * stops / points);
                launcher.kill_program();
            }
            expect_nothing_left();
            left += tree() == before ? 0 : 1;
            if (point % 10 != 0) {
                EXPECT_EQ(collect_garbage().exit_status, 0);
            } else {
                EXPECT_EQ(inside({"true"}, {.sandbox = chosen}).exit_status, 0);
            }
            EXPECT_EQ(tree(), before);
            EXPECT_EQ(records(), 0U);
        }
        EXPECT_GT(left, 10U) << "no point had a placeholder: the test tests nothing";
    }

  private:
    std::optional<std::string> former_;
};

TEST_F(Placeholders, StandWhileTheCommandRunsAndAreGoneAtTheEnd) {
    const std::string before = tree();
    const Result result = inside_shell(
        "cat /srv/sub/.envrc | head -c 4; echo x > /srv/new/deep/x; ls /srv/new/deep; rm -rf /srv/new /srv/sub/.envrc "
        "2>/dev/null; for f in new sub; do mv /srv/$f /srv/moved 2>/dev/null || echo held; done; ls -A /srv /srv/sub; "
        "echo y >> /srv/sub/.envrc",
        {.sandbox = options()});
    EXPECT_EQ(result.out, "rootx\nheld\nheld\n/srv:\nfile\nnew\nsub\n\n/srv/sub:\n.envrc\n") << result;
    EXPECT_EQ(tree(), before);
    EXPECT_EQ(records(), 0U);
    EXPECT_FALSE(std::filesystem::exists(state() + "/sandbox"));
}

TEST_F(Placeholders, AreOnTheHostWhileItRunsWithoutAnythingInThem) {
    const std::string before = tree();
    {
        Running running = holding();
        struct stat entry {};
        ASSERT_EQ(lstat((work() + "/sub/.envrc").c_str(), &entry), 0);
        EXPECT_TRUE(S_ISREG(entry.st_mode) && (entry.st_mode & 07777U) == 0 && entry.st_size == 0);
        EXPECT_TRUE(std::filesystem::is_directory(work() + "/new/deep"));
        EXPECT_EQ(records(), 1U);
        running.write("\n");
        EXPECT_EQ(running.wait().out, "up\nregular file\n");
    }
    EXPECT_EQ(tree(), before);
}

TEST_F(Placeholders, OfTwoSandboxesTheLastOneRemovesThem) {
    const std::string before = tree();
    Running first = holding();
    Running second = holding();
    EXPECT_EQ(records(), 2U);
    first.write("\n");
    first.wait();
    EXPECT_NE(tree(), before);
    EXPECT_EQ(collect_garbage().exit_status, 0);
    EXPECT_TRUE(std::filesystem::exists(work() + "/sub/.envrc"));
    second.write("\n");
    const Result result = second.wait();
    EXPECT_EQ(result.out, "up\nregular file\n") << "unprotected by the end of the first";
    EXPECT_TRUE(contains(result.err, "busy")) << result;
    EXPECT_EQ(tree(), before);
    EXPECT_EQ(records(), 0U);
}

// A sandbox whose plan was made while another one began takes a placeholder of that for a directory like any other.
TEST_F(Placeholders, OneInAPlaceholderOfAnotherOutlivesThat) {
    const std::string before = tree();
    const auto wanted = [](const std::string& directory, const std::string& name, bool is_directory) {
        struct stat entry {};
        EXPECT_EQ(stat(directory.c_str(), &entry), 0);
        sandbox::plan::Placeholder placeholder;
        placeholder.directory = {directory, {entry.st_dev, entry.st_ino, S_IFDIR}};
        placeholder.root = placeholder.directory;
        placeholder.canonical = directory;
        placeholder.name = name;
        placeholder.is_directory = is_directory;
        placeholder.target = "/srv/" + name;
        return std::vector{placeholder};
    };
    auto first = sandbox::placeholder::Placeholders::make(wanted(work(), "new", true));
    auto second = sandbox::placeholder::Placeholders::make(wanted(work() + "/new", "inside", false));
    first.reset();
    EXPECT_TRUE(std::filesystem::exists(work() + "/new/inside"));
    second.reset();
    EXPECT_EQ(tree(), before);
    EXPECT_EQ(records(), 0U);
}

TEST_F(Placeholders, OfAKilledLauncherTheNextStartRemovesThem) {
    const std::string before = tree();
    for (const bool by_gc : {true, false}) {
        {
            Running running = holding();
            running.send(SIGKILL);
            running.wait();
        }
        expect_nothing_left();
        EXPECT_NE(tree(), before);
        if (by_gc) {
            const Result result = collect_garbage();
            EXPECT_EQ(result.exit_status, 0) << result;
            EXPECT_EQ(result.out + result.err, "");
        } else {
            EXPECT_EQ(inside({"true"}).exit_status, 0);
        }
        EXPECT_EQ(tree(), before);
        EXPECT_EQ(records(), 0U);
    }
}

TEST_F(Placeholders, OfALauncherThatIsKilledAtAnyPointAreCleared) {
    expect_cleared_at_any_point(options());
}

// With everything else that the view can be built of; what of it stands below a writable directory has a placeholder.
TEST_F(Placeholders, OfALauncherThatIsKilledAtAnyPointAreClearedWithEveryOption) {
    write_file(work() + "/sub/key.pem", "secret\n");
    expect_cleared_at_any_point({"--rw",      work() + ":/srv",
                                 "--dir",     "/srv/made/deep",
                                 "--dir",     "/opt/made/deep",
                                 "--symlink", "/srv/file:/run/link",
                                 "--file",    work() + "/file:/srv/sub/copy",
                                 "--file",    work() + "/file:/etc/copy",
                                 "--data",    "0:/srv/data",
                                 "--hide",    "/srv/.envrc",
                                 "--hide",    "/srv/.git/hooks",
                                 "--hide",    "/srv/sub/*.pem",
                                 "--hide",    "/etc/passwd",
                                 "--device",  "/dev/null:/srv/null",
                                 "--ro",      work() + "/sub:/srv/new/sub",
                                 "--tmpfs",   "/srv/file.d"});
}

// A killed launcher, or the one that ends, takes away nothing that somebody else has put there.
TEST_F(Placeholders, WhatSomebodyPutInTheirPlaceStays) {
    for (const bool killed : {true, false}) {
        {
            Running running = holding();
            await_tick();  // the number of the inode may be the same: its times tell them apart
            ASSERT_TRUE(std::filesystem::remove(work() + "/sub/.envrc"));
            write_file(work() + "/sub/.envrc", "");
            ASSERT_EQ(chmod((work() + "/sub/.envrc").c_str(), 0), 0);
            write_file(work() + "/new/file", "mine");
            if (killed) {
                running.send(SIGKILL);
            } else {
                running.write("\n");
            }
            running.wait();
        }
        expect_nothing_left();
        EXPECT_EQ(collect_garbage().exit_status, 0);
        EXPECT_TRUE(std::filesystem::exists(work() + "/sub/.envrc"));
        EXPECT_EQ(read_file(work() + "/new/file"), "mine");
        EXPECT_FALSE(std::filesystem::exists(work() + "/new/deep"));
        struct stat entry {};
        ASSERT_EQ(lstat((work() + "/new").c_str(), &entry), 0);
        EXPECT_EQ(entry.st_mode & 07777U, 0700U) << "a directory like any other";
        EXPECT_EQ(records(), 0U);
        std::filesystem::remove(work() + "/sub/.envrc");
        std::filesystem::remove_all(work() + "/new");
    }
}

TEST_F(Placeholders, ARenamedDirectoryIsFoundAgainAtTheEnd) {
    Running running = holding();
    std::filesystem::rename(work(), directory() / "elsewhere");
    running.write("\n");
    running.wait();
    EXPECT_FALSE(std::filesystem::exists(directory() / "elsewhere/new"));
    EXPECT_FALSE(std::filesystem::exists(directory() / "elsewhere/sub/.envrc"));
    EXPECT_EQ(records(), 0U);
}

TEST_F(Placeholders, AStartThatFailsLeavesNone) {
    const std::string before = tree();
    const Result not_found = inside({"no-such-command"}, {.sandbox = options()});
    EXPECT_EQ(not_found.exit_status, 127) << not_found;
    EXPECT_EQ(tree(), before);
    EXPECT_EQ(records(), 0U);
    std::vector<std::string> failing = options();
    failing.insert(failing.end(), {"--cwd", "/nowhere"});
    EXPECT_EQ(inside({"true"}, {.sandbox = failing}).exit_status, 125);
    EXPECT_EQ(tree(), before);
    EXPECT_EQ(records(), 0U);
}

TEST_F(Placeholders, ExplainMakesNone) {
    const std::string before = tree();
    std::vector<std::string> words{sandbox_binary()};
    for (const std::string& option : options()) {
        words.push_back(option);
    }
    words.insert(words.end(), {"--explain", "--", "true"});
    const Result result = run(words);
    EXPECT_TRUE(contains(result.out, "placeholder on the host, until the end: " + work() + "/new/deep (directory)\n"))
        << result;
    EXPECT_EQ(tree(), before);
    EXPECT_EQ(records(), 0U);
}

// A fifo, a link, somebody's directory, text of any kind, and a record that names what it has not made.
TEST_F(Placeholders, RecordsThatAreNoneRemoveNothing) {
    const std::string here = state() + "/sandbox";
    ASSERT_EQ(mkdir(here.c_str(), 0700), 0);
    ASSERT_EQ(mkfifo((here + "/fifo").c_str(), 0600), 0);
    ASSERT_EQ(symlink((work() + "/file").c_str(), (here + "/link").c_str()), 0);
    ASSERT_EQ(mkdir((here + "/directory").c_str(), 0700), 0);
    write_file(here + "/noise", std::string("\0\xff\n%%%\nbelow\nfile\nmade made\n", 28));
    struct stat above {};
    ASSERT_EQ(stat(work().c_str(), &above), 0);
    write_file(work() + "/empty", "");
    write_file(here + "/forged", "below " + std::to_string(above.st_dev) + " " + std::to_string(above.st_ino) + " " +
                                     work() + "\nfile file\nfile empty\ndirectory sub\nfile ../tree/file\n");
    const std::string before = tree();
    EXPECT_EQ(inside({"true"}, {.sandbox = options()}).exit_status, 0);
    EXPECT_EQ(collect_garbage().exit_status, 0);
    EXPECT_EQ(tree(), before);
    EXPECT_EQ(words_of(run({"ls", here}).out), (std::vector<std::string>{"directory", "fifo", "link"}));
}

// A placeholder is gone as soon as somebody outside removes it, and its inode number goes to what is made next, while
// the record still has it.
TEST_F(Placeholders, WhatHasTheNumberOfOneThatIsGoneIsThere) {
    ASSERT_EQ(mkdir((state() + "/sandbox").c_str(), 0700), 0);
    const std::string sub = work() + "/sub";
    struct statx entry {};
    ASSERT_EQ(statx(AT_FDCWD, sub.c_str(), 0, STATX_BASIC_STATS | STATX_BTIME, &entry), 0);
    const bool has_birth = (entry.stx_mask & STATX_BTIME) != 0;
    const auto record = [&](std::int64_t later) {
        const std::string device = std::to_string(makedev(entry.stx_dev_major, entry.stx_dev_minor));
        const std::int64_t born = (has_birth ? entry.stx_btime.tv_sec : 0) + later;
        return "below " + device + " 1 " + work() + "\ndirectory gone\nmade 0 0 " + device + " " +
               std::to_string(entry.stx_ino) + " 0 0 " + std::to_string(born) + " " +
               std::to_string(has_birth ? entry.stx_btime.tv_nsec : 0) + "\n";
    };
    const std::string path = state() + "/sandbox/other";
    write_file(path, record(0));
    const sandbox::sys::UniqueFd lives(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(flock(lives.get(), LOCK_EX), 0);
    const std::vector<std::string> shown{"--ro", sub + ":/srv"};
    std::vector<std::string> explained = shown;
    explained.emplace_back("--explain");
    EXPECT_EQ(inside({"true"}, {.sandbox = shown}).exit_status, 125) << "the control: the placeholder itself";
    EXPECT_EQ(inside({"true"}, {.sandbox = explained}).exit_status, 125);
    write_file(path, record(-1));
    const Result result = inside({"true"}, {.sandbox = shown});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(inside({"true"}, {.sandbox = explained}).exit_status, 0);
    EXPECT_EQ(inside_shell("ls /srv", {.sandbox = {"--ro", work() + ":/srv"}}).out, "file\nsub\n");
    const Result relative = inside({"true"}, {.sandbox = {"--ro", ".:/srv"}, .directory = sub});
    EXPECT_EQ(relative.exit_status, 0) << relative;
}

TEST_F(Placeholders, NoRecordIsKeptWhereOthersCouldForgeIt) {
    const std::string before = tree();
    ASSERT_EQ(chmod(state().c_str(), 0777), 0);
    EXPECT_EQ(inside({"true"}, {.sandbox = options()}).exit_status, 0);
    EXPECT_TRUE(std::filesystem::is_empty(state()));
    ASSERT_EQ(chmod(state().c_str(), 0700), 0);
    ASSERT_EQ(symlink(work().c_str(), (state() + "/sandbox").c_str()), 0);
    EXPECT_EQ(inside({"true"}, {.sandbox = options()}).exit_status, 0);
    EXPECT_EQ(tree(), before);
    const Result result = collect_garbage();
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(contains(result.err, state() + "/sandbox: ")) << result;
}

// Another sandbox that ends removes it, between the making of what is there already and the opening.
TEST_F(Placeholders, ADirectoryOfRecordsThatGoesIsMadeAgain) {
    const std::string before = tree();
    const std::string here = state() + "/sandbox";
    ASSERT_EQ(mkdir(here.c_str(), 0700), 0);
    Stepper launcher(sandbox_command({"true"}, options()));
    ASSERT_TRUE(launcher.advance_past(SYS_mkdirat));
    ASSERT_EQ(rmdir(here.c_str()), 0);
    ASSERT_TRUE(launcher.advance_to([](const SystemCall& call) { return call.number == SYS_clone3; }));
    EXPECT_EQ(records(), 1U) << "it is kept somewhere else";
    EXPECT_EQ(launcher.run_to_end(), 0);
    EXPECT_EQ(tree(), before);
    EXPECT_EQ(records(), 0U);
}

TEST_F(Placeholders, ARecordThatCannotBeWrittenIsAnError) {
    const Result result = on_host_of_its_own(R"(
mkdir /srv/tree /srv/run; mount -t tmpfs -o size=4k,mode=700 run /srv/run
export XDG_RUNTIME_DIR=/srv/run
dd if=/dev/zero of=/srv/run/full bs=4k count=1 status=none
$SANDBOX --rw /srv/tree:/mnt/tree --tmpfs /mnt/tree/new -- echo ran || echo "status $?"
ls -A /srv/tree /srv/run/
rm /srv/run/full
$SANDBOX --rw /srv/tree:/mnt/tree --tmpfs /mnt/tree/new -- echo ran
ls -A /srv/tree /srv/run/
)");
    EXPECT_EQ(result.out, "status 125\n/srv/run/:\nfull\n\n/srv/tree:\nran\n/srv/run/:\n\n/srv/tree:\n") << result;
    EXPECT_TRUE(contains(result.err, "cannot keep a record of placeholders") &&
                contains(result.err, "No space left on device"))
        << result;
}

TEST_F(Placeholders, AFullOrReadOnlyFileSystemIsAnErrorThatNamesThePlace) {
    const Result result = on_host_of_its_own(R"(
mkdir /srv/tree; mount -t tmpfs -o nr_inodes=3 work /srv/tree; mkdir /srv/tree/sub; touch /srv/tree/file
options="--rw /srv/tree:/mnt/tree --tmpfs /mnt/tree/sub/new"
$SANDBOX $options -- echo ran || echo "status $?"
rm /srv/tree/file
mount -o remount,bind,ro /srv/tree
$SANDBOX $options -- echo ran || echo "status $?"
find /srv/tree
)");
    EXPECT_EQ(result.out, "status 125\nstatus 125\n/srv/tree\n/srv/tree/sub\n") << result;
    EXPECT_TRUE(contains(result.err, "sandbox: --tmpfs /mnt/tree/sub/new: ") &&
                contains(result.err, "No space left on device") && contains(result.err, "read-only on the host"))
        << result;
    EXPECT_EQ(count(result.err, "  fix: "), 2U) << result;
}

TEST_F(Placeholders, AVerbBehindTwoDashesIsACommand) {
    EXPECT_EQ(inside({"gc"}).exit_status, 127);
    const Result result = run({sandbox_binary(), "gc", "--rw", "."});
    EXPECT_EQ(result.exit_status, 125);
    EXPECT_TRUE(contains(result.err, "--rw: no such option") && contains(result.err, "sandbox gc --help")) << result;
}

}  // namespace
}  // namespace sandbox_test
