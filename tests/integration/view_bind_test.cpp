// --ro and --rw: files and directories of the host, at their own path or another, and their -try forms.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

class ViewBind : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        ASSERT_EQ(mkdir((directory() / "dir").c_str(), 0755), 0);
        ASSERT_EQ(mkdir((directory() / "dir/sub").c_str(), 0755), 0);
        write_file(directory() / "file", "file\n");
        write_file(directory() / "dir/inner", "inner\n");
        write_file(directory() / "dir/sub/deep", "deep\n");
    }
    // The shell runs in a place from which the files are not seen anyway; relative sources count from the test's own.
    [[nodiscard]] Result in_directory(const std::string& script, std::vector<std::string> options) const {
        options.insert(options.end(), {"--cwd", "/"});
        return inside_shell(script, {.sandbox = options, .directory = directory().path()});
    }
};

TEST_F(ViewBind, AtItsOwnPath) {
    const std::string dir = directory() / "dir";
    const std::string file = directory() / "file";
    const Result ro = inside_shell("cat " + dir + "/sub/deep " + file + "; ls " + directory().path() + "; touch " +
                                       dir + "/x || echo x >> " + file,
                                   {.sandbox = {"--ro", dir, "--ro", file}});
    EXPECT_EQ(ro.out, "deep\nfile\ndir\nfile\n") << ro;
    EXPECT_EQ(count(ro.err, "Read-only file system"), 2U) << ro;

    const Result rw = inside_shell("echo more >> " + file + "; echo made > " + dir + "/made; touch " +
                                       directory().path() + "/x 2>/dev/null && ls " + directory().path(),
                                   {.sandbox = {"--rw", dir, "--rw", file}});
    EXPECT_EQ(read_file(file), "file\nmore\n") << rw;
    EXPECT_EQ(read_file(dir + "/made"), "made\n") << rw;
    EXPECT_FALSE(std::filesystem::exists(directory() / "x")) << "the directory around them is the sandbox's own";
}

TEST_F(ViewBind, AtAnotherPath) {
    const Result result = in_directory("cat /mnt/inner /etc/hostname; echo made > /mnt/made; ls /mnt",
                                       {"--rw", directory() / "dir:/mnt", "--ro", directory() / "file:/etc/hostname"});
    EXPECT_EQ(result.out, "inner\nfile\ninner\nmade\nsub\n") << result;
    EXPECT_EQ(read_file(directory() / "dir/made"), "made\n");
}

TEST_F(ViewBind, RelativePaths) {
    const std::string& here = directory().path();
    for (const auto& [option, place] : std::map<std::string, std::string>{{"dir", here + "/dir"},
                                                                          {"./dir", here + "/dir"},
                                                                          {"dir/../dir", here + "/dir"},
                                                                          {"dir:/srv/x", "/srv/x"},
                                                                          {".:/srv/x", "/srv/x/dir"},
                                                                          {"dir:other", here + "/other"},
                                                                          {"dir:/srv/../srv/x", "/srv/x"},
                                                                          {"dir/sub/..:/srv/x", "/srv/x"}}) {
        const Result result = in_directory("cat " + place + "/inner; echo made > " + place + "/made", {"--rw", option});
        EXPECT_EQ(result.out, "inner\n") << option << result;
        EXPECT_TRUE(std::filesystem::remove(directory() / "dir/made")) << option << result;
    }
}

TEST_F(ViewBind, ColonsAndBackslashesInPaths) {
    write_file(directory() / "a:b", "colon\n");
    write_file(directory() / "a\\b", "backslash\n");
    EXPECT_EQ(in_directory("cat /srv/x", {"--ro", "a\\:b:/srv/x"}).out, "colon\n");
    EXPECT_EQ(in_directory("cat /srv/x", {"--ro", "a\\\\b:/srv/x"}).out, "backslash\n");
    EXPECT_EQ(in_directory("cat '/srv/c:d'", {"--ro", "file:/srv/c\\:d"}).out, "file\n");
    const Result own_path = in_directory("cat '" + directory().path() + "/a:b'", {"--ro", "a\\:b"});
    EXPECT_EQ(own_path.out, "colon\n") << own_path;
    const Result unescaped = in_directory("true", {"--ro", "a:b:c"});
    EXPECT_EQ(unescaped.exit_status, 125) << unescaped;
}

TEST_F(ViewBind, AMissingSourceIsAnErrorThatNamesIt) {
    for (const char* option : {"--ro", "--rw"}) {
        for (const std::string source : {"/no/such", "nothing", "file/below"}) {
            const Result result = in_directory("echo ran", {option, source + ":/srv/x"});
            EXPECT_EQ(result.exit_status, 125) << result;
            EXPECT_EQ(result.out, "");
            EXPECT_TRUE(contains(result.err, std::string(option) + " " + source)) << result;
            EXPECT_TRUE(contains(result.err, std::string(option) + "-try")) << result;
        }
    }
}

TEST_F(ViewBind, TryPassesOverWhatIsMissing) {
    for (const char* option : {"--ro-try", "--rw-try"}) {
        EXPECT_EQ(in_directory("test -e /srv/x || echo absent", {option, "nothing:/srv/x"}).out, "absent\n");
        EXPECT_EQ(in_directory("test -e /srv/x || echo absent", {option, "file/below:/srv/x"}).out, "absent\n");
        EXPECT_EQ(in_directory("cat /srv/x", {option, "file:/srv/x"}).out, "file\n");
    }
    EXPECT_NE(in_directory("touch /srv/x/made", {"--ro-try", "dir:/srv/x"}).exit_status, 0);
    EXPECT_EQ(in_directory("touch /srv/x/made", {"--rw-try", "dir:/srv/x"}).exit_status, 0);
}

TEST_F(ViewBind, LaterOptionsCoverEarlierOnes) {
    ASSERT_EQ(mkdir((directory() / "two").c_str(), 0755), 0);
    write_file(directory() / "two/second", "second\n");
    EXPECT_EQ(in_directory("ls /srv", {"--ro", "dir:/srv", "--ro", "two:/srv"}).out, "second\n");
    EXPECT_EQ(in_directory("ls /srv", {"--ro", "two:/srv", "--ro", "dir:/srv"}).out, "inner\nsub\n");
    EXPECT_EQ(in_directory("ls -A /srv", {"--ro", "dir:/srv", "--tmpfs", "/srv"}).out, "");
    EXPECT_EQ(in_directory("ls -A /srv", {"--tmpfs", "/srv", "--ro", "dir:/srv"}).out, "inner\nsub\n");
    EXPECT_EQ(in_directory("cat /srv/x/inner", {"--tmpfs", "/srv", "--ro", "dir:/srv/x"}).out, "inner\n");
}

TEST_F(ViewBind, ReadOnlyWithinWritableAndTheOtherWayRound) {
    for (const char* use : {"none", "auto"}) {
        const Result locked = in_directory("touch /srv/made && touch /srv/sub/made",
                                           {"--rw", "dir:/srv", "--ro", "dir/sub:/srv/sub", "--landlock", use});
        EXPECT_TRUE(std::filesystem::remove(directory() / "dir/made")) << locked;
        EXPECT_FALSE(std::filesystem::exists(directory() / "dir/sub/made")) << locked;

        const Result open = in_directory("touch /srv/sub/made && touch /srv/made",
                                         {"--ro", "dir:/srv", "--rw", "dir/sub:/srv/sub", "--landlock", use});
        EXPECT_TRUE(std::filesystem::remove(directory() / "dir/sub/made")) << open;
        EXPECT_FALSE(std::filesystem::exists(directory() / "dir/made")) << open;
    }
}

// A directory above a protected one cannot be renamed away, to be replaced by another.
TEST_F(ViewBind, WhatIsProtectedStaysInItsPlace) {
    ASSERT_EQ(mkdir((directory() / "dir/sub/locked").c_str(), 0755), 0);
    write_file(directory() / "dir/sub/locked/file", "kept\n");
    for (const char* use : {"none", "auto"}) {
        const Result result = in_directory(
            "mv /srv/sub /srv/away; mv /srv/sub/locked /srv/away; rm -rf /srv/sub/locked; rmdir /srv/sub; cat "
            "/srv/sub/locked/file; true",
            {"--rw", "dir:/srv", "--ro", "dir/sub/locked:/srv/sub/locked", "--landlock", use});
        EXPECT_EQ(result.out, "kept\n") << result;
        EXPECT_EQ(read_file(directory() / "dir/sub/locked/file"), "kept\n") << result;
        EXPECT_TRUE(std::filesystem::exists(directory() / "dir/sub/locked")) << result;
    }
}

TEST_F(ViewBind, SourcesAreNeverOpened) {
    // Opening a FIFO without a partner would wait for ever, and a socket cannot be opened at all.
    ASSERT_EQ(mkfifo((directory() / "fifo").c_str(), 0600), 0);
    const sandbox::sys::UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = directory() / "socket";
    ASSERT_LT(path.size(), sizeof address.sun_path);
    path.copy(static_cast<char*>(address.sun_path), path.size());
    ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);

    for (const char* option : {"--ro", "--rw", "--ro-try", "--rw-try"}) {
        EXPECT_EQ(in_directory("stat -c %F /srv/x", {option, "fifo:/srv/x"}).out, "fifo\n") << option;
        EXPECT_EQ(in_directory("stat -c %F " + directory().path() + "/fifo", {option, "fifo"}).out, "fifo\n") << option;
        EXPECT_EQ(in_directory("stat -c %F /srv/x", {option, "socket:/srv/x"}).out, "socket\n") << option;
    }
    EXPECT_EQ(in_directory("cat /srv/x & echo text > /srv/x; wait", {"--rw", "fifo:/srv/x"}).out, "text\n");
}

TEST_F(ViewBind, ALinkAsSourceIsFollowed) {
    ASSERT_EQ(symlink("dir", (directory() / "link").c_str()), 0);
    EXPECT_EQ(in_directory("cat /srv/x/inner", {"--ro", "link:/srv/x"}).out, "inner\n");
    const Result own_path = in_directory("cat " + directory().path() + "/link/inner", {"--ro", "link"});
    EXPECT_EQ(own_path.out, "inner\n") << own_path;
}

// `lnk -> /etc` in a work tree that somebody else wrote: the target is looked for inside, and nothing is made outside.
TEST_F(ViewBind, ALinkInTheTargetLeadsNowhereOutside) {
    ASSERT_EQ(mkdir((directory() / "outside").c_str(), 0755), 0);
    const auto attempt = [&](const std::vector<std::string>& options) {
        const Result result = in_directory("true", options);
        EXPECT_TRUE(result.exit_status == 0 || result.exit_status == 125) << result;
    };
    for (const std::string& target :
         {directory() / "outside", std::string("../outside"), std::string("../../../../../../etc"), std::string("/etc"),
          std::string("/proc/self/root/etc"), std::string("loop")}) {
        const std::string link = directory() / "dir/loop";
        ASSERT_EQ(symlink(target.c_str(), link.c_str()), 0);
        for (const std::string point : {"/srv/loop/made", "/srv/loop"}) {
            attempt({"--ro", "dir:/srv", "--ro", "file:" + point});
            attempt({"--rw", "dir:/srv", "--rw", "file:" + point});
            attempt({"--rw", "dir:/srv", "--tmpfs", point});
        }
        EXPECT_EQ(std::filesystem::read_symlink(link), target);
        EXPECT_TRUE(std::filesystem::is_empty(directory() / "outside")) << target;
        EXPECT_FALSE(std::filesystem::exists("/etc/made")) << target;
        ASSERT_EQ(unlink(link.c_str()), 0);
    }
}

TEST_F(ViewBind, ALinkThatStaysInsideWorks) {
    const Result result =
        in_directory("cat /srv/x /var/run/x", {"--tmpfs", "/srv", "--ro", "file:/srv/x", "--ro", "file:/var/run/x"});
    EXPECT_EQ(result.out, "file\nfile\n") << result;
}

TEST_F(ViewBind, ContradictionsAreErrors) {
    const std::vector<std::vector<std::string>> wrong{
        {"--ro", "dir:/etc/passwd"}, {"--ro", "file:/etc"}, {"--ro", "dir:/"}, {"--ro", "file:/etc/passwd/x"}};
    for (const auto& options : wrong) {
        const Result result = in_directory("echo ran", options);
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_EQ(result.out, "");
        const std::string target = options[1].substr(options[1].find(':') + 1);
        EXPECT_TRUE(contains(result.err, target)) << result;
    }
}

TEST_F(ViewBind, SubmountsComeAlongAsReadOnlyAsTheRest) {
    const Result result = on_host_of_its_own(R"(
mkdir /srv/a; mount -t tmpfs one /srv/a; mkdir /srv/a/b; mount -t tmpfs two /srv/a/b; echo text > /srv/a/b/file
$SANDBOX --ro /srv/a:/media/x -- sh -c 'cat /media/x/b/file; touch /media/x/b/new' || echo locked
$SANDBOX --rw /srv/a:/media/x -- sh -c 'cat /media/x/b/file; touch /media/x/b/new && touch /media/x/new'
ls /srv/a /srv/a/b
)");
    EXPECT_EQ(result.out, "text\nlocked\ntext\n/srv/a:\nb\nnew\n\n/srv/a/b:\nfile\nnew\n") << result;
}

TEST_F(ViewBind, WhatTheMountOfTheSourceForbidsStaysForbidden) {
    const Result result = on_host_of_its_own(R"(
mkdir /srv/locked /srv/noexec
mount -t tmpfs one /srv/locked; echo text > /srv/locked/file; mount -o remount,bind,ro /srv/locked
mount -t tmpfs -o noexec two /srv/noexec; cp /bin/true /srv/noexec/
$SANDBOX --rw /srv/locked:/media/x -- sh -c 'cat /media/x/file; touch /media/x/new' || echo locked
$SANDBOX --rw /srv/noexec:/media/x -- /media/x/true || echo not executed
$SANDBOX --rw /srv/noexec:/media/x -- touch /media/x/made && ls /srv/noexec
)");
    EXPECT_EQ(result.out, "text\nlocked\nnot executed\nmade\ntrue\n") << result;
}

TEST_F(ViewBind, WritableMeansNeitherSetUserIdNorDevices) {
    const Result result = in_directory("grep '/dir /srv ' /proc/self/mountinfo", {"--rw", "dir:/srv"});
    ASSERT_NE(result.out, "") << result;
    const std::vector<std::string> words = words_of(result.out);
    EXPECT_TRUE(words.at(5).starts_with("rw,nosuid,nodev")) << result;
}

TEST_F(ViewBind, ManyAtOnce) {
    std::vector<std::string> options;
    for (int i = 0; i < 200; ++i) {
        options.insert(options.end(), {"--ro", directory() / "file:/srv/many/" + std::to_string(i)});
    }
    const Result result = in_directory("cat /srv/many/* | wc -l; ls /srv/many | wc -l", options);
    EXPECT_EQ(result.out, "200\n200\n") << result;
}

}  // namespace
}  // namespace sandbox_test
