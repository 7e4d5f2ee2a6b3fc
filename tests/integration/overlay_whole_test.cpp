// --overlay /: the whole system, every mount of it, and nothing that the view hides.
#include <unistd.h>

#include <string>
#include <vector>

#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using OverlayWhole = SandboxTest;

constexpr const char* host = R"sh(
mkdir -p /srv/data/disk /srv/data/dir /srv/hidden /home/other /srv/deep/er
echo base > /srv/data/file; echo SECRET > /srv/hidden/key; echo SECRET > /home/other/key
mount -t tmpfs disk /srv/data/disk; mkdir /srv/data/disk/sub; echo disk > /srv/data/disk/file
mount --bind /srv/data/disk /srv/deep/er
state() { find /srv /media ${1-/home} /etc/hostname -printf '%p %i %m %U:%G %n %s %T@ %C@\n' | sort; ls /; }
state > /mnt/before
cd /srv/data/dir
)sh";
constexpr const char* unchanged = "\ncd /; state > /mnt/after; cmp /mnt/before /mnt/after && echo unchanged\n";

TEST_F(OverlayWhole, EverythingMayBeChangedAndNothingIs) {
    const Result result = on_host_of_its_own(std::string(host) + R"sh(
$SANDBOX --overlay / -- sh -ec '
    pwd; echo new > new; cat new; cat /srv/data/disk/file; echo more >> /srv/data/disk/file; cat /srv/data/disk/file
    mkdir /srv/data/disk/sub/made /srv/made /topmost; echo x > /topmost/x; rmdir /srv/data/disk/sub/made; ls /srv/made
    cat /srv/deep/er/file; rm -r /srv/data/disk/sub; ls /srv/data/disk; touch /etc/of-mine; ls /etc/of-mine /topmost'
)sh" + unchanged);
    EXPECT_EQ(result.out, "/srv/data/dir\nnew\ndisk\ndisk\nmore\ndisk\nfile\n/etc/of-mine\n\n/topmost:\nx\nunchanged\n")
        << result;
    EXPECT_EQ(result.exit_status, 0) << result;
}

TEST_F(OverlayWhole, WhatIsHiddenOrPrivateStaysSo) {
    const Result result = on_host_of_its_own(std::string(host) + R"sh(
$SANDBOX --overlay / --hide /srv/hidden --hide /srv/data/disk/file -- sh -c '
    cat /home/other/key /srv/hidden/key /srv/data/disk/file /srv/deep/er/file
    for root in /proc/self/root /proc/1/root; do cat $root/home/other/key $root/srv/hidden/key; done
    ls -A /home/other /tmp /run /var/tmp; touch /home/x /root/../home/y; mkdir /home/z
    mv /home /elsewhere; mv /srv/hidden /srv/shown; rm -rf /srv/hidden /home; mkdir -p /srv/hidden; cat /srv/hidden/key
    echo 1 > /proc/sys/kernel/ngroups_max; echo x > /sys/kernel/x; mknod /dev/mem2 c 1 1; cat /etc/shadow
    grep -rs SECRET /home /srv /elsewhere /root; true'
)sh" + unchanged);
    EXPECT_FALSE(contains(result.out, "SECRET")) << result;
    EXPECT_TRUE(contains(result.out, "unchanged")) << result;
    EXPECT_FALSE(contains(result.out, "root:")) << result;
    EXPECT_FALSE(contains(result.err, "SECRET")) << result;
}

TEST_F(OverlayWhole, OtherOptionsApplyOverIt) {
    const Result result = on_host_of_its_own(std::string(host) + R"sh(
mkdir /media/out
$SANDBOX --rw /media/out --overlay / --ro /srv/data/disk --tmpfs /srv/data/empty -- sh -ec '
    echo kept > /media/out/kept; ! touch /srv/data/disk/x 2>/dev/null; touch /srv/data/empty/x; ls /srv/data/empty
    ! umount /srv/data/disk 2>/dev/null; cat /srv/data/disk/file'
cat /media/out/kept; rm -r /media/out
[ ! -e /srv/data/empty ] && echo no placeholder
)sh");
    EXPECT_EQ(result.out, "x\ndisk\nkept\nno placeholder\n") << result;
}

TEST_F(OverlayWhole, ChangesAreKeptForEveryMount) {
    const Result result = on_host_of_its_own(std::string(host) + R"sh(
mkdir /home/kept
state /media > /mnt/before
for turn in 1 2; do
    $SANDBOX --overlay / --changes /home/kept/changes -- sh -ec '
        echo $0 >> /srv/data/disk/file; echo $0 >> /topmost; echo $0 >> new; cat /srv/data/disk/file /topmost new
        ! ls /home/kept 2>/dev/null' $turn
done
! $SANDBOX --overlay / --changes /srv/kept -- true
[ -e /srv/kept ] || echo none
cd /
state /media | cmp - /mnt/before && echo unchanged
)sh");
    EXPECT_EQ(result.out, "disk\n1\n1\n1\ndisk\n1\n2\n1\n2\n1\n2\nnone\nunchanged\n") << result;
    EXPECT_TRUE(contains(result.err, "/srv/kept lies in /,")) << result;
}

// A throw-away installation, as the manual page has it.
TEST_F(OverlayWhole, AnInstallationIsThrownAway) {
    const Result result = on_host_of_its_own(R"sh(
mkdir -p /media/local/bin /media/build; mount --bind /media/local /usr/local
printf 'install:\n\tinstall -m 755 tool /usr/local/bin/tool\n' > /media/build/Makefile
printf '#!/bin/sh\necho installed\n' > /media/build/tool
cd /media/build
$SANDBOX --overlay /usr/local -- sh -ec 'make -s install; tool'
ls -A /usr/local/bin
)sh");
    EXPECT_EQ(result.out, "installed\n") << result;
}

// As the manual page has it, with a package of the test's own. Its script needs /etc/shadow and /etc/gshadow, which
// only
// --root shows.
TEST_F(OverlayWhole, APackageThatAddsAUserIsTried) {
    if (geteuid() != 0) {
        return;  // the system's files are root's
    }
    const Result result = on_host_of_its_own(R"sh(
mkdir -p /media/package/DEBIAN /media/package/opt; echo content > /media/package/opt/sandbox-trial; cd /media
cat > package/DEBIAN/control <<end
Package: sandbox-trial
Version: 1
Architecture: all
Maintainer: nobody
Description: adds a user
end
printf '#!/bin/sh\nuseradd --system sandbox-trial\n' > package/DEBIAN/postinst; chmod 755 package/DEBIAN/postinst
dpkg-deb --build package >/dev/null
files='/etc/passwd /etc/shadow /etc/group /etc/gshadow /var/lib/dpkg/status'
md5sum $files > /mnt/before
changes=$(mktemp -d /var/tmp/sandbox-trial.XXXXXX)
! $SANDBOX --overlay / --ro package.deb -- dpkg -i package.deb >/mnt/log 2>&1 || cat /mnt/log
grep -o 'cannot open /etc/.*shadow' /mnt/log
$SANDBOX --root / --overlay / --changes $changes -- sh -ec '
    dpkg -i /media/package.deb >&2; id -un sandbox-trial; cat /opt/sandbox-trial; grep -c ^sandbox-trial: /etc/shadow'
$SANDBOX diff $changes | grep -E ' (/etc/(shadow|gshadow)|/opt/.*|/var/lib/dpkg/status)$'
md5sum $files | cmp - /mnt/before && echo unchanged; ! ls -A /opt | grep trial
$SANDBOX discard $changes)sh");
    EXPECT_EQ(result.out,
              "cannot open /etc/gshadow\nsandbox-trial\ncontent\n1\n"
              "modified  /etc/gshadow\nmodified  /etc/shadow\nadded     /opt/sandbox-trial\n"
              "modified  /var/lib/dpkg/status\nunchanged\n")
        << result;
    EXPECT_EQ(result.exit_status, 0) << result;
}

}  // namespace
}  // namespace sandbox_test
