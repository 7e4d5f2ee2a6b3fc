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
