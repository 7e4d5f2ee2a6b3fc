// --hide: what is hidden cannot be read, whatever name is tried for it, and what is missing cannot be created.
#include <sys/stat.h>
#include <sys/syscall.h>

#include <filesystem>

#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/stepper.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class ViewHide : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped() || HasFailure()) {
            return;
        }
        std::filesystem::create_directories(work() + "/dir/inner");
        std::filesystem::create_directories(work() + "/sub");
        for (const char* name : {"secret", "dir/file", "dir/inner/file", "sub/key.pem", "sub/.env", "sub/public"}) {
            write_file(work() + "/" + name, "SECRET\n");
        }
    }
    [[nodiscard]] std::string work() const { return directory() / "project"; }
    [[nodiscard]] std::string tree() const {
        return run({"sh", "-c", "find '" + work() + "' -printf '%P %y %m %s %i\\n' | sort"}).out;
    }
    [[nodiscard]] Result in_work(const std::string& script, std::vector<std::string> options) const {
        return inside_shell(script, {.sandbox = std::move(options), .directory = work()});
    }
    /// Every way to the hidden file and the files below the hidden directory. Prints what it could read.
    [[nodiscard]] std::string every_way() const {
        const std::string here = work();
        return "ways() { for root in '' /proc/self/root /proc/1/root /proc/self/cwd/../../..; do for p in \"$@\"; do "
               "cat \"$root$p\" 2>/dev/null; done; done; }\n"
               "ways " +
               here + "/secret " + here + "//secret " + here + "/sub/../secret " + here + "/./secret " + here +
               "/dir/file " + here + "/dir/inner/file " + here + "/sub/../dir/inner/../file\n" +
               "cat secret dir/file ./secret ../project/secret sub/../secret 2>/dev/null\n"
               "ln secret linked 2>/dev/null && cat linked 2>/dev/null\n"
               "ln -s secret symlinked 2>/dev/null; cat symlinked 2>/dev/null\n"
               "mv secret moved 2>/dev/null; cat moved 2>/dev/null; mv dir moved 2>/dev/null; cat moved/file "
               "2>/dev/null\n"
               "cp secret copied 2>/dev/null; cat copied 2>/dev/null\n"
               "grep -r SECRET . --exclude-dir=sub 2>/dev/null; find dir -type f\n"
               "ls -A dir; chmod 777 secret dir 2>/dev/null; cat secret dir/file 2>/dev/null; exec 3<secret && cat "
               "<&3\n";
    }
};

TEST_F(ViewHide, AFileAndADirectoryAreEmptyByEveryName) {
    const std::string before = tree();
    for (const std::vector<std::string>& how : {std::vector<std::string>{}, {"--rw", "."}}) {
        for (const char* landlock : {"auto", "none"}) {
            std::vector<std::string> options = how;
            options.insert(options.end(), {"--hide", "secret", "--hide", "dir", "--landlock", landlock});
            const Result result = in_work(every_way(), options);
            EXPECT_EQ(result.out, "") << (how.empty() ? "read-only" : "writable") << result;
            EXPECT_TRUE(contains(result.err, "secret: Permission denied")) << result;
            EXPECT_EQ(in_work("cat sub/public", options).out, "SECRET\n");
            std::filesystem::remove(work() + "/symlinked");
            std::filesystem::remove(work() + "/copied");
            EXPECT_EQ(tree(), before);
        }
    }
}

TEST_F(ViewHide, InAReadOnlyTreeItStaysHiddenWhenTheHostReplacesIt) {
    for (const std::string options : {"--hide secret --hide dir", "--hide 'sec*' --hide dir/"}) {
        const Result result = on_host_of_its_own(R"(
mkdir -p /srv/project/dir; cd /srv/project; echo SECRET > secret; echo SECRET > dir/file; mkfifo /media/go /media/done
$SANDBOX --ro /media )" + options + R"( -- sh -c '
    cat secret dir/file; read line < /media/done; read line < /media/go
    cat secret dir/file /srv/project/secret; ls -A dir; grep -r SECRET /srv; cat later' &
echo > /media/done
echo FRESH-SECRET > new; mv new secret
mkdir new; echo FRESH-SECRET > new/file; mv dir old; mv new dir
echo FRESH-SECRET > later
cd /; mv /srv/project /srv/moved; mkdir /srv/project; echo FRESH-SECRET > /srv/project/secret
echo > /media/go; wait
)");
        EXPECT_EQ(result.out, "") << options << result;
        EXPECT_FALSE(contains(result.err, "SECRET")) << result;
        EXPECT_TRUE(contains(result.err, "secret: Permission denied")) << result;
    }
}

// The directory is made anew, of entries that come and go on the host.
TEST_F(ViewHide, WhatIsGoneBeforeItIsShownIsNotMissed) {
    for (const std::vector<std::string>& ids : {std::vector<std::string>{}, {"--map-users", "real"}}) {
        write_file(work() + "/gone", "gone\n");
        std::filesystem::create_directory(work() + "/gone.d");
        std::vector<std::string> command = {sandbox_binary(), "--ro", work(), "--hide", work() + "/secret"};
        command.insert(command.end(), ids.begin(), ids.end());
        command.insert(command.end(), {"--", "sh", "-c", "cd \"$0\"; cat sub/public gone; ls -A gone.d", work()});
        Stepper launcher(command, Stepper::StartedBy::this_thread, directory() / "printed");
        // What is shown has been chosen by then.
        ASSERT_TRUE(launcher.advance_to([](const SystemCall& call) { return call.number == SYS_clone3; }));
        EXPECT_TRUE(std::filesystem::remove(work() + "/gone"));
        EXPECT_TRUE(std::filesystem::remove(work() + "/gone.d"));
        EXPECT_EQ(launcher.run_to_end(), 0);
        const std::string printed = read_file(directory() / "printed");
        EXPECT_TRUE(printed.starts_with("SECRET\n")) << printed;
        EXPECT_FALSE(contains(printed, "sandbox: ")) << printed;
    }
}

// All of it would be empty.
TEST_F(ViewHide, ADirectoryThatIsGoneBeforeItIsShownIsMissed) {
    for (const std::vector<std::string>& ids : {std::vector<std::string>{}, {"--map-users", "real"}}) {
        for (const bool another : {false, true}) {
            SCOPED_TRACE(std::string(ids.empty() ? "ids of its own" : "real ids") + (another ? ", another one" : ""));
            std::vector<std::string> command = {sandbox_binary(), "--ro", work(), "--hide", work() + "/secret"};
            command.insert(command.end(), ids.begin(), ids.end());
            command.insert(command.end(), {"--", "true"});
            Stepper launcher(command, Stepper::StartedBy::this_thread, directory() / "printed");
            ASSERT_TRUE(launcher.advance_to([](const SystemCall& call) { return call.number == SYS_clone3; }));
            std::filesystem::rename(work(), work() + ".moved");
            if (another) {
                std::filesystem::create_directory(work());
            }
            EXPECT_EQ(launcher.run_to_end(), 125);
            std::filesystem::remove(work());
            std::filesystem::rename(work() + ".moved", work());
            const std::string printed = read_file(directory() / "printed");
            // Of an entry, or of the directory where its owner is asked for first, to give files that owner inside.
            EXPECT_TRUE(contains(printed, "vanished while the sandbox started") ||
                        contains(printed, "was replaced by something else while the sandbox started"))
                << printed;
        }
    }
}

// The limit that the manual page states: a mask ends when somebody outside replaces what it covers.
TEST_F(ViewHide, InAWritableTreeItHoldsAgainstTheCommandAndEndsWithTheFile) {
    Running running = start_inside(
        {"sh", "-c", "cat secret; rm -f secret; mv secret x; ln -sf sub/public secret; echo up; read line; cat secret"},
        {.sandbox = {"--rw", ".", "--hide", "secret"}, .input = "", .keep_input_open = true, .directory = work()});
    EXPECT_EQ(running.expect("up\n"), "up\n");
    write_file(work() + "/new", "replaced outside\n");
    std::filesystem::rename(work() + "/new", work() + "/secret");
    running.write("\n");
    EXPECT_EQ(running.wait().out, "up\nreplaced outside\n");
}

TEST_F(ViewHide, TheDirectoriesAboveItCanBeNeitherRenamedNorRemoved) {
    const std::string before = tree();
    const Result result = in_work(
        "mv dir other || mv dir/inner other || rm -rf dir || rmdir dir/inner; mkdir fresh; mv -T fresh dir; "
        "ls dir/inner; rmdir fresh; rm -rf other",
        {"--rw", ".", "--hide", "dir/inner/file", "--ro", "sub"});
    EXPECT_EQ(result.out, "file\n") << result;
    EXPECT_EQ(read_file(work() + "/dir/inner/file"), "SECRET\n");
    EXPECT_TRUE(contains(result.err, "busy")) << result;
    std::filesystem::create_directories(work() + "/dir");
    write_file(work() + "/dir/file", "SECRET\n");
    EXPECT_EQ(lines_of(tree()).size(), lines_of(before).size());
}

// A05, A06: whatever is tried, nothing stands under the name, and nothing is left on the host.
TEST_F(ViewHide, WhatIsMissingCannotBeCreated) {
    const std::string before = tree();
    const std::string script = R"(
for name in .envrc .git/hooks sub/new.env; do
    echo x > $name; mkdir $name; ln -s sub/public $name; ln sub/public $name; mkfifo $name
    echo x > fresh; mv -T fresh $name; mkdir fresh.d; mv -T fresh.d $name; rmdir fresh.d; rm -f fresh
    rm -rf $name; chmod 777 $name; echo x > $name; cat $name
done 2>/dev/null
mv .git old-git 2>/dev/null && mkdir .git .git/hooks && echo replaced
rm -rf .git 2>/dev/null; echo x 2>/dev/null > .git/hooks && echo replaced
mv sub old-sub 2>/dev/null && echo moved
true
)";
    for (const char* landlock : {"auto", "none"}) {
        for (const char* option : {"--hide", "--ro"}) {
            const Result result = in_work(script, {"--rw", ".", option, ".envrc", option, ".git/hooks", option,
                                                   "sub/new.env", "--landlock", landlock});
            EXPECT_EQ(result.out, "") << result;
            EXPECT_EQ(result.exit_status, 0) << result;
            EXPECT_EQ(tree(), before);
        }
    }
}

TEST_F(ViewHide, BelowAMissingDirectoryTheRestIsTheCommands) {
    const Result result =
        in_work("echo made > .git/config; ls -A .git; cat .git/hooks", {"--rw", ".", "--hide", ".git/hooks"});
    EXPECT_EQ(result.out, "config\nhooks\n") << result;
    EXPECT_EQ(read_file(work() + "/.git/config"), "made\n");
    EXPECT_FALSE(std::filesystem::exists(work() + "/.git/hooks"));
}

TEST_F(ViewHide, ALaterOptionOpensIt) {
    for (const char* kind : {"--ro", "--rw"}) {
        EXPECT_EQ(
            in_work("cat secret dir/file", {"--hide", "secret", "--hide", "dir", kind, "secret", kind, "dir"}).out,
            "SECRET\nSECRET\n");
        EXPECT_EQ(in_work("cat secret", {kind, "secret", "--hide", "secret"}).out, "");
        EXPECT_EQ(in_work("cat secret; ls sub", {"--hide", "secret", kind, "."}).out, "key.pem\npublic\n")
            << "the directory above it does not name it";
        const Result part = in_work("ls -A dir; cat dir/inner/file", {"--hide", "dir", kind, "dir/inner"});
        EXPECT_EQ(part.out, "inner\nSECRET\n") << part;
        const Result writable =
            in_work("ls -A dir; cat dir/inner/file", {"--rw", ".", "--hide", "dir", kind, "dir/inner"});
        EXPECT_EQ(writable.out, "inner\nSECRET\n") << writable;
    }
}

// What the caller cannot look into, root inside can open, where it is the caller's own.
TEST_F(ViewHide, InADirectoryThatCannotBeSearched) {
    const std::string file = work() + "/dir/file";
    for (const mode_t mode : {0U, 0400U, 0100U}) {
        for (const std::string how : {"--ro", "--rw"}) {
            for (const std::string& hidden :
                 {file, std::string("dir/f*"), std::string("**/file"), std::string("*/file")}) {
                ASSERT_EQ(chmod((work() + "/dir").c_str(), mode), 0);
                const Result result =
                    in_work("chmod 700 dir; cat dir/file", {how, work() + ":/mnt", how, ".", "--hide", hidden});
                ASSERT_EQ(chmod((work() + "/dir").c_str(), 0700), 0);
                EXPECT_EQ(result.out, "") << how << " " << hidden << " " << mode << result;
                EXPECT_TRUE(contains(result.err, "cat: ")) << result;
            }
        }
    }
    EXPECT_EQ(in_work("chmod 700 dir; cat dir/file", {"--rw", "."}).out, "SECRET\n");
}

TEST_F(ViewHide, AnEarlierOneHoldsForWhatIsShownLater) {
    const std::string outside = work() + "/sub";
    for (const std::string how : {"--ro", "--rw"}) {
        for (const std::string hidden : {"../dir/file", "../dir/f*", "../**/file"}) {
            const Result result =
                inside_shell("cat ../dir/file /mnt/file; ls ../dir | head -n 1",
                             {.sandbox = {"--hide", hidden, how, "../dir", how, "../dir:/mnt"}, .directory = outside});
            EXPECT_EQ(count(result.out, "SECRET"), 0U) << how << " " << hidden << result;
            EXPECT_NE(result.out, "") << result;
        }
    }
    EXPECT_EQ(inside_shell("cat ../dir/file", {.sandbox = {"--ro", "../dir"}, .directory = outside}).out, "SECRET\n");
}

TEST_F(ViewHide, PatternsHideWhatTheyMatch) {
    write_file(work() + "/sub/[odd]*", "ODD\n");
    for (const std::vector<std::string>& how : {std::vector<std::string>{}, {"--rw", "."}}) {
        std::vector<std::string> options = how;
        options.insert(options.end(), {"--hide", "**/*.pem", "--hide", "*/.en?", "--hide", "dir/**/f[!x]le"});
        const Result result = in_work("grep -rl SECRET . | sort", options);
        EXPECT_EQ(result.out, "./secret\n./sub/public\n") << result;
        options = how;
        options.insert(options.end(), {"--hide", "sub/\\[odd]\\*"});
        EXPECT_EQ(in_work("cat sub/public; cat sub/*odd*", options).out, "SECRET\n");
    }
    const Result too_much = in_work("true", {"--hide", "/**/no-such-name"});
    EXPECT_TRUE(too_much.exit_status == 0 || contains(too_much.err, "begin it with a directory")) << too_much;
}

TEST_F(ViewHide, OtherPlacesOfTheSameTreeAreHiddenToo) {
    const Result result = on_host_of_its_own(R"(
mkdir -p /srv/project/dir /media/copy /media/part; echo SECRET > /srv/project/secret; echo SECRET > /srv/project/dir/file
mount --bind /srv/project /media/copy; mount --bind /srv/project/dir /media/part
for how in --ro --rw; do
    $SANDBOX --hide /srv/project/secret --hide /srv/project/dir $how /srv/project:/mnt -- sh -c '
        cat /srv/project/secret /media/copy/secret /mnt/secret /media/copy/dir/file /media/part/file /mnt/dir/file
        grep -rs SECRET /srv /media /mnt; true'
    $SANDBOX $how /srv/project:/mnt --hide /mnt/secret --hide /mnt/dir -- grep -rs SECRET /srv /media /mnt || echo none
done
)");
    EXPECT_EQ(result.out, "none\nnone\n") << result;
}

TEST_F(ViewHide, OddFilesAndPlaces) {
    ASSERT_EQ(mkfifo((work() + "/fifo").c_str(), 0600), 0);
    ASSERT_EQ(symlink("secret", (work() + "/link").c_str()), 0);
    ASSERT_EQ(symlink("nowhere", (work() + "/dangling").c_str()), 0);
    for (const std::vector<std::string>& how : {std::vector<std::string>{}, {"--rw", "."}}) {
        std::vector<std::string> options = how;
        options.insert(options.end(),
                       {"--hide", "fifo", "--hide", "link", "--hide", "dangling", "--hide", "/proc/cpuinfo", "--hide",
                        "/sys/kernel", "--hide", "/etc/passwd", "--hide", "/dev/zero"});
        const Result result = in_work(
            "cat fifo secret link dangling /proc/cpuinfo /etc/passwd; ls -A /sys/kernel; head -c 1 /dev/zero", options);
        EXPECT_EQ(result.out, "") << result;
        EXPECT_EQ(count(result.err, "denied") >= 5, true) << result;
    }
    EXPECT_FALSE(std::filesystem::exists(work() + "/nowhere"));
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--hide", "/"}}).exit_status, 125);
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--hide", ""}}).exit_status, 125);
}

TEST_F(ViewHide, AThousandInOneDirectoryAndInAThousand) {
    for (int i = 0; i < 500; ++i) {
        const std::string number = std::to_string(i);
        std::filesystem::create_directories(work() + "/many/" + number);
        write_file(work() + "/many/" + number + "/key", "SECRET\n");
        write_file(work() + "/sub/key" + number, "SECRET\n");
    }
    std::filesystem::remove(work() + "/sub/key.pem");
    for (const std::vector<std::string>& how : {std::vector<std::string>{}, {"--rw", "."}}) {
        std::vector<std::string> options = how;
        options.insert(options.end(), {"--hide", "many/*/key", "--hide", "sub/key*"});
        const Result result = in_work("ls many | wc -l; ls sub | wc -l; cat many/*/key sub/key* 2>/dev/null", options);
        EXPECT_EQ(result.out, "500\n501\n") << result;
    }
}

}  // namespace
}  // namespace sandbox_test
