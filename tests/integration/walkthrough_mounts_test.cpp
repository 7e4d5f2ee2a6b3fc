// The walk-through, fourth part: the mounts that the command sees, and that none crosses the border.
#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using WalkthroughMounts = SandboxTest;

// The lines of a mount table whose file system type, the third word, is this one.
std::vector<std::string> of_type(const std::string& table, const std::string& type) {
    std::vector<std::string> found;
    for (const std::string& line : lines_of(table)) {
        const std::vector<std::string> words = words_of(line);
        if (words.size() > 2 && words[2] == type) {
            found.push_back(words[1]);
        }
    }
    return found;
}

TEST_F(WalkthroughMounts, ThereIsOneProc) {
    const Result result = inside_shell(
        "findmnt --noheadings --list --output MAJ:MIN,TARGET,FSTYPE | grep ' proc$' | sort -u -k1,1 | wc -l;"
        "findmnt --noheadings --list --output SOURCE,TARGET,FSTYPE | grep '^proc .* proc$'");
    ASSERT_EQ(result.exit_status, 0) << result;
    const std::vector<std::string> lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), 2U) << "more than one is mounted whole\n" << result;
    EXPECT_EQ(lines[0], "1") << "one file system, and parts of it";
    EXPECT_EQ(words_of(lines[1])[1], "/proc");

    // Besides it, there are its own parts that are read-only.
    for (const std::string& target : of_type(inside({"cat", "/proc/mounts"}).out, "proc")) {
        EXPECT_TRUE(target == "/proc" || target.starts_with("/proc/")) << target;
    }
}

TEST_F(WalkthroughMounts, TheTableDoesNotTellWhereThingsLieOutside) {
    const Result result = inside_shell("cat /proc/self/mountinfo");
    ASSERT_EQ(result.exit_status, 0) << result;
    for (const std::string& line : lines_of(result.out)) {
        EXPECT_FALSE(contains(line, "(unreachable)")) << line;
        const std::vector<std::string> words = words_of(line);
        EXPECT_FALSE(contains(line, " shared:") || contains(line, " master:")) << "a path that events take: " << line;
        ASSERT_GT(words.size(), 5U);
        EXPECT_TRUE(contains(words[5], "nosuid")) << line;
    }
}

TEST_F(WalkthroughMounts, EverythingOfTheHostIsReadOnlyAndWithoutDevices) {
    const Result result = inside_shell("cat /proc/self/mountinfo");
    const std::vector<std::string> writable = [&] {
        std::vector<std::string> targets;
        for (const std::string& line : lines_of(result.out)) {
            const std::vector<std::string> words = words_of(line);
            if (words.at(5).starts_with("rw")) {
                targets.push_back(words.at(4));
            } else if (!words.at(4).starts_with("/dev/")) {
                EXPECT_TRUE(contains(words.at(5), "nodev")) << line;
            }
        }
        return targets;
    }();
    for (const std::string& target : writable) {
        bool expected = false;
        for (const char* place : {"/proc", "/dev/", "/tmp", "/run", "/var/tmp", "/root"}) {
            expected = expected || target.starts_with(place);
        }
        EXPECT_TRUE(expected || target == run({"sh", "-c", "printf %s \"$HOME\""}).out) << target;
    }
}

// A set-user-id program of the host gives nothing.
TEST_F(WalkthroughMounts, SetUserIdDoesNothing) {
    EXPECT_EQ(trimmed(inside_shell("grep NoNewPrivs /proc/self/status | tr -d '\\t'").out), "NoNewPrivs:1");
}

constexpr const char* wait_for_mount = R"(
mkfifo /srv/go /srv/up
$SANDBOX -- sh -c 'echo up; read go; ls -A /media; grep -c " /media " /proc/self/mountinfo' < /srv/go > /srv/up &
sandbox=$!
unshare --mount --propagation unchanged sh -c 'read go < /srv/go-control; ls -A /media > /srv/control' &
control=$!
exec 3> /srv/go 4< /srv/up
read up <&4
mount -t tmpfs late /media
touch /media/late
echo go >&3
echo go > /srv/go-control
wait $control
cat /srv/control
echo --
cat <&4
wait $sandbox || true
)";

TEST_F(WalkthroughMounts, AMountMadeOutsideDoesNotCrossIn) {
    const Result result = on_host_of_its_own("mkfifo /srv/go-control\n" + std::string(wait_for_mount));
    ASSERT_EQ(result.err, "");
    const std::size_t border = result.out.find("--\n");
    ASSERT_NE(border, std::string::npos) << result;
    EXPECT_EQ(result.out.substr(0, border), "late\n") << "as a control: it crosses into others";
    EXPECT_FALSE(contains(result.out.substr(border), "late")) << result;
}

TEST_F(WalkthroughMounts, AMountMadeInsideDoesNotCrossOut) {
    const Result result = on_host_of_its_own(R"(
mkfifo /srv/go /srv/up
$SANDBOX --own mnt -- sh -c 'mount -t tmpfs inner /media && touch /media/inner && ls /media; echo up; read go' < /srv/go > /srv/up &
exec 3> /srv/go 4< /srv/up
read inner <&4; echo $inner
read up <&4
ls -A /media
grep inner /proc/self/mountinfo || echo nothing
exec 3>&-
wait
)");
    EXPECT_EQ(result.out, "inner\nnothing\n") << result;
}

// What was there before is there inside, at any depth, and just as read-only.
TEST_F(WalkthroughMounts, MountsOfTheHostAreThere) {
    const Result result = on_host_of_its_own(R"(
mkdir /srv/outer; mount -t tmpfs one /srv/outer; mkdir /srv/outer/inner; mount -t tmpfs two /srv/outer/inner
echo text > /srv/outer/inner/file
mkdir /srv/locked; mount -t tmpfs -o ro,noexec,nosuid,nodev three /srv/locked
$SANDBOX -- sh -c 'cat /srv/outer/inner/file; touch /srv/outer/inner/new || touch /srv/outer/new || touch /srv/locked/x' || echo $?
test ! -e /srv/outer/inner/new
)");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "text\n1\n") << result;
    EXPECT_EQ(count(result.err, "Read-only file system"), 3U) << result;
}

}  // namespace
}  // namespace sandbox_test
