// Home directories: hidden, each of them, under whatever name; --home private and --home rw.
#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using ViewHome = SandboxTest;

constexpr const char* homes = R"(
mkdir -p /home/alice/project /home/alice/.ssh /home/bob
echo secret > /home/alice/secret; echo secret > /home/alice/.ssh/key; echo secret > /home/bob/secret
mount -t tmpfs host /root; echo secret > /root/secret
export HOME=/home/alice
# Prints each secret that can be read at the paths given, and `hidden` when there is none.
look() { "$@" -- sh -c 'cat /home/alice/secret /home/alice/.ssh/key /home/bob/secret /root/secret $MORE 2> /dev/null || true' > /mnt/seen
         if test -s /mnt/seen; then cat /mnt/seen; else echo hidden; fi; }
)";

Result with_homes(const std::string& script) {
    return on_host_of_its_own(homes + script);
}

TEST_F(ViewHome, AllAreHidden) {
    const Result result = with_homes(R"(
look $SANDBOX
look $SANDBOX --home private
look $SANDBOX --landlock none
$SANDBOX -- ls -A /home /home/alice /root
)");
    EXPECT_EQ(result.out, "hidden\nhidden\nhidden\n/home:\nalice\n\n/home/alice:\n\n/root:\n") << result;
}

TEST_F(ViewHome, ItIsEmptyAndWritableAndStaysInside) {
    const Result result = with_homes(R"(
$SANDBOX -- sh -c 'echo $HOME; cd && pwd && echo text > x && cat x && mkdir .cache && stat -c "%a %u" .'
ls -A /home/alice
)");
    EXPECT_EQ(result.out, "/home/alice\n/home/alice\ntext\n700 0\n.ssh\nproject\nsecret\n") << result;
}

TEST_F(ViewHome, OtherHomesCannotBeWritten) {
    const Result result = with_homes(R"(
$SANDBOX -- sh -c 'touch /home/x || mkdir /home/bob || touch /root/x || mkdir /home/alice/../carol' || echo refused
)");
    EXPECT_EQ(result.out, "refused\n") << result;
    EXPECT_EQ(count(result.err, "Read-only file system"), 4U) << result;
}

TEST_F(ViewHome, AHomeInAnUnusualPlace) {
    const Result result = with_homes(R"(
mkdir -p /srv/people/alice; echo secret > /srv/people/alice/secret
MORE=/srv/people/alice/secret HOME=/srv/people/alice look $SANDBOX --env MORE
HOME=/srv/people/alice $SANDBOX -- sh -c 'echo $HOME; echo text > $HOME/x && ls -A $HOME /srv/people'
test ! -e /srv/people/alice/x
)");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "hidden\n/srv/people/alice\n/srv/people:\nalice\n\n/srv/people/alice:\nx\n") << result;
}

TEST_F(ViewHome, AHomeThatIsReachedByALink) {
    const Result result = with_homes(R"(
ln -s /home/alice /srv/alice
ln -s alice /home/link
MORE=/srv/alice/secret HOME=/srv/alice look $SANDBOX --env MORE
HOME=/srv/alice $SANDBOX -- sh -c 'echo text > $HOME/x && cat /home/alice/x'
MORE=/home/link/secret HOME=/home/link look $SANDBOX --env MORE
HOME=/home/link $SANDBOX -- sh -c 'echo text > $HOME/x && cat $HOME/x'
)");
    EXPECT_EQ(result.out, "hidden\ntext\nhidden\ntext\n") << result;
}

// As on an ostree system.
TEST_F(ViewHome, HomeItselfIsALink) {
    const Result result = with_homes(R"(
mount --make-rprivate /
mkdir /srv/new; mount -t tmpfs new /srv/new
cd /
for entry in *; do
    if test -L $entry; then cp -P $entry /srv/new/
    elif test $entry = home || test $entry = var; then :
    elif test -d $entry; then mkdir /srv/new/$entry; mount --rbind /$entry /srv/new/$entry
    fi
done
mkdir /srv/new/old /srv/new/var /srv/new/var/home /srv/new/var/tmp
mount --rbind /home /srv/new/var/home
ln -s var/home /srv/new/home
cp -R /mnt/host /srv/new/var/tools
cd /srv/new && pivot_root . old && cd / && umount -l /old
SANDBOX=/var/tools/sandbox
test -f /home/alice/secret && test -f /var/home/alice/secret
for home in /home/alice /var/home/alice; do
    HOME=$home $SANDBOX -- sh -c 'cat /home/alice/secret /var/home/alice/secret /var/home/bob/secret; echo text > $HOME/x && ls -A /var/home/alice'
done 2> /dev/null
cd /home/alice/project && touch in-project && $SANDBOX -- sh -c 'pwd; ls -A . /var/home/alice'
)");
    EXPECT_EQ(result.out, "x\nx\n/var/home/alice/project\n.:\nin-project\n\n/var/home/alice:\nproject\n") << result;
}

TEST_F(ViewHome, ASecondPathToTheHomesHidesThemToo) {
    const Result result = with_homes(R"(
mount --bind /home /media
mkdir /srv/alice; mount --bind /home/alice /srv/alice
MORE="/media/alice/secret /srv/alice/secret /media/bob/secret" look $SANDBOX --env MORE
)");
    EXPECT_EQ(result.out, "hidden\n") << result;
}

TEST_F(ViewHome, RwShowsTheRealOneAlone) {
    const Result result = with_homes(R"(
$SANDBOX --home rw -- sh -c 'cat $HOME/secret && echo text > $HOME/made; ls -A /home /root'
cat /home/alice/made
MORE= look $SANDBOX --home rw
)");
    EXPECT_EQ(result.out, "secret\n/home:\nalice\n\n/root:\ntext\nsecret\nsecret\n") << result;
}

TEST_F(ViewHome, RwNeedsAHome) {
    for (const char* value : {"unset HOME", "HOME=", "HOME=/nowhere", "HOME=relative"}) {
        const Result result = with_homes(std::string(value) + "\n$SANDBOX --home rw -- echo ran");
        EXPECT_EQ(result.exit_status, 125) << value << result;
        EXPECT_EQ(result.out, "");
        EXPECT_TRUE(contains(result.err, "HOME")) << value << result;
    }
}

TEST_F(ViewHome, WithoutAUsableHomeThatOfRootStandsIn) {
    for (const char* value : {"unset HOME", "HOME=", "HOME=/", "HOME=/nowhere", "HOME=relative", "HOME=/etc/passwd"}) {
        const Result result = with_homes(std::string(value) + R"(
look $SANDBOX
$SANDBOX -- sh -c 'echo $HOME; echo text > $HOME/x && ls -A $HOME; ls -d /etc/passwd'
)");
        EXPECT_EQ(result.out, "hidden\n/root\nx\n/etc/passwd\n") << value << result;
    }
}

TEST_F(ViewHome, AWholeHomeIsNotUncoveredByAccident) {
    for (const std::string line :
         {"cd /home/alice; $SANDBOX --rw .", "cd /home/alice; $SANDBOX --ro .", "$SANDBOX --rw /home/alice",
          "$SANDBOX --rw /home", "cd /home; $SANDBOX --ro .", "cd /home/alice/project; $SANDBOX --rw ..",
          "$SANDBOX --ro /root", "cd /; $SANDBOX --ro .", "ln -s /home/alice /srv/link; $SANDBOX --rw /srv/link",
          "mkdir /srv/a; mount --bind /home/alice /srv/a; $SANDBOX --rw /srv/a",
          "cd /home/alice; $SANDBOX --rw-try ."}) {
        const Result result = with_homes(line + " -- sh -c 'echo ran; cat /home/alice/secret'");
        EXPECT_EQ(result.exit_status, 125) << line << "\n" << result;
        EXPECT_EQ(result.out, "") << line;
        EXPECT_TRUE(contains(result.err, "--home")) << line << "\n" << result;
    }
}

TEST_F(ViewHome, PartsOfItAreShownOnPurpose) {
    const Result result = with_homes(R"(
$SANDBOX --ro /home/alice/project --rw /home/alice/.ssh:/home/alice/keys -- sh -c 'ls -A /home/alice; cat /home/alice/keys/key; touch /home/alice/project/x; touch /home/alice/new && ls /home/alice'
ls -A /home/alice
)");
    EXPECT_EQ(result.out, "keys\nproject\nsecret\nkeys\nnew\nproject\n.ssh\nproject\nsecret\n") << result;
}

}  // namespace
}  // namespace sandbox_test
