// --overlay: the command changes what it likes, and the host stays as it is.
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/host.hpp"
#include "support/overlays.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class Overlay : public OverlayTest {
  protected:
    [[nodiscard]] Result in_work(const std::string& script,
                                 std::vector<std::string> options = {"--overlay", "."}) const {
        return inside_shell("set -e\n" + script, {.sandbox = std::move(options), .directory = work()});
    }
};

TEST_F(Overlay, WritesAreSeenInsideAndNeverOutside) {
    const Result result = in_work(R"(
echo changed >> file; cat file; echo new > new; cat new; mkdir -p a/b/c; echo deep > a/b/c/deep; cat a/b/c/deep
: > sub/inner; wc -c < sub/inner; truncate -s 3 sub/deep/file; cat sub/deep/file; echo
sed -i s/old/new/ script; ./script; echo written > link; cat target
)");
    EXPECT_EQ(result.out, "old\nchanged\nnew\ndeep\n0\nold\nnew\nwritten\n") << result;
    EXPECT_EQ(result.exit_status, 0) << result;
    // Nothing is kept.
    EXPECT_EQ(in_work("cat file; ls").out, in_work("cat file; ls", {}).out);
}

TEST_F(Overlay, RemovalAndWhatIsMadeInItsPlace) {
    const Result result = in_work(R"(
rm -r sub; ls sub 2>&1 || true; mkdir sub; ls -A sub; echo x > sub/other; ls sub; rm file; echo again > file; cat file
mkdir gone; rmdir gone; rm -r empty; echo file > empty; cat empty; rm link; ln -s sub link; ls link
rm -rf ./* .hidden; ls -A | wc -l
)");
    EXPECT_EQ(result.out, "ls: cannot access 'sub': No such file or directory\nother\nagain\nfile\nother\n0\n")
        << result;
}

TEST_F(Overlay, RenamesLinksModesTimesAndOwners) {
    const Result result = in_work(R"(
mv file moved; cat moved; [ ! -e file ]; mv moved sub/inner; cat sub/inner; mv -T sub/deep renamed; ls renamed
mkdir own; echo o > own/o; mv own own2; cat own2/o
ln script second; chmod 600 script; stat -c '%a %h' second; touch -d @1000000000 second; stat -c %Y script
chmod 1777 .; stat -c %a .; chown 0:0 script; mkfifo pipe; [ -p pipe ]
echo split > first; cat twin
)");
    EXPECT_EQ(result.out, "old\nold\nfile\no\n600 2\n1000000000\n1777\nfirst\n") << result;
    EXPECT_EQ(result.exit_status, 0) << result;
}

TEST_F(Overlay, TheDirectoryLooksLikeTheHosts) {
    ::chmod(work().c_str(), 02750);
    const std::string before = snapshot(work());
    const Result result = in_work("stat -c '%a %u %g %Y' .; ls -A | wc -l; find . | wc -l");
    struct stat entry {};
    ::stat(work().c_str(), &entry);
    std::size_t entries = 1;
    std::size_t top = 0;
    for ([[maybe_unused]] const auto& found : std::filesystem::recursive_directory_iterator(work())) {
        ++entries;
    }
    for ([[maybe_unused]] const auto& found : std::filesystem::directory_iterator(work())) {
        ++top;
    }
    EXPECT_EQ(result.out, "2750 0 0 " + std::to_string(entry.st_mtime) + "\n" + std::to_string(top) + "\n" +
                              std::to_string(entries) + "\n")
        << result;
    EXPECT_EQ(snapshot(work()), before);
    ::chmod(work().c_str(), 0755);
    accept();
}

// Also by the ways around: the root of another process, the directory itself, after everything else was tried.
TEST_F(Overlay, WhatIsHiddenStaysHidden) {
    const Result result = inside_shell(
        R"(
for root in '' /proc/self/root /proc/1/root /proc/self/cwd/../../..; do
    cat $root$PWD/file $root$PWD/sub/inner $root$PWD/secret/key; ls -A $root$PWD/secret
done
ln file linked; cat linked; cp sub/inner copied; mv file moved; cat moved; mv sub moved; cat moved/inner
mv secret moved; cat moved/key; rm -rf secret sub file; mkdir secret; cat secret/key sub/inner file
chmod -R 777 .; cat file sub/inner secret/key; rm -f later; mkdir later; echo x > later; cat later
grep -rs SECRET . /proc/self/root$PWD; mount --bind / /mnt; umount sub/inner; umount -l secret
)",
        {.sandbox = {"--overlay", ".", "--hide", "file", "--hide", "sub/inner", "--hide", "secret", "--hide", "later"},
         .directory = work()});
    EXPECT_EQ(result.out, "") << result;
    EXPECT_FALSE(contains(result.err, "SECRET")) << result;
}

TEST_F(Overlay, OptionsApplyInTheirOrder) {
    std::filesystem::create_directory(directory() / "elsewhere");
    write_file(directory() / "elsewhere/there", "there\n");
    // Read-only above it, and what belongs to the host below.
    const Result covered = in_work(
        "touch sub/x 2>/dev/null || echo read-only; rm -r sub 2>/dev/null || echo stays; mv sub y 2>/dev/null || echo "
        "in place; cat sub/inner; touch x",
        {"--overlay", ".", "--ro", "sub"});
    EXPECT_EQ(covered.out, "read-only\nstays\nin place\nSECRET\n") << covered;
    // What is made stands in it, and is as writable as all of it.
    const Result made = in_work(
        "readlink here; cat copy; echo more >> copy; tail -n 1 copy; rm copy here; rmdir fresh/dir sub/deep/fresh; "
        "ls elsewhere sub/deep; ls -d fresh",
        {"--overlay", ".", "--symlink", "file:here", "--dir", "sub/deep/fresh", "--file", work() + "/script:copy",
         "--dir", "fresh/dir", "--ro", directory() / "elsewhere:elsewhere"});
    EXPECT_EQ(made.out,
              "file\n" + read_file(work() + "/script") + "more\nelsewhere:\nthere\n\nsub/deep:\nfile\nfresh\n")
        << made;
    EXPECT_EQ(made.exit_status, 0) << made;
    // An overlay behind another option covers it.
    EXPECT_EQ(in_work("cat sub/inner; touch sub/x", {"--ro", "sub", "--overlay", "."}).out, "SECRET\n");
    EXPECT_EQ(in_work("touch x; ls x", {"--overlay", ".", "--overlay", "sub"}).out, "x\n");
}

TEST_F(Overlay, LandlockLetsItWriteThereAndNowhereElse) {
    for (const char* landlock : {"auto", "none"}) {
        const Result result =
            in_work("touch x; ! touch /usr/x ../x 2>/dev/null; ls x", {"--overlay", ".", "--landlock", landlock});
        EXPECT_EQ(result.out, "x\n") << landlock << result;
        EXPECT_FALSE(std::filesystem::exists(directory() / "x"));
    }
}

TEST_F(Overlay, ThePathMayBeALinkUnderTheRulesForSources) {
    std::filesystem::create_directory_symlink("project", directory() / "to-project");
    const Result result = inside_shell("cd " + (directory() / "to-project") + " && touch x && ls x && pwd",
                                       {.sandbox = {"--overlay", directory() / "to-project"}, .directory = "/"});
    EXPECT_EQ(result.out, "x\n" + (directory() / "to-project") + "\n") << result;
    // A link of the tree that leads out of it.
    std::filesystem::create_directory_symlink("/usr", work() + "/out");
    const Result refused = in_work("true", {"--overlay", "out"});
    EXPECT_EQ(refused.exit_status, 125);
    EXPECT_TRUE(contains(refused.err, "leads out of")) << refused;
    std::filesystem::remove(work() + "/out");
    accept();
}

TEST_F(Overlay, WhatItCannotBe) {
    for (const auto& [path, why] : {std::pair{"missing", "No such file or directory"},
                                    {"file", "it is a regular file"},
                                    {"/proc/self", "it is an interface of the kernel"}}) {
        const Result result = in_work("true", {"--overlay", path});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(result.err.starts_with(std::string("sandbox: --overlay ") + path + ": ")) << result;
        EXPECT_TRUE(contains(result.err, why)) << result;
    }
}

}  // namespace
}  // namespace sandbox_test
