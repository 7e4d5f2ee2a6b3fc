// Overlays of and on the file systems that people have: of disks made in files here, for root and for an ordinary user.
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/environment.hpp"
#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class OverlayFileSystems : public SandboxTest {
  protected:
    void SetUp() override {
        if (geteuid() != 0) {
            GTEST_SKIP() << "only root can mount a disk; it tests as an ordinary user, too";
        }
        SandboxTest::SetUp();
    }
    /// The script with $type at $disk, as root and as nobody's user: $as runs something as who it is.
    [[nodiscard]] Result on_disk(const std::string& type, const std::string& script) const {
        return on_host_of_its_own("cd " + directory().path() + "; type=" + type + R"(
mkdir disk; disk=$PWD/disk
if [ $type = tmpfs ]; then
    mount -t tmpfs disk $disk
else
    truncate -s 400M image
    case $type in
    ext4) mkfs.ext4 -q image ;;
    vfat) mkfs.vfat image > /dev/null ;;
    *) mkfs.$type -q -f image > /dev/null ;;
    esac
    mount -o loop image $disk
fi
chmod 755 . $disk
for user in 0 64999; do
    as="setpriv --reuid $user --regid $user --clear-groups env HOME=/nowhere"
    [ $type = vfat ] || { mkdir $disk/$user; chown $user:$user $disk/$user; }
)" + script + "\ndone\ncd /\numount $disk\n");
    }
};

constexpr const char* work = R"sh(
    $as mkdir -p $disk/$user/project/sub/deep
    cd $disk/$user/project
    $as sh -c 'echo old > file; echo inner > sub/inner; ln file twin; ln -s file link; echo x > sub/deep/x'
    before=$(find . -printf '%P %i %m %U:%G %n %s %T@ %C@\n' | sort)
    for keep in "" "--changes ../kept"; do
        $as $SANDBOX --overlay . $keep -- sh -ec '
            echo more >> file; cat file; cat twin; rm -r sub; mkdir sub; ls -A sub; echo y > sub/y; mv link moved
            chmod 600 twin; touch -d @1000000000 file; mkdir a; mv a b; mkfifo b/pipe; ln file b/file; rm moved'
    done
    $as $SANDBOX --overlay . --changes ../kept -- sh -ec 'cat file b/file; ls -A sub b; stat -c %a,%Y twin file'
    [ "$before" = "$(find . -printf '%P %i %m %U:%G %n %s %T@ %C@\n' | sort)" ] && echo unchanged
    [ "$(stat -c %u ../kept/0/upper/file)" = $user ] && echo owned
    cd /
)sh";

class OverlayOn : public OverlayFileSystems, public testing::WithParamInterface<const char*> {};

TEST_P(OverlayOn, LowerAndUpper) {
    const std::string once = "old\nmore\nold\nold\nmore\nold\nold\nmore\nold\nmore\nb:\nfile\npipe\n\nsub:\ny\n600,";
    const Result result = on_disk(GetParam(), work);
    EXPECT_EQ(result.exit_status, 0) << result;
    const std::vector<std::string> lines = lines_of(result.out);
    EXPECT_EQ(std::ranges::count(lines, "unchanged"), 2) << result;
    EXPECT_EQ(std::ranges::count(lines, "owned"), 2) << result;
    EXPECT_EQ(result.out.rfind(once, 0), 0U) << result;
    EXPECT_EQ(result.err, "") << result;
}

INSTANTIATE_TEST_SUITE_P(Type, OverlayOn, testing::Values("ext4", "xfs", "btrfs", "tmpfs"),
                         [](const auto& type) { return type.param; });

TEST_F(OverlayFileSystems, WhereChangesCannotBeKeptTheErrorSaysWhichFileSystem) {
    const Result result = on_disk("ext4", R"(
    mkdir -p $disk/lower $disk/upper $disk/work $disk/over/$user $disk/$user/project 2> /dev/null || true
    [ -d $disk/over/mounted ] || { mkdir -p $disk/over/mounted
        mount -t overlay overlay -o lowerdir=$disk/lower,upperdir=$disk/upper,workdir=$disk/work $disk/over/mounted; }
    mkdir $disk/over/mounted/$user; chown -R $user:$user $disk/over/mounted/$user $disk/$user
    cd $disk/$user/project
    ! $as $SANDBOX --overlay . --changes $disk/over/mounted/$user/kept -- true
    # As in a container: what is below may be an overlay.
    cd $disk/over/mounted/$user
    $as $SANDBOX --map-users real --overlay . -- sh -ec 'echo new > new; cat new'
    $as $SANDBOX --map-users real --overlay . --changes $disk/$user/kept -- sh -ec 'echo new > new; cat new'
    cd /
    [ $user = 0 ] || umount $disk/over/mounted
)");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "new\nnew\nnew\nnew\n") << result;
    EXPECT_TRUE(contains(result.err, "(overlay) cannot hold changes")) << result;
    EXPECT_TRUE(contains(result.err, "fix: ")) << result;
}

// With nothing left, and with less than what is made before the command: whatever is short is said. Where it is only
// the kernel that misses something, it would show the overlay read-only, and the command would run.
TEST_F(OverlayFileSystems, AFullDiskIsAnErrorFromTheFirstFileToTheLast) {
    const Result result = on_host_of_its_own("cd " + directory().path() + R"sh(
mkdir disk project; truncate -s 8M image; mkfs.ext4 -q -N 32 image; mount -o loop image disk
files=0; while touch disk/$files 2> /dev/null; do files=$((files + 1)); done
cd project
for left in $(seq 0 16); do
    status=0
    $SANDBOX --map-users real --overlay . --changes ../disk/kept -- sh -c 'echo x > new' 2> ../said || status=$?
    if [ $status = 0 ]; then [ "$(cat ../disk/kept/0/upper/new)" = x ] && echo written
    elif [ $status = 125 ] && grep -qE 'No space left|is full' ../said; then echo said
    else echo "$left left: $status"; cat ../said; fi
    rm -rf ../disk/kept ../disk/$left
done | uniq
cd /; umount )sh" + directory().path() + "/disk\n");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "said\nwritten\n") << result;
    EXPECT_EQ(result.err, "") << result;
}

}  // namespace
}  // namespace sandbox_test
