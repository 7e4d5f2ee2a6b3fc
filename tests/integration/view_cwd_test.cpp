// The current directory: kept, shown again below what is hidden, and never more of it than that.
#include <sys/stat.h>

#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using ViewCwd = SandboxTest;

constexpr const char* home_of_alice = R"(
mkdir -p /home/alice/project/sub/deep /home/alice/other /home/alice/.ssh /home/alice/.config/gh /home/alice/.aws/cli
echo secret > /home/alice/secret; echo secret > /home/alice/other/secret; echo secret > /home/alice/.ssh/key
echo secret > /home/alice/.config/gh/token; echo secret > /home/alice/.aws/cli/token
echo text > /home/alice/project/file; echo text > /home/alice/project/sub/file
export HOME=/home/alice
)";

Result at_home(const std::string& script) {
    return on_host_of_its_own(home_of_alice + script);
}

TEST_F(ViewCwd, ItIsKept) {
    for (const std::string path : {"/", "/etc", "/usr/bin"}) {
        EXPECT_EQ(inside_shell("pwd; echo $PWD", {.directory = path}).out, path + "\n" + path + "\n");
    }
}

TEST_F(ViewCwd, BelowTmpItIsShownAgainReadOnlyAndAlone) {
    const std::string& here = directory().path();
    mkdir((here + "/work").c_str(), 0755);
    write_file(here + "/work/file", "text\n");
    write_file(here + "/beside", "text\n");
    for (const char* use : {"auto", "none"}) {
        const Result result = inside_shell("pwd; cat file; ls -A ..; touch x || echo x >> file",
                                           {.sandbox = {"--landlock", use}, .directory = here + "/work"});
        EXPECT_EQ(result.out, here + "/work\ntext\nwork\n") << result;
        EXPECT_EQ(count(result.err, "Read-only file system"), 2U) << result;
    }
    EXPECT_EQ(read_file(here + "/work/file"), "text\n");
}

TEST_F(ViewCwd, BelowTheHomeItIsShownAgainReadOnlyAndAlone) {
    const Result result = at_home(R"(
cd /home/alice/project/sub
$SANDBOX -- sh -c 'pwd; cat file; ls -A /home/alice /home/alice/project; touch x' || echo refused
)");
    EXPECT_EQ(result.out,
              "/home/alice/project/sub\ntext\n/home/alice:\nproject\n\n/home/alice/project:\nsub\nrefused\n")
        << result;
    EXPECT_TRUE(contains(result.err, "Read-only file system")) << result;
}

TEST_F(ViewCwd, TheRepositoryAroundItIsShownWithIt) {
    for (const char* entry : {"mkdir .git", "echo 'gitdir: /nowhere' > .git", "mkfifo .git", "ln -s /nowhere .git"}) {
        const Result result = at_home(std::string("cd /home/alice/project; ") + entry + R"(
for place in sub sub/deep .; do
    cd /home/alice/project/$place
    $SANDBOX -- sh -c 'pwd; ls -A /home/alice /home/alice/project; touch /home/alice/project/x || touch x' || echo refused
done
)");
        std::string expected;
        for (const std::string place : {"/sub", "/sub/deep", ""}) {
            expected += "/home/alice/project" + place +
                        "\n/home/alice:\nproject\n\n/home/alice/project:\n.git\nfile\nsub\nrefused\n";
        }
        EXPECT_EQ(result.out, expected) << entry << result;
    }
}

TEST_F(ViewCwd, TheNearestRepositoryIsTheOneShown) {
    const Result result = at_home(R"(
mkdir /home/alice/project/.git /home/alice/project/sub/.git
cd /home/alice/project/sub/deep
$SANDBOX -- ls -A /home/alice/project /home/alice/project/sub
)");
    EXPECT_EQ(result.out, "/home/alice/project:\nsub\n\n/home/alice/project/sub:\n.git\ndeep\nfile\n") << result;
}

// Many keep their settings in a repository at home.
TEST_F(ViewCwd, ARepositoryThatIsTheHomeIsNotShown) {
    const Result result = at_home(R"(
mkdir /home/alice/.git /home/.git
cd /home/alice/project
$SANDBOX -- sh -c 'ls -A /home /home/alice; cat /home/alice/secret' || echo refused
)");
    EXPECT_EQ(result.out, "/home:\nalice\n\n/home/alice:\nproject\nrefused\n") << result;
}

TEST_F(ViewCwd, TheHomeItselfStaysHidden) {
    const Result result = at_home(R"(
mkdir /srv/alias; mount --bind /home/alice /srv/alias
for place in /home/alice /home; do
    cd $place
    $SANDBOX -- sh -c 'pwd; cat secret alice/secret' || echo hidden
done
cd /srv/alias
$SANDBOX -- cat secret || echo hidden
)");
    EXPECT_EQ(result.out, "/home/alice\nhidden\n/home\nhidden\nhidden\n") << result;
}

// root may read them all: the home that somebody stands in is no less a home for that.
TEST_F(ViewCwd, TheHomesOfOthersStayHidden) {
    const Result result = at_home(R"(
mkdir -p /home/bob/.ssh /home/bob/project; echo secret > /home/bob/secret; echo secret > /home/bob/.ssh/key
cd /home/bob
$SANDBOX -- sh -c 'cat secret .ssh/key; find /home | sort' || true
if $SANDBOX --rw . -- echo ran; then :; else echo $?; fi
cd /home/bob/project
$SANDBOX -- find /home | sort
)");
    EXPECT_EQ(result.out, "/home\n/home/alice\n125\n/home\n/home/alice\n/home/bob\n/home/bob/project\n") << result;
}

TEST_F(ViewCwd, PlacesOfCredentialsStayHidden) {
    const Result result = at_home(R"(
mkdir -p /home/alice/.gnupg /home/alice/.kube/cache /home/alice/.docker /home/alice/.password-store/mail
for place in .ssh .config/gh .aws .aws/cli .gnupg .kube .kube/cache .docker .password-store/mail; do
    cd /home/alice/$place; echo secret > token
    $SANDBOX -- sh -c 'cat token key 2> /dev/null; ls -A /home/alice'
done
)");
    EXPECT_EQ(result.out, "") << result;
}

TEST_F(ViewCwd, TheRuntimeDirectoryStaysHidden) {
    const Result result = at_home(R"(
mount -t tmpfs host /run; mkdir -p /run/user/1000/keyring /srv/runtime/bus; echo secret > /run/user/1000/keyring/secret
cd /run/user/1000/keyring; $SANDBOX -- sh -c 'ls -A . /run'
)");
    EXPECT_EQ(result.out, ".:\n\n/run:\n") << result;
}

TEST_F(ViewCwd, RwMakesItWritableAndNothingElse) {
    const Result result = at_home(R"(
mkdir /home/alice/project/.git; cd /home/alice/project/sub
$SANDBOX --rw . -- sh -c 'echo made > made; pwd; touch ../x || touch ../.git/x || touch /etc/x; ls -A /home/alice' || true
cat made; ls -A ..
)");
    EXPECT_EQ(result.out, "/home/alice/project/sub\nproject\nmade\n.git\nfile\nsub\n") << result;
    EXPECT_EQ(count(result.err, "Read-only file system"), 3U) << result;
}

TEST_F(ViewCwd, RwBelowTmp) {
    for (const char* use : {"auto", "none"}) {
        const Result result =
            inside_shell("mkdir -p d && echo made > d/made && ln -sf made d/link && chmod 0600 d/made && pwd",
                         {.sandbox = {"--rw", ".", "--landlock", use}, .directory = directory().path()});
        EXPECT_EQ(result.out, directory().path() + "\n") << result;
        EXPECT_EQ(read_file(directory() / "d/made"), "made\n");
    }
}

TEST_F(ViewCwd, AnotherPlaceToStart) {
    const auto at = [&](const std::vector<std::string>& options) {
        return inside_shell("pwd; echo $PWD", {.sandbox = options, .directory = directory().path()});
    };
    EXPECT_EQ(at({"--cwd", "/etc"}).out, "/etc\n/etc\n");
    EXPECT_EQ(at({"--cwd", "/tmp"}).out, "/tmp\n/tmp\n");
    EXPECT_EQ(at({"--cwd", "/"}).out, "/\n/\n");
    EXPECT_EQ(at({"--cwd=/srv/new", "--tmpfs", "/srv/new"}).out, "/srv/new\n/srv/new\n");
    const Result missing = at({"--cwd", "/no/such/place"});
    EXPECT_EQ(missing.exit_status, 125) << missing;
    EXPECT_TRUE(contains(missing.err, "/no/such/place")) << missing;
    const Result relative = at({"--cwd", "etc"});
    EXPECT_EQ(relative.exit_status, 125) << relative;
    EXPECT_TRUE(contains(relative.err, "--cwd") && contains(relative.err, "etc")) << relative;
}

// The directory is inherited, not looked up: that a directory above is closed does not matter.
TEST_F(ViewCwd, BelowAClosedDirectory) {
    const std::string& here = directory().path();
    ASSERT_EQ(mkdir((here + "/closed").c_str(), 0755), 0);
    ASSERT_EQ(mkdir((here + "/closed/open").c_str(), 0755), 0);
    const Result result =
        run({"sh", "-c", "cd closed/open && chmod 0 .. && \"$SANDBOX\" --rw . -- sh -c 'echo made > made; pwd'"},
            {.set = {{"SANDBOX", sandbox_binary()}}, .directory = here});
    ASSERT_EQ(chmod((here + "/closed").c_str(), 0755), 0);
    EXPECT_EQ(result.out, here + "/closed/open\n") << result;
    EXPECT_EQ(read_file(here + "/closed/open/made"), "made\n");
}

TEST_F(ViewCwd, ALinkToItIsFollowed) {
    const Result result = at_home(R"(
ln -s /home/alice/project /srv/link; cd /srv/link
$SANDBOX -- sh -c 'cat file; /bin/pwd'
)");
    EXPECT_EQ(result.out, "text\n/home/alice/project\n") << result;
}

TEST_F(ViewCwd, NamesThatAreHardToWrite) {
    const std::string& here = directory().path();
    for (const std::string name : {"with space", "new\nline", "\xff\xfe", "back\\slash", "a:b", "-dash", "..."}) {
        ASSERT_EQ(mkdir((here + "/" + name).c_str(), 0755), 0);
        const Result result =
            inside_shell("echo made > made", {.sandbox = {"--rw", "."}, .directory = here + "/" + name});
        EXPECT_EQ(result.exit_status, 0) << name << result;
        EXPECT_EQ(read_file(here + "/" + name + "/made"), "made\n");
    }
}

}  // namespace
}  // namespace sandbox_test
