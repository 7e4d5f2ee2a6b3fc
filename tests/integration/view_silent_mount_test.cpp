// A file system that does not answer, as a FUSE one whose program hangs or NFS whose server is gone: where it is below
// what is shown, or is shown itself, the start does not wait for it.
#include <unistd.h>

#include <filesystem>

#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class ViewSilentMount : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (access("/dev/fuse", R_OK | W_OK) != 0 && geteuid() != 0) {
            GTEST_SKIP() << "/dev/fuse is root's alone here: these are proven as root";
        }
    }
};

/// /srv/tree/silent never answers. Each line of the answer is an end of a start: 137 is one that hung.
Result beside_a_silent_mount(const std::string& script) {
    return on_host_of_its_own(R"(
mkdir -p /srv/tree/silent /srv/tree/sub /home/me/silent; echo text > /srv/tree/file; mkfifo /media/hold /media/said
try() { status=0; timeout -s KILL 30 "$SANDBOX" "$@" < /dev/null || status=$?; echo "$status"; }
$PROBES/fuse "${SILENT:-/srv/tree/silent}" < /media/hold > /media/said & exec 9> /media/hold
read -r said < /media/said
[ "$said" = mounted ] || echo "$said"
)" + script + R"(
exec 9>&-; wait
)");
}

TEST_F(ViewSilentMount, BelowWhatIsShown) {
    const Result result = beside_a_silent_mount(R"(
try -- true
try -- cat /srv/tree/file
try --ro /srv/tree:/mnt -- cat /mnt/file
try --ro-try /srv/tree:/mnt -- cat /mnt/file
try --rw /srv/tree:/mnt -- sh -c 'cat /mnt/file; : > /mnt/made'
try --rw /srv/tree:/mnt --landlock none -- cat /mnt/file
try --root / --ro /srv/tree:/mnt -- cat /mnt/file
try --only user -- true
cd /srv/tree; try --rw . -- cat file
cd sub; try -- true
)");
    EXPECT_EQ(result.out, "0\ntext\n0\ntext\n0\ntext\n0\ntext\n0\ntext\n0\ntext\n0\n0\ntext\n0\n0\n") << result;
}

TEST_F(ViewSilentMount, AsASource) {
    const Result result = beside_a_silent_mount(R"(
for option in --ro --ro-try --rw --rw-try; do
    try $option /srv/tree/silent:/mnt -- true
    try $option /srv/tree/silent -- true
done
try --file /srv/tree/silent:/run/x -- true 2> /dev/null
try --device /srv/tree/silent -- true 2> /dev/null
)");
    EXPECT_EQ(result.out, "0\n0\n0\n0\n0\n0\n0\n0\n125\n125\n") << result;
}

// The directory that holds it is rebuilt, covered, or left out.
TEST_F(ViewSilentMount, BesideWhatIsMadeOrHidden) {
    const Result result = beside_a_silent_mount(R"(
try --tmpfs /srv/tree/new -- ls /srv/tree/new
try --dir /srv/tree/new -- cat /srv/tree/file
try --ro /srv/tree/file:/srv/tree/copy -- cat /srv/tree/copy
try --hide /srv/tree/file -- cat /srv/tree/file 2> /dev/null
try --hide '/srv/tree/f*' -- cat /srv/tree/file 2> /dev/null
try --hide /srv/tree/silent -- ls -A /srv/tree/silent
try --rw /srv/tree --hide /srv/tree/silent --hide /srv/tree/.env -- ls -A /srv/tree/silent
try --tmpfs /srv/tree/silent -- ls -A /srv/tree/silent
try --tmpfs /srv -- ls -A /srv
ls -A /srv/tree
)");
    EXPECT_EQ(result.out, "0\ntext\n0\ntext\n0\n1\n1\n0\n0\n0\n0\nfile\nsilent\nsub\n") << result;
}

// Whoever goes in there waits for ever, and cannot even be interrupted: it is an error that names the mount, or, with
// -try, as if nothing were there. All at once, as each waits for it.
TEST_F(ViewSilentMount, OnTheWay) {
    const Result result = beside_a_silent_mount(R"(
ln -s silent/deep /srv/tree/link
count=0
wait_for=
begin() { count=$((count + 1)); { try "$@" > /media/end.$count 2> /media/said.$count; } & wait_for="$wait_for $!"; }
begin --hide /srv/tree/silent/deep -- true
begin --hide '/srv/tree/silent/*' -- true
begin --hide '/srv/tree/**/key' -- true
begin --hide /srv/tree/link -- true
begin --rw /srv/tree --hide /srv/tree/silent/deep -- true
begin --ro /srv/tree/silent/deep:/mnt -- true
begin --ro /srv/tree/file:/srv/tree/silent/deep -- true
begin --tmpfs /srv/tree/silent/deep -- true
begin --root /srv/tree/silent -- true
begin --file /srv/tree/silent/deep:/run/x -- true
begin --ro-try /srv/tree/silent/deep:/mnt -- true
begin --rw-try /srv/tree/link:/mnt -- true
begin --device-try /srv/tree/silent/deep -- true
wait $wait_for
for number in $(seq $count); do
    cat /media/end.$number
    grep -c 'mounted at /srv/tree/silent (fuse) does not answer' /media/said.$number || :
done
)");
    std::string expected;
    for (int refused = 0; refused < 10; ++refused) {
        expected += "125\n1\n";
    }
    EXPECT_EQ(result.out, expected + "0\n0\n0\n0\n0\n0\n") << result;
}

// An automount point is not waked by a start, unless a path leads through it.
TEST_F(ViewSilentMount, AutomountPoint) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "autofs is mounted by the host's root alone: this is proven as root";
    }
    const Result result = on_host_of_its_own(R"(
mkdir -p /srv/tree/asleep; echo text > /srv/tree/file; mkfifo /media/hold; : > /media/said
try() { status=0; timeout -s KILL 30 "$SANDBOX" "$@" < /dev/null || status=$?; echo "$status"; }
$PROBES/automount /srv/tree/asleep < /media/hold > /media/said & exec 9> /media/hold
until grep -q . /media/said; do :; done
try -- cat /srv/tree/file
try --ro /srv/tree:/mnt -- cat /mnt/file
try --rw /srv/tree:/mnt -- cat /mnt/file
try --dir /srv/tree/new -- cat /srv/tree/file
try --hide /srv/tree/file -- true
try --hide '/srv/tree/*e' -- true
try --hide /srv/tree/asleep -- ls -A /srv/tree/asleep
try --rw /srv/tree --hide /srv/tree/asleep -- ls -A /srv/tree/asleep
try --ro /srv/tree/asleep -- true
try --ro-try /srv/tree/asleep -- true
cat /media/said
try --ro-try /srv/tree/asleep/deep:/mnt -- true
try --ro /srv/tree/asleep/deep:/mnt -- true 2>&1 | grep -c '/srv/tree/asleep (autofs) does not answer'
tail -n 1 /media/said
exec 9>&-; wait
)");
    if (result.out.find("none: No such device") != std::string::npos) {
        GTEST_SKIP() << "the kernel has no autofs";
    }
    EXPECT_EQ(result.out, "text\n0\ntext\n0\ntext\n0\ntext\n0\n0\n0\n0\n0\n0\n0\nmounted\n0\n1\nwaked\n") << result;
}

TEST_F(ViewSilentMount, InTheHome) {
    for (const char* home : {"private", "ro", "rw"}) {
        const Result result = beside_a_silent_mount(std::string(R"(
mkdir /home/me/project; echo text > /home/me/project/file; export HOME=/home/me
mount --bind /srv/tree/silent /home/me/silent
cd /home/me/project; try --home )") + home + R"( -- cat file
)");
        EXPECT_EQ(result.out, "text\n0\n") << home << result;
    }
}

}  // namespace
}  // namespace sandbox_test
