// --landlock: the second layer over the mounts, and that what is allowed still works under it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

class ViewLandlock : public SandboxTest, public testing::WithParamInterface<const char*> {
  protected:
    [[nodiscard]] Result with(const std::string& script, const std::vector<std::string>& more = {}) const {
        RunOptions options{.sandbox = {"--landlock", GetParam()}, .directory = directory().path()};
        options.sandbox.insert(options.sandbox.end(), more.begin(), more.end());
        return inside_shell(script, options);
    }
};
using ViewLandlockUse = SandboxTest;

INSTANTIATE_TEST_SUITE_P(Use, ViewLandlock, testing::Values("auto", "none"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST_P(ViewLandlock, RenamingAcrossDirectories) {
    for (const char* name : {"one", "two"}) {
        ASSERT_EQ(mkdir((directory() / name).c_str(), 0755), 0);
    }
    write_file(directory() / "one/file", "text\n");
    const Result within =
        with("mv one/file two/moved && ln two/moved one/linked && mkdir one/d && mv one/d two/d && mv two/moved .",
             {"--rw", "."});
    EXPECT_EQ(within.exit_status, 0) << within;
    EXPECT_EQ(read_file(directory() / "moved"), "text\n");
    const Result between = with("mv /srv/a/linked /srv/b/ && mv /srv/b/d /srv/a/ && ls /srv/a /srv/b",
                                {"--rw", "one:/srv/a", "--rw", "two:/srv/b"});
    EXPECT_EQ(between.out, "/srv/a:\nd\n\n/srv/b:\nlinked\n") << between;
    const Result private_places = with(
        "echo x > /tmp/x && mv /tmp/x /var/tmp/y && mv /var/tmp/y /dev/shm/z && mv /dev/shm/z /run/x && cat /run/x");
    EXPECT_EQ(private_places.out, "x\n") << private_places;
}

TEST_P(ViewLandlock, EverythingElseThatAFileSystemDoes) {
    const Result result = with(
        "umask 022; echo text > f && ln -s f s && mkfifo p && mkdir -p d/e && chmod 0700 d && touch -d @0 f && "
        "truncate -s 2 f && "
        "cp f g && ln g h && mv h d/e && rm g && rmdir d/e 2>/dev/null; rm -r d && cat s && sh -c 'cat < f' && cp "
        "/bin/true t && ./t && "
        "exec 9<> f && echo >&9 && ls",
        {"--rw", "."});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "tetef\np\ns\nt\n") << result;
}

TEST_P(ViewLandlock, AWritableFileIsWritableAndItsDirectoryIsNot) {
    write_file(directory() / "file", "text\n");
    const Result result =
        with("echo more >> /srv/file && truncate -s 3 /srv/file; echo x > /srv/other", {"--rw", "file:/srv/file"});
    EXPECT_NE(result.exit_status, 0) << result;
    EXPECT_EQ(read_file(directory() / "file"), "tex");
}

// 0-2 may be opened again, for what they were opened for and no more.
TEST_P(ViewLandlock, AnInheritedFileCannotBeOpenedForMore) {
    const std::string file = directory() / "file";
    write_file(file, "text\n");
    const sandbox::sys::UniqueFd reading(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const sandbox::sys::UniqueFd appending(open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    ASSERT_TRUE(reading && appending);
    const Result read_only = inside_shell("echo x > /proc/self/fd/0; echo x > /dev/stdin; cat /dev/stdin",
                                          {.sandbox = {"--landlock", GetParam()}, .descriptors = {{0, reading.get()}}});
    // It is a pipe, into which the command may write as much as it likes.
    EXPECT_TRUE(has_line(read_only.out, "text")) << read_only;
    EXPECT_EQ(read_file(file), "text\n") << read_only;
    // So is this one: what is written there is appended, and nothing else can be done.
    const Result append_only =
        inside_shell("echo more; echo x > /proc/self/fd/1; exec 3<> /proc/self/fd/1 && truncate -s 0 /proc/self/fd/1",
                     {.sandbox = {"--landlock", GetParam()}, .descriptors = {{1, appending.get()}}});
    EXPECT_EQ(read_file(file), "text\nmore\nx\n") << append_only;
}

// tmux, script, ssh and apt make one. Below a writable root, too.
TEST_P(ViewLandlock, ANewTerminalCanBeMade) {
    const std::vector<std::vector<std::string>> views{
        {}, {"--overlay", "/"}, {"--root", "/", "--overlay", "/"}, {"--overlay", "."}, {"--tty", "new"}};
    for (const std::vector<std::string>& view : views) {
        const Result result = with("script -qec 'stty size; tty' /tmp/log", view);
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_TRUE(contains(result.out, "/dev/pts/")) << result;
    }
}

TEST_F(ViewLandlockUse, RequireWorksWhereTheKernelHasIt) {
    const Result result = inside({"echo", "ran"}, {.sandbox = {"--landlock", "require"}});
    if (landlock_abi() >= 2) {
        EXPECT_EQ(result.out, "ran\n") << result;
    } else {
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(contains(result.err, "--landlock")) << result;
    }
}

TEST_F(ViewLandlockUse, ExplainAndVerboseNameTheVersion) {
    const std::string version = "ABI " + std::to_string(landlock_abi());
    const Result explained = inside({"true"}, {.sandbox = {"--explain"}});
    const Result verbose = inside({"true"}, {.sandbox = {"--verbose"}});
    EXPECT_TRUE(contains(explained.out, "landlock: ") && contains(explained.out, landlock_abi() > 0 ? version : "none"))
        << explained;
    EXPECT_TRUE(contains(verbose.err, "landlock: ") && contains(verbose.err, landlock_abi() > 0 ? version : "none"))
        << verbose;
    const Result off = inside({"true"}, {.sandbox = {"--landlock", "none", "--explain"}});
    EXPECT_TRUE(contains(off.out, "landlock: off")) << off;
}

TEST_F(ViewLandlockUse, WithItOrWithoutAFileAsInputIsFedThroughAPipe) {
    const std::string file = directory() / "file";
    write_file(file, std::string(300000, 'x') + "\n");
    const sandbox::sys::UniqueFd writable(open(file.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(writable);
    for (const std::string use : {"auto", "none"}) {
        ASSERT_EQ(lseek(writable.get(), 0, SEEK_SET), 0);
        const Result result = inside_shell("stat -L -c %F /dev/stdin; wc -c",
                                           {.sandbox = {"--landlock", use}, .descriptors = {{0, writable.get()}}});
        EXPECT_EQ(result.out, "fifo\n300001\n") << use << result;
    }
}

}  // namespace
}  // namespace sandbox_test
