// What lies beside the directories that overlays are written to on a disk, in a place that others may write to as well:
// what is swept there is what a launcher has made, and nothing that somebody has made look like it.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "changes/holder.hpp"
#include "changes/thrown_away.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

class OverlayOnDiskBesideOthers : public SandboxTest {
  protected:
    [[nodiscard]] std::string place() const { return directory().path(); }
    [[nodiscard]] std::string named(const std::string& number) const { return place() + "/sandbox-overlay-" + number; }
    /// As a launcher that was killed leaves it, which had one file.
    [[nodiscard]] std::string leave(const std::string& number) const {
        fs::create_directories(named(number) + "/0/upper");
        fs::permissions(named(number), fs::perms{0700});
        write_file(named(number) + "/0/upper/file", "x");
        write_file(named(number) + "/ids", "");
        return named(number);
    }
    [[nodiscard]] std::vector<std::string> swept() const {
        std::vector<std::string> problems;
        ::sandbox::changes::sweep_thrown_away(place(), problems);
        return problems;
    }
};

TEST_F(OverlayOnDiskBesideOthers, WhatAKilledLauncherHasLeftGoes) {
    const std::string one = leave("1");
    fs::create_directory(named("2"));  // at once after it was made, with a umask of 0777
    fs::permissions(named("2"), fs::perms{0});
    EXPECT_EQ(swept(), std::vector<std::string>());
    EXPECT_FALSE(fs::exists(one));
    EXPECT_FALSE(fs::exists(named("2")));
}

// Who may write in a directory of somebody's may give it another name, and put it elsewhere.
TEST_F(OverlayOnDiskBesideOthers, ADirectoryThatWasOpenToOthersStays) {
    const std::string one = leave("1");
    for (const unsigned mode : {0770U, 0707U, 0755U}) {
        fs::permissions(one, fs::perms{mode});
        EXPECT_EQ(swept(), std::vector<std::string>());
        EXPECT_EQ(read_file(one + "/0/upper/file"), "x") << mode;
    }
}

// Who may write in the place may give a directory of somebody's there another name.
TEST_F(OverlayOnDiskBesideOthers, ADirectoryOfNumbersStays) {
    const std::string one = leave("1");
    fs::remove(one + "/ids");
    const std::vector<std::string> problems = swept();
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_TRUE(contains(problems[0], "no run has made it")) << problems[0];
    EXPECT_EQ(read_file(one + "/0/upper/file"), "x");
}

// In a mount namespace of its own: tests that run beside this one look for mounts that somebody has left.
TEST_F(OverlayOnDiskBesideOthers, WhatIsMountedThereStays) {
    if (geteuid() != 0) {
        return;  // nobody else mounts anything
    }
    fs::create_directory(named("1"));
    fs::permissions(named("1"), fs::perms{0700});
    std::thread([&] {  // the namespace is the thread's, and ends with it
        ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
        ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_EQ(::mount("tmpfs", named("1").c_str(), "tmpfs", 0, "mode=700"), 0);
        const std::string one = leave("1");
        EXPECT_EQ(swept(), std::vector<std::string>());
        EXPECT_EQ(read_file(one + "/0/upper/file"), "x");
    })
        .join();
    EXPECT_FALSE(fs::exists(named("1") + "/0")) << "it was not mounted";
}

// A command that could write there may have made any number of them. One after the other would keep the next run for
// minutes, and this test longer than it may take.
TEST_F(OverlayOnDiskBesideOthers, ManyThatDoNotEndAreWaitedForOnce) {
    constexpr unsigned number = 300;
    for (unsigned i = 0; i < number; ++i) {
        const std::string one = leave(std::to_string(i));
        write_file(one + "/holder", "");
        const ::sandbox::sys::UniqueFd holder(::open((one + "/holder").c_str(), O_RDWR | O_CLOEXEC));
        ASSERT_TRUE(::sandbox::changes::note_holder(holder.get(), getpid()));
    }
    EXPECT_EQ(swept().size(), number);
}

}  // namespace
}  // namespace sandbox_test
