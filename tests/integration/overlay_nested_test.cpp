// A sandbox with an overlay inside one that has an overlay itself: what is read is an overlay then, and what is written
// lies in the outer one's memory.
#include <sys/mman.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>

#include "support/host.hpp"
#include "support/overlays.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

// Since Linux 6.6, where it is asked for at build time. A memfd is a file of one.
bool tmpfs_has_user_attributes() {
    const ::sandbox::sys::UniqueFd file(::memfd_create("attributes", MFD_CLOEXEC));
    return ::fsetxattr(file.get(), "user.test", "y", 1, 0) == 0;
}

class OverlayNested : public OverlayTest {
  protected:
    /// In a sandbox with an overlay of the tree, which is its directory: a script where `nested OPTION... --
    /// COMMAND...` starts another one.
    [[nodiscard]] Result in_overlay(const std::string& script) const {
        // What a sandbox inside one cannot have of its own.
        const std::string start = "nested() { /srv/tools/sandbox --share pid --net host \"$@\"; }\nset -e\n";
        return inside_shell(start + script,
                            {.sandbox = {"--allow-namespaces", "user,mnt,pid,net,ipc,uts,cgroup", "--ro",
                                         sandbox_binary() + ":/srv/tools/sandbox", "--overlay", "."},
                             .directory = work()});
    }
};

TEST_F(OverlayNested, WhatIsThrownAwayIsNotSeenOutside) {
    const Result result = in_overlay(R"(
        echo outer >file; echo outer >new
        nested --overlay . -- sh -c 'cat file new; echo inner >file; rm new; echo x >inner; cat file; ls new 2>/dev/null ||
            echo gone'
        cat file new; ls inner 2>/dev/null || echo none
        nested --overlay / -- sh -c 'echo x >/etc/made && cat /etc/made'; ls /etc/made 2>/dev/null || echo none)");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "outer\nouter\ninner\ngone\nouter\nouter\nnone\nx\nnone\n") << result;
}

TEST_F(OverlayNested, ChangesAreKeptInMemory) {
    if (!tmpfs_has_user_attributes()) {
        const Result refused = in_overlay("nested --overlay . --changes /tmp/kept -- true");
        EXPECT_EQ(refused.exit_status, 125) << refused;
        EXPECT_TRUE(
            contains(refused.err, "its file system (tmpfs) cannot hold changes, as it keeps no user attributes"))
            << refused;
        return;
    }
    const Result result = in_overlay(R"(
        echo outer >new
        nested --overlay . --changes /tmp/kept -- sh -c 'echo inner >>file; rm twin; echo x >added; echo y >>new'
        cat file
        /srv/tools/sandbox diff /tmp/kept || [ $? = 1 ]
        /srv/tools/sandbox apply /tmp/kept
        cat file new added; ls twin 2>/dev/null || echo gone
        nested --overlay . --changes /tmp/kept -- sh -c 'mv added moved'
        /srv/tools/sandbox apply /tmp/kept; cat moved; ls added 2>/dev/null || echo gone
        /srv/tools/sandbox discard /tmp/kept; ls -d /tmp/kept 2>/dev/null || echo gone)");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "old\nadded     " + work() + "/added\nmodified  " + work() + "/file\nmodified  " + work() +
                              "/new\ndeleted   " + work() + "/twin\nold\ninner\nouter\ny\nx\ngone\nx\ngone\ngone\n")
        << result;
    EXPECT_EQ(result.err, "");
}

// The kernel writes to no layer that is an overlay itself, and stacks two.
TEST_F(OverlayNested, WhereItCannotBeTheFileSystemIsNamed) {
    const Result kept = in_overlay("nested --overlay sub --changes empty -- true");
    EXPECT_EQ(kept.exit_status, 125) << kept;
    EXPECT_EQ(kept.err,
              "sandbox: --changes empty: its file system (overlay) cannot hold changes\n"
              "  fix: a directory on ext4, xfs, btrfs or tmpfs; in a container, on a volume\n");
    // Root's own is to be idmapped, which an overlay cannot be, unless the ids are to be root's.
    const bool root = ::geteuid() == 0;
    const Result third = on_host_of_its_own(std::string(R"(
        cd /srv; mkdir a b lower upper work; mount -t overlay one -o userxattr,lowerdir=lower:a a
        mount -t overlay two -o userxattr,lowerdir=a:lower b; cd b
        "$SANDBOX" --overlay . -- true || echo $?
        "$SANDBOX" --overlay . )") + (root ? "--map-users real" : "") +
                                            " -- true");
    EXPECT_EQ(third.exit_status, 125) << third;
    EXPECT_EQ(third.out, "125\n");
    if (root) {
        EXPECT_TRUE(contains(third.err, "its file system (overlay) cannot be mounted with other ids")) << third;
    }
    EXPECT_TRUE(contains(third.err, "the file system of /srv/b (overlay) can be no layer of an overlay")) << third;
    EXPECT_TRUE(contains(third.err, "\n  fix: ")) << third;
}

}  // namespace
}  // namespace sandbox_test
