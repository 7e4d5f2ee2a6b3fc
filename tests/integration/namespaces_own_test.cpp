// --own LIST and --allow-namespaces LIST: what is handed to root inside on purpose, and what stays out of its hands
// then.
#include "support/host.hpp"
#include "support/namespaces.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using NamespacesOwn = SandboxTest;
using NamespacesAllow = SandboxTest;

TEST_F(NamespacesOwn, MntMounts) {
    const Result result = inside_shell(
        "mount -t tmpfs none /mnt && touch /mnt/made && mount --bind /mnt /media && ls /media && umount /media && "
        "umount /mnt "
        "&& ls -A /media",
        {.sandbox = {"--own", "mnt"}});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_TRUE(result.out.starts_with("made\n")) << result;
}

// What the sandbox mounted came from a more privileged owner: the kernel has it locked.
TEST_F(NamespacesOwn, MntDoesNotUndoTheView) {
    const Result result = inside_shell(
        "mount -o remount,rw / && echo 1; mount -o remount,bind,rw /etc && echo 2; umount /proc/sys && echo 3;"
        "umount -l /proc/sys && echo 4; umount -l /tmp && echo 5; umount -l /dev && echo 6; umount -l / && echo 7;"
        "mkdir /tmp/p; mount -t proc none /tmp/p && echo 8; mount -t sysfs none /tmp/p && echo 9;"
        "mount -o remount,bind,rw /proc/sys && echo 10; mount -o remount,bind,dev /tmp && echo 11;"
        "mount --bind /proc /tmp/p && echo 12; mount --rbind /proc /tmp/p && : >> /tmp/p/sys/kernel/core_pattern && "
        "echo 13;"
        "mount --bind /etc /tmp/p && touch /tmp/p/x && echo 14; touch /etc/x && echo 15;"
        "mount -t devtmpfs none /tmp/p && echo 16",
        {.sandbox = {"--own", "mnt"}});
    EXPECT_EQ(result.out, "") << result;
}

TEST_F(NamespacesOwn, MntUncoversNothing) {
    const Result result = on_host_of_its_own(R"(
mkdir -p /home/alice; echo secret > /home/alice/secret
export HOME=/home/alice
if $SANDBOX --own mnt -- sh -c 'umount /home/alice; umount -l /home; mount --bind / /mnt; cat /home/alice/secret /mnt/home/alice/secret'
then echo uncovered; fi
)");
    EXPECT_EQ(result.out, "") << result;
    EXPECT_GE(count(result.err, "No such file"), 1U) << result;
}

TEST_F(NamespacesOwn, WithMntLandlockIsOffAndExplainSaysSo) {
    const Result result = inside({"true"}, {.sandbox = {"--own", "mnt", "--explain"}});
    EXPECT_TRUE(contains(result.out, "landlock: off")) << result;
    EXPECT_TRUE(contains(result.out, "owned by the guest: mnt uts user")) << result;
    const Result required = inside({"true"}, {.sandbox = {"--own", "mnt", "--landlock", "require"}});
    EXPECT_EQ(required.exit_status, 125) << required;
    EXPECT_TRUE(contains(required.err, "--landlock require") && contains(required.err, "--own mnt")) << required;
}

TEST_F(NamespacesOwn, NetIsConfigured) {
    const Result result = inside_shell(
        "ip addr add 10.1.2.3/8 dev lo && ping -c 1 10.1.2.3 >/dev/null && ip link set lo down && nft add table ip t "
        "&& "
        "nft list tables && ip -oneline link",
        {.sandbox = {"--own", "net"}});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_TRUE(result.out.starts_with("table ip t\n1: lo: <LOOPBACK> ")) << result;
    EXPECT_FALSE(contains(run({"ip", "addr"}).out, "10.1.2.3"));
}

TEST_F(NamespacesOwn, NetComesUpAsItDoesWithout) {
    EXPECT_EQ(inside({probe("talk"), "127.0.0.1", "80"}, {.sandbox = {"--own", "net"}}).out, "heard hello\n");
    EXPECT_EQ(inside({probe("talk"), "::1", "80"}, {.sandbox = {"--own", "net"}}).out, "heard hello\n");
}

TEST_F(NamespacesOwn, NetOpensNothingElse) {
    const Result result =
        inside({probe("attempts")}, {.sandbox = {"--own", "net", "--map-users", "real", "--uid", "0"}});
    for (const std::string& line : lines_of(result.out)) {
        const bool meant = line == "sethostname: done" || line == "take loopback down: done" ||
                           line == "raw socket: done" || line == "packet socket: done" || line == "setns net: done" ||
                           line == "owner of net: done" || line == "setns owner of net: EINVAL";
        EXPECT_FALSE(line.ends_with(": done") && !meant) << line;
    }
    EXPECT_TRUE(has_line(result.out, "take loopback down: done")) << result;
}

TEST_F(NamespacesOwn, EachIsStillNew) {
    for (const std::string kind : {"mnt", "net", "ipc", "uts", "cgroup", "mnt,net,ipc,uts,cgroup"}) {
        EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--own", kind}))),
                  "cgroup ipc mnt net pid user uts")
            << kind;
    }
}

TEST_F(NamespacesOwn, EachCanBeEnteredAgain) {
    for (const std::string kind : {"net", "ipc", "cgroup"}) {
        const Result result =
            inside({"nsenter", "--" + kind + "=/proc/self/ns/" + kind, "true"}, {.sandbox = {"--own", kind}});
        EXPECT_EQ(result.exit_status, 0) << kind << result;
        EXPECT_NE(inside({"nsenter", "--" + kind + "=/proc/self/ns/" + kind, "true"}).exit_status, 0) << "as a control";
    }
}

TEST_F(NamespacesOwn, NoMoreCanBeMadeAllTheSame) {
    for (const std::string kinds : {"mnt", "net", "mnt,net,ipc,uts,cgroup"}) {
        // By the filter, and by the quotas.
        for (const auto& [list, error] : {std::pair{"default", "EPERM"}, {"none", "ENOSPC"}}) {
            const Result result = inside({probe("attempts")}, {.sandbox = {"--own", kinds, "--seccomp", list}});
            for (const char* kind : {"user", "pid", "net", "ipc", "uts", "cgroup", "time", "user and mnt"}) {
                EXPECT_TRUE(has_line(result.out, std::string("unshare ") + kind + ": " + error)) << kinds << result;
            }
        }
    }
}

// By the calls that newer mount(8) uses, too: a tree that is not attached yet counts as a mount namespace.
TEST_F(NamespacesOwn, MntMountsByTheNewCallsToo) {
    const Result result = inside({probe("attempts")}, {.sandbox = {"--own", "mnt"}});
    for (const char* name : {"mount tmpfs", "bind", "umount", "open_tree", "fsopen", "fsmount"}) {
        EXPECT_TRUE(has_line(result.out, std::string(name) + ": done")) << name << result;
    }
}

TEST_F(NamespacesOwn, OtherKindsAreRefused) {
    for (const char* kind : {"user", "pid", "time"}) {
        const Result result = inside({"echo", "ran"}, {.sandbox = {"--own", kind}});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(contains(result.err, std::string("--own ") + kind)) << result;
    }
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--own", "net", "--net", "host"}}).exit_status, 125);
}

TEST_F(NamespacesAllow, UserAloneOpensUserAlone) {
    const RunOptions options{.sandbox = {"--allow-namespaces", "user"}};
    EXPECT_EQ(inside({"unshare", "-U", "true"}, options).exit_status, 0);
    EXPECT_EQ(inside({"unshare", "-Ur", "id", "-u"}, options).out, "0\n");
    for (const char* more : {"-Un", "-Um", "-Up", "-Ui", "-Uu", "-UC", "-n"}) {
        EXPECT_NE(inside({"unshare", more, "true"}, options).exit_status, 0) << more;
    }
}

TEST_F(NamespacesAllow, NetBelowUser) {
    const Result result = inside({"unshare", "-Urn", "sh", "-c", "ip link set lo up && ping -c 1 127.0.0.1"},
                                 {.sandbox = {"--allow-namespaces", "user,net"}});
    EXPECT_EQ(result.exit_status, 0) << result;
}

TEST_F(NamespacesAllow, MntBelowUserMounts) {
    const Result result =
        inside({"unshare", "-Urm", "sh", "-c", "mount -t tmpfs none /mnt && echo mounted; umount /proc/sys"},
               {.sandbox = {"--allow-namespaces", "user,mnt"}});
    EXPECT_EQ(result.out, "mounted\n") << result;
    EXPECT_NE(result.exit_status, 0) << "what the sandbox mounted is locked";
}

TEST_F(NamespacesAllow, WithoutUserRootInsideNeedsTheOthersItself) {
    EXPECT_EQ(inside({"unshare", "-n", "true"}, {.sandbox = {"--allow-namespaces", "net"}}).exit_status, 0);
    EXPECT_NE(inside({"unshare", "-U", "true"}, {.sandbox = {"--allow-namespaces", "net"}}).exit_status, 0);
}

// As in a container: parts of the outer /proc are covered, and the kernel refuses a fresh one.
TEST_F(NamespacesAllow, ASandboxInASandbox) {
    const std::string binary = sandbox_binary();
    const RunOptions outer{
        .sandbox = {"--allow-namespaces", "user,mnt,pid,net,ipc,uts,cgroup", "--ro", binary + ":/srv/tools/sandbox"}};
    const Result refused = inside({"/srv/tools/sandbox", "--", "echo", "ran"}, outer);
    EXPECT_EQ(refused.exit_status, 125) << refused;
    EXPECT_TRUE(contains(refused.err, "--share pid")) << refused;
    EXPECT_EQ(refused.out, "");

    const Result shared = inside({"/srv/tools/sandbox", "--share", "pid", "--net", "host", "--", "sh", "-c",
                                  "id -u; hostname; ls /proc/self/comm"},
                                 outer);
    EXPECT_EQ(shared.exit_status, 0) << shared;
    EXPECT_EQ(shared.out, "0\nsandbox\n/proc/self/comm\n");
}

TEST_F(NamespacesAllow, ExplainNamesThem) {
    const Result result = inside({"true"}, {.sandbox = {"--allow-namespaces", "user,net", "--explain"}});
    EXPECT_TRUE(has_line(result.out, "  more may be made of: net user")) << result;
    EXPECT_FALSE(contains(result.out, "max_net_namespaces") || contains(result.out, "max_user_namespaces")) << result;
}

}  // namespace
}  // namespace sandbox_test
