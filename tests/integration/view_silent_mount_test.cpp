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

/// /srv/tree/silent never answers. Each line of the answer is an end of a start: 137 is one that hung. One that waits
/// does so for 10 s at a time, beside many others.
Result beside_a_silent_mount(const std::string& script) {
    return on_host_of_its_own(R"(
mkdir -m 700 /media/run; export XDG_RUNTIME_DIR=/media/run
mkdir -p /srv/tree/silent /srv/tree/sub /home/me/silent; echo text > /srv/tree/file; mkfifo /media/hold /media/said
try() { status=0; timeout -s KILL 100 "$SANDBOX" ${IDS-} "$@" < /dev/null || status=$?; echo "$status"; }
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
IDS='--map-users real'
for option in --ro --ro-try --rw --rw-try; do
    try $option /srv/tree/silent:/mnt -- true
    try $option /srv/tree/silent -- true
done
try --file /srv/tree/silent:/run/x -- true 2> /dev/null
try --device /srv/tree/silent -- true 2> /dev/null
)");
    EXPECT_EQ(result.out, "0\n0\n0\n0\n0\n0\n0\n0\n125\n125\n") << result;
}

// FUSE cannot be mounted with other ids: by default that is an error for root, or it is shown as it is.
TEST_F(ViewSilentMount, AsASourceOfRoot) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "about what root starts";
    }
    const Result result = beside_a_silent_mount(R"(
for option in --ro --ro-try --rw --rw-try; do
    try $option /srv/tree/silent:/mnt -- true 2> /media/error || :
    grep -c 'its file system (fuse) cannot be mounted with other ids' /media/error || :
done
)");
    EXPECT_EQ(result.out, "125\n1\n0\n0\n125\n1\n125\n1\n") << result;
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

// What a start looks at besides its options. All at once, as in OnTheWay.
TEST_F(ViewSilentMount, InTheEnvironment) {
    const Result result = beside_a_silent_mount(R"sh(
mkdir /srv/bin; cp /bin/true /srv/bin/own
ln -s tree/silent /srv/link
silent=/srv/tree/silent count=0 wait_for=
run() { status=0; timeout -s KILL 100 env "$@" < /dev/null || status=$?; echo "$status"; }
begin() { count=$((count + 1)); { run "$@" > /media/end.$count 2> /media/said.$count; } & wait_for="$wait_for $!"; }
with() { local set=$1; shift; begin "$set" "$SANDBOX" "$@"; }
with XDG_RUNTIME_DIR=$silent -- true
with XDG_RUNTIME_DIR=/srv/link/run -- true
with XDG_RUNTIME_DIR=$silent --explain -- true
with HOME=$silent/me -- true
with PATH=$silent:$PATH -- true
with PATH=/srv/bin:$silent/bin:$PATH --ro /srv -- true
with PATH=/srv/link/bin:$PATH --only user -- true
begin "$SANDBOX" -- $silent/program
begin "$SANDBOX" --cwd $silent -- true
begin "$SANDBOX" --cwd $silent --only user -- true
begin "$SANDBOX" --seccomp $silent/profile.json -- true
refused=$count
with HOME=$silent -- true
with PATH=/srv/bin:$silent -- own
with PATH=$PATH:$silent -- true
with PATH=$silent:$PATH --hide $silent -- true
with PATH=$silent:$PATH --map-users 0:100000:1 -- true
with XDG_RUNTIME_DIR=/media/run --rw /srv/bin --hide /srv/bin/.env -- true
wait $wait_for
for number in $(seq $count); do
    [ $number -gt $refused ] || grep -c "mounted at $silent (fuse) does not answer" /media/said.$number || :
    [ "$(cat /media/end.$number)" != 137 ] || echo "$number hung"
    [ $number -gt $refused ] || [ "$(cat /media/end.$number)" = 125 ] || echo "$number: $(cat /media/end.$number)"
done
for number in 12 13 14 15 17; do
    [ "$(cat /media/end.$number)" = 0 ] || cat /media/end.$number /media/said.$number
done
status=0; XDG_RUNTIME_DIR=$silent timeout -s KILL 100 "$SANDBOX" gc 2> /media/lines || status=$?
echo "$status"; cat /media/lines
)sh");
    std::string expected;
    for (int refused = 0; refused < 11; ++refused) {
        expected += "1\n";
    }
    EXPECT_EQ(result.out,
              expected +
                  "125\nsandbox: cannot look for records of placeholders in /srv/tree/silent/sandbox: the file "
                  "system mounted at /srv/tree/silent (fuse) does not answer\n"
                  "  fix: unmount it, or set XDG_RUNTIME_DIR to another directory if that leads there\n")
        << result;
}

// What a killed launcher has left lies in a file system that does not answer any more: it stays until that is gone.
TEST_F(ViewSilentMount, OverWhatWasLeft) {
    const Result result = on_host_of_its_own(R"(
mkdir -p /srv/tree /srv/run; chmod 700 /srv/run; export XDG_RUNTIME_DIR=/srv/run
mkfifo /media/hold /media/said /media/runs
try() { status=0; timeout -s KILL 100 "$SANDBOX" "$@" < /dev/null || status=$?; echo "$status"; }
"$SANDBOX" --rw /srv/tree --hide /srv/tree/.env --rw /media -- sh -c 'echo > /media/runs; exec sleep 1000' &
launcher=$!; read -r _ < /media/runs; kill -9 $launcher; wait $launcher || :
ls -A /srv/tree
$PROBES/fuse /srv/tree < /media/hold > /media/said & exec 9> /media/hold
read -r said < /media/said; echo "$said"
try -- true
try gc 2> /media/lines; grep -c '/srv/tree: its file system does not answer' /media/lines
exec 9>&-; wait
umount /srv/tree
ls -A /srv/tree
try -- true
ls -A /srv/tree /srv/run
)");
    EXPECT_EQ(result.out, ".env\nmounted\n0\n125\n1\n.env\n0\n/srv/run:\n\n/srv/tree:\n") << result;
}

// A pattern does not look into what is hidden already, whatever shows it.
TEST_F(ViewSilentMount, HiddenBeforeAPattern) {
    const Result result = beside_a_silent_mount(R"(
echo secret > /srv/tree/sub/key
hidden='--hide /srv/tree/silent'
try $hidden --hide '/srv/tree/silent/*' -- ls -A /srv/tree/silent
try $hidden --hide '/srv/tree/**/key' -- sh -c 'ls -A /srv/tree/silent; ls /srv/tree/sub; cat /srv/tree/sub/key 2>&1'
try --ro /srv/tree:/mnt $hidden --hide '/srv/tree/**/key' -- sh -c 'ls -A /mnt/silent; cat /mnt/sub/key 2>&1'
try $hidden --hide '/srv/tree/**/key' --ro /srv/tree:/mnt -- sh -c 'ls -A /mnt/silent; cat /mnt/sub/key 2>&1'
try --rw /srv/tree $hidden --hide '/srv/tree/**/key' -- sh -c 'cat /srv/tree/sub/key 2>&1'
try $hidden --ro /srv/tree/silent:/mnt --hide '/srv/tree/s*/key' -- ls -A /srv/tree/silent
)");
    const std::string denied = "Permission denied\n1\n";
    EXPECT_EQ(result.out, "0\nkey\ncat: /srv/tree/sub/key: " + denied + "cat: /mnt/sub/key: " + denied +
                              "cat: /mnt/sub/key: " + denied + "cat: /srv/tree/sub/key: " + denied + "125\n")
        << result;
}

// An automount point is not waked by a start, unless a path leads through it.
TEST_F(ViewSilentMount, AutomountPoint) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "autofs is mounted by the host's root alone: this is proven as root";
    }
    const Result result = on_host_of_its_own(R"(
mkdir -p /srv/tree/asleep; echo text > /srv/tree/file; mkfifo /media/hold; : > /media/said
try() { status=0; timeout -s KILL 100 "$SANDBOX" "$@" < /dev/null || status=$?; echo "$status"; }
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
