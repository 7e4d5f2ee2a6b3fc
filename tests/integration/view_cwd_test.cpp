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
    mkdir((here + "/project").c_str(), 0755);
    write_file(here + "/project/file", "text\n");
    write_file(here + "/beside", "text\n");
    for (const char* use : {"auto", "none"}) {
        const Result result = inside_shell("pwd; cat file; ls -A ..; touch x || echo x >> file",
                                           {.sandbox = {"--landlock", use}, .directory = here + "/project"});
        EXPECT_EQ(result.out, here + "/project\ntext\nproject\n") << result;
        EXPECT_EQ(count(result.err, "Read-only file system"), 2U) << result;
    }
    EXPECT_EQ(read_file(here + "/project/file"), "text\n");
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

TEST_F(ViewCwd, AtThePlacesOfTheSystem) {
    const Result result = at_home(R"(
mkdir -p /home/alice/runtime; export XDG_RUNTIME_DIR=/home/alice/runtime
mount -t tmpfs host /tmp; mount -t tmpfs host /run; mkdir -p /run/user/1000 /tmp/other
for place in /tmp /run /run/user /home/alice/runtime /home /home/alice; do echo secret > $place/host-secret; done
for place in / /tmp /run /run/user /run/user/1000 /home /home/alice /home/alice/runtime /home/alice/.ssh /proc /dev /sys; do
    cd $place
    $SANDBOX -- sh -c 'pwd; cat host-secret 2> /dev/null || true'
done
)");
    EXPECT_EQ(result.out,
              "/\n/tmp\n/run\n/run\n/run\n/home\n/home/alice\n/home/alice\n/home/alice\n/proc\n/dev\n/sys\n")
        << result;
}

// Neither of the two would be the directory that is meant.
TEST_F(ViewCwd, WritableAtThePlacesOfTheSystemIsRefusedOrNothingOfTheHost) {
    const Result result = at_home(R"(
mount -t tmpfs host /tmp; mount -t tmpfs host /run; echo secret > /tmp/host-secret
for place in / /home /home/alice /proc; do
    cd $place
    status=0; $SANDBOX --rw . -- true 2> /dev/null || status=$?; echo "$place $status"
done
cd /tmp; $SANDBOX --rw . -- sh -c 'cat host-secret; echo made > made'; cat made
)");
    EXPECT_EQ(result.out, "/ 125\n/home 125\n/home/alice 125\n/proc 125\nsecret\nmade\n") << result;
}

TEST_F(ViewCwd, ARootsHome) {
    const Result result = on_host_of_its_own(R"(
mount -t tmpfs host /root; mkdir -p /root/project /root/.ssh; echo secret > /root/secret; echo text > /root/project/file
for home in /root /home/alice; do
    export HOME=$home; mkdir -p $home
    cd /root; $SANDBOX -- sh -c 'pwd; cat secret 2> /dev/null || echo hidden'
    cd /root/.ssh; $SANDBOX -- pwd
    cd /root/project; $SANDBOX -- sh -c 'pwd; cat file; cat ../secret 2> /dev/null || echo hidden'
done
)");
    const std::string one = "/root\nhidden\n/root\n/root/project\ntext\nhidden\n";
    EXPECT_EQ(result.out, one + one) << result;
}

// As Fedora Silverblue has it: /home is a link to /var/home.
TEST_F(ViewCwd, WhereHomeIsALink) {
    const Result result = on_host_of_its_own(R"(
mount --make-rprivate /
mkdir /media/new; mount -t tmpfs new /media/new; cd /media/new
for entry in /*; do
    name=${entry#/}
    if test "$name" = home || test "$name" = var; then continue
    elif test -L "$entry"; then cp -P "$entry" .
    elif test -d "$entry"; then mkdir "$name"; mount --rbind "$entry" "$name"
    fi
done
mkdir -p var/home/alice/project var/home/alice/.ssh var/home/bob var/tmp old; ln -s var/home home
pivot_root . old; cd /; umount -l /old; rmdir /old; mount --make-rshared /
echo secret > /home/alice/secret; echo secret > /home/bob/secret; echo text > /home/alice/project/file
for home in /home/alice /var/home/alice; do
    export HOME=$home
    for place in /home /var/home; do
        cd $place/alice/project
        $SANDBOX -- sh -c 'cat file; pwd -P; cat ../secret /home/alice/secret /var/home/bob/secret 2> /dev/null || echo hidden'
        $SANDBOX --rw . -- touch made; rm made
        cd $place/alice; $SANDBOX -- sh -c 'cat secret 2> /dev/null || echo hidden; touch ~/made; ls ~'
        if $SANDBOX --rw . -- echo ran 2> /dev/null; then :; else echo refused; fi
        cd $place/alice/.ssh; $SANDBOX -- sh -c 'ls -A .'
        cd $place; $SANDBOX -- sh -c 'cat */secret 2> /dev/null || echo hidden'
    done
done
)");
    std::string expected;
    for (int i = 0; i < 4; ++i) {
        expected += "text\n/var/home/alice/project\nhidden\nhidden\nmade\nrefused\nhidden\n";
    }
    EXPECT_EQ(result.out, expected) << result;
}

TEST_F(ViewCwd, OnAnotherMount) {
    const Result result = at_home(R"(
mkdir /home/alice/project/disk; mount -t tmpfs disk /home/alice/project/disk; mkdir /home/alice/project/disk/deep
echo text > /home/alice/project/disk/deep/file
mkdir /home/alice/project/.git
for place in disk disk/deep; do
    cd /home/alice/project/$place
    $SANDBOX -- sh -c 'pwd; cat /home/alice/project/disk/deep/file; ls -A /home/alice; touch x 2> /dev/null || echo locked'
    $SANDBOX --rw . -- touch made; ls made
done
mount --bind /home/alice/project/disk /media; cd /media/deep
$SANDBOX --rw . -- sh -c 'pwd; cat file; touch here; touch ../x 2> /dev/null || echo locked'; ls
)");
    EXPECT_EQ(result.out,
              "/home/alice/project/disk\ntext\nproject\nlocked\nmade\n"
              "/home/alice/project/disk/deep\ntext\nproject\nlocked\nmade\n"
              "/media/deep\ntext\nlocked\nfile\nhere\nmade\n")
        << result;
}

TEST_F(ViewCwd, BelowALink) {
    const Result result = at_home(R"(
mkdir /srv/real; ln -s /home/alice/project /srv/real/link; ln -s /srv/real /home/alice/to-real
cd /home/alice/to-real/link/sub
$SANDBOX -- sh -c 'pwd -P; cat file; ls -A /home/alice'
$SANDBOX --rw . -- touch made; ls /home/alice/project/sub
)");
    EXPECT_EQ(result.out, "/home/alice/project/sub\ntext\nproject\ndeep\nfile\nmade\n") << result;
}

TEST_F(ViewCwd, OneThatIsDeleted) {
    const Result result = at_home(R"(
mkdir /srv/gone /home/alice/gone
for place in /srv/gone /home/alice/gone; do
    mkdir -p $place; cd $place; rmdir $place
    for options in "" "--rw ." "--ro x:/mnt/x" "--hide x" "--dir x"; do
        status=0; $SANDBOX $options -- echo ran 2>> /srv/errors || status=$?; echo $status
    done
    $SANDBOX --cwd / -- pwd
    $SANDBOX --cwd /tmp --ro /srv:/mnt -- pwd
    mkdir $place; status=0; $SANDBOX -- pwd 2>> /srv/errors || status=$?; echo $status
done
grep -c '^sandbox: ' /srv/errors; grep -c 'has been removed\|has no path\|No such file' /srv/errors
)");
    std::string one;
    for (int i = 0; i < 5; ++i) {
        one += "125\n";
    }
    one += "/\n/tmp\n125\n";
    EXPECT_EQ(result.out, one + one + "12\n12\n") << result;
}

}  // namespace
}  // namespace sandbox_test
