// --home ro: the real home without its credential stores, wherever they really are; and what of the system only root
// may read.
#include <unistd.h>

#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using ViewCredentials = SandboxTest;

constexpr const char* home_of_alice = R"(
mkdir -p /home/alice/.ssh /home/alice/.config/gh /home/alice/.config/editor /home/alice/project /home/alice/.cargo
mkdir -p /home/alice/dot/aws /home/alice/dot/kube /srv/keys /home/bob
cd /home/alice; ln -s dot/aws .aws; ln -s /srv/keys .gnupg; ln -s /home/alice/dot/kube .kube
for f in .ssh/id .config/gh/hosts.yml dot/aws/credentials dot/kube/config /srv/keys/secring .netrc .bash_history \
         .cargo/credentials.toml; do echo SECRET > $f; done
for f in .bashrc .config/editor/rc project/file .cargo/config.toml; do echo text > $f; done
export HOME=/home/alice
)";

Result at_home(const std::string& script) {
    return on_host_of_its_own(home_of_alice + script);
}

TEST_F(ViewCredentials, AReadableHomeHasEverythingElse) {
    const Result result = at_home(R"(
cd project
$SANDBOX --home ro -- sh -c '
    pwd; cat file ~/.bashrc ~/.config/editor/rc ~/.cargo/config.toml; ls -A ~ ~/.config ~/.cargo ~/dot /srv /home
    grep -rs SECRET ~ /srv; touch ~/x || touch file || echo locked
    cat ~/.ssh/id ~/.aws/credentials ~/.gnupg/secring ~/.netrc'
)");
    EXPECT_EQ(
        result.out,
        "/home/alice/project\ntext\ntext\ntext\ntext\n/home:\nalice\n\n/home/alice:\n.aws\n.bashrc\n.cargo\n.config\n"
        ".gnupg\n.kube\ndot\nproject\n\n/home/alice/.cargo:\nconfig.toml\n\n/home/alice/.config:\neditor\n\n"
        "/home/alice/dot:\n\n/srv:\nlocked\n")
        << result;
    EXPECT_EQ(count(result.err, "No such file or directory"), 4U) << result;
}

TEST_F(ViewCredentials, ATokenThatIsRefreshedOutsideDoesNotAppear) {
    const Result result = at_home(R"(
mkfifo /media/up /media/go; cd /
$SANDBOX --home ro --ro /media -- sh -c 'read line < /media/up; read line < /media/go; grep -rs SECRET ~ /srv; ls -A ~/.config ~/.cargo' &
echo > /media/up
cd /home/alice; echo SECRET > new; mv new .netrc; mkdir .docker .config/op; echo SECRET > .docker/config.json
echo SECRET > .config/op/config; echo SECRET > .cargo/credentials
rm -r .config/gh; mkdir .config/gh; echo SECRET > .config/gh/hosts.yml; rm .aws; mkdir .aws; echo SECRET > .aws/credentials
echo > /media/go; wait
)");
    EXPECT_EQ(result.out, "/home/alice/.cargo:\nconfig.toml\n\n/home/alice/.config:\neditor\n") << result;
}

TEST_F(ViewCredentials, ALaterOptionOpensOneAndHideAddsOne) {
    const Result result = at_home(R"(
$SANDBOX --home ro --ro ~/.ssh --rw ~/.config/gh --hide ~/.bashrc -- sh -c '
    cat ~/.ssh/id ~/.config/gh/hosts.yml ~/.bashrc; touch ~/.config/gh/made; ls -A ~/.config'
$SANDBOX --home ro --ro ~/.config -- ls -A /home/alice/.config
ls .config/gh
)");
    EXPECT_EQ(result.out, "SECRET\nSECRET\neditor\ngh\neditor\nhosts.yml\nmade\n") << result;
    EXPECT_TRUE(contains(result.err, ".bashrc: Permission denied")) << result;
}

// An installer that writes into the home: what it did is kept beside, and nothing of what is hidden comes with it.
TEST_F(ViewCredentials, AnOverlayOfTheHomeLeavesThemOut) {
    const Result result = at_home(R"sh(
state() { find /home /srv -printf '%p %i %m %U:%G %n %s %T@ %C@ %l\n' | sort; }
state > /mnt/before; kept=$(mktemp -d /var/tmp/sandbox-kept.XXXXXX)
install='pwd; grep -rs SECRET ~ /srv
    for store in ~/.ssh/id ~/.aws/credentials ~/.gnupg/secring ~/.kube/config ~/.config/gh/hosts.yml ~/.netrc; do
        cat $store && echo BREACH; rm -f $store; mv $store /tmp/x && echo BREACH; ln $store ~/linked && echo BREACH
    done 2>/dev/null
    mv ~/.config ~/moved 2>/dev/null && echo BREACH; rm -r ~/.config/gh ~/.ssh 2>/dev/null && echo BREACH
    echo "PATH=~/tool" >> ~/.bashrc; mkdir -p ~/tool; echo tool >> ~/tool/run; rm -f ~/.config/editor/rc; grep -rs SECRET ~ /srv'
for options in "--home ro" "--home ro --overlay /" "--home ro --rw ."; do
    (cd project; $SANDBOX $options --overlay ~ -- sh -c "$install; true")
    (cd project; $SANDBOX $options --overlay .. -- cat /home/alice/.bashrc)
done
for turn in 1 2; do $SANDBOX --home ro --overlay . --changes $kept --cwd / -- sh -c "$install; cat ~/tool/run"; done
cd /; $SANDBOX diff $kept || true
state | diff /mnt/before - && echo unchanged
$SANDBOX apply $kept /home/alice/tool && cat /home/alice/tool/run && cat /home/alice/.bashrc
$SANDBOX --home rw --overlay /home/alice -- sh -c 'cat ~/.ssh/id; rm ~/.ssh/id ~/.bashrc; ls -A ~/.ssh ~/.cargo'; cat /home/alice/.ssh/id
for refused in "--overlay /home/alice" "--home ro --overlay /home" "--home rw --overlay /home/bob"; do
    $SANDBOX $refused -- true || true
done
$SANDBOX discard $kept
)sh");
    const std::string once = "/home/alice/project\ntext\n";
    EXPECT_EQ(result.out,
              once + once + once +
                  "/\ntool\n/\ntool\ntool\nmodified  /home/alice/.bashrc\n"
                  "deleted   /home/alice/.config/editor/rc\nadded     /home/alice/tool/\n"
                  "added     /home/alice/tool/run\nunchanged\ntool\ntool\ntext\n"
                  "SECRET\n/home/alice/.cargo:\nconfig.toml\ncredentials.toml\n\n/home/alice/.ssh:\nSECRET\n")
        << result;
    EXPECT_EQ(count(result.err, "would uncover a whole home directory"), 3U) << result;
    EXPECT_EQ(count(result.err, "\n  fix: --home ro beside it shows the real home"), 1U) << result;
}

// Each mount below it is an overlay, too, but for those of a store, or on one.
TEST_F(ViewCredentials, AnOverlayInAHomeHasWhatIsMountedThere) {
    const Result result = at_home(R"sh(
mkdir -p project/data dot/kube mounted /media/data /media/kube
mount --bind /media/data project/data; echo data > project/data/file
mkdir project/data/sub project/.ssh; mount --bind .ssh project/data/sub; mount --bind .ssh project/.ssh
mount --bind /media/kube dot/kube; echo SECRET > dot/kube/config; mount --bind project/data mounted
cd project
for options in "--overlay ." "--home ro --overlay ." "--home ro --overlay .." "--home ro --overlay / --overlay .." \
               "--home rw --hide ../.ssh --hide ../dot --hide /srv --hide ../.config --hide ../.netrc --overlay .."; do
    $SANDBOX $options -- sh -c 'cat data/file; echo new > data/new; cat data/new; grep -rs SECRET . ~/.ssh ~/dot ~/mounted; true'
done
ls data; cd /
mkdir -p /media/there/store; echo text > /media/there/file; mount --bind ~/.ssh /media/there/store
ln -s /home/alice/project /srv/in-home; ln -s /media/there /srv/beside
for link in in-home/data beside; do
    for options in "" "--home ro"; do
        $SANDBOX $options --overlay /srv/${link%/*} -- sh -c "cat /srv/$link/file; grep -rs SECRET /srv/${link%/*}/; true"
    done
done)sh");
    const std::string once = "data\nnew\n";
    EXPECT_EQ(result.out, once + once + once + once + once + "file\nsub\ndata\ndata\ntext\ntext\n") << result;
    EXPECT_EQ(result.err, "");
}

TEST_F(ViewCredentials, TheCurrentDirectoryNeverUncoversOne) {
    const Result result = at_home(R"(
mkdir -p .config/op .password-store/x .mozilla/firefox dot/aws/cli
for place in .ssh .config/gh .config .config/op .cargo dot dot/aws dot/aws/cli .password-store/x .mozilla/firefox .; do
    for home in private ro; do
        (cd $place; $SANDBOX --home $home -- sh -c 'grep -rs SECRET ~ .; true')
    done
done
# Nor where a link leads to it out of the home.
mkdir /srv/keys/deep; echo SECRET > /srv/keys/deep/s
for place in /srv/keys /srv/keys/deep; do
    for options in "" "--overlay /home/alice" "--overlay /"; do
        (cd $place; $SANDBOX --home ro $options -- sh -c 'grep -rs SECRET ~ . /srv; true')
    done
done
cd project; $SANDBOX -- cat file
)");
    EXPECT_EQ(result.out, "text\n") << result;
}

TEST_F(ViewCredentials, ExplainPrintsTheList) {
    const Result result = at_home("$SANDBOX --home ro --explain -- true");
    for (const char* store :
         {" .ssh", " .gnupg", " .config/gh", " .cargo/credentials*", " .*_history", " .vault-token"}) {
        EXPECT_TRUE(contains(line_starting(result.out, "  home: shown without"), store)) << store;
    }
}

// As an ordinary user they cannot be read anyway.
TEST_F(ViewCredentials, TheSystemsOwnAreHiddenFromRoot) {
    const Result result = inside_shell(
        "cat /etc/shadow /etc/gshadow /etc/sudoers 2>/dev/null; ls /etc/ssl/private /etc/sudoers.d 2>/dev/null; "
        "cat /etc/passwd > /dev/null && echo readable; touch /etc/x 2>/dev/null || echo locked");
    EXPECT_EQ(result.out, "readable\nlocked\n") << result;
    if (geteuid() == 0) {
        EXPECT_FALSE(contains(inside({"ls", "-A", "/etc"}, {.sandbox = {"--map-users", "real"}}).out, "shadow\n"));
        EXPECT_TRUE(contains(inside({"cat", "/etc/shadow"}, {.sandbox = {"--ro", "/etc/shadow"}}).out, "root:"));
        EXPECT_TRUE(contains(inside({"cat", "/x/shadow", "/etc/passwd"}, {.sandbox = {"--ro", "/etc:/x"}}).err,
                             "/x/shadow: No such file"));
    }
}

TEST_F(ViewCredentials, AHomeThatIsALinkOrHasNoCredentialsIsShown) {
    const Result result = on_host_of_its_own(R"(
mkdir -p /srv/real/project /home/x; echo text > /srv/real/project/file; ln -s /srv/real /home/x/home
mkdir /srv/real/.ssh; echo SECRET > /srv/real/.ssh/id
cd /home/x/home/project
HOME=/home/x/home $SANDBOX --home ro -- sh -c 'cat file ~/project/file; grep -rs SECRET ~/ /srv; true'
mkdir /home/empty; HOME=/home/empty $SANDBOX --home ro -- sh -c 'ls -A ~; echo end'
for home in /home/x/home /home/x/home/ /srv/real .. .; do
    cd /home/x/home/project; [ $home != . ] || cd ..
    HOME=/home/x/home $SANDBOX --home ro --overlay $home -- sh -c '
        cat ~/project/file; grep -rs SECRET ~/ /srv; echo x > ~/new; ls -A ~/ | tr "\n" " "'
done
ls -A /srv/real
HOME=/nowhere $SANDBOX --home ro -- true || echo "status $?"
)");
    const std::string overlay = "text\n.ssh new project ";
    EXPECT_EQ(result.out,
              "text\ntext\nend\n" + overlay + overlay + overlay + overlay + overlay + ".ssh\nproject\nstatus 125\n")
        << result;
}

}  // namespace
}  // namespace sandbox_test
