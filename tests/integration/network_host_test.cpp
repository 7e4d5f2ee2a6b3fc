// --net host: the caller's network, what goes with it, and what stays closed.
#include "support/host.hpp"
#include "support/namespaces.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using NetworkHost = SandboxTest;

TEST_F(NetworkHost, TheNamespaceIsTheHosts) {
    EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--net", "host"}))), "cgroup ipc mnt pid user uts");
}

TEST_F(NetworkHost, TheInterfacesAreTheHosts) {
    const std::vector<std::string> command{"sh", "-c", "ip -oneline link | cut -d: -f2; ls /sys/class/net"};
    EXPECT_EQ(inside(command, {.sandbox = {"--net", "host"}}).out, run(command).out);
}

TEST_F(NetworkHost, ItCannotBeChanged) {
    for (const char* use : {"auto", "none"}) {
        const RunOptions options{.sandbox = {"--net", "host", "--landlock", use}};
        EXPECT_NE(inside({"ip", "addr", "add", "10.255.255.1/32", "dev", "lo"}, options).exit_status, 0);
        EXPECT_NE(inside({"nft", "add", "table", "ip", "sandbox_test"}, options).exit_status, 0);
    }
    EXPECT_FALSE(contains(run({"ip", "addr", "show", "dev", "lo"}).out, "10.255.255.1"));
}

TEST_F(NetworkHost, SysIsTheHostsAndReadOnly) {
    for (const char* use : {"auto", "none"}) {
        const RunOptions options{.sandbox = {"--net", "host", "--landlock", use}};
        const Result writable =
            inside_shell("find /sys -type f -writable; find /sys -type d -writable; ls -A /sys/firmware", options);
        EXPECT_EQ(writable.out, "") << writable;
        const Result mounts = inside_shell("grep ' /sys' /proc/self/mounts", options);
        for (const std::string& line : lines_of(mounts.out)) {
            EXPECT_TRUE(words_of(line).at(3).starts_with("ro,")) << line;
        }
    }
}

TEST_F(NetworkHost, TheResolverFilesAreThoseOfTheHost) {
    for (const std::string path : {"/etc/resolv.conf", "/etc/hosts"}) {
        const Result outside = run({"cat", path});
        if (outside.exit_status != 0) {
            continue;  // a machine without one; the next test makes its own
        }
        const Result result = inside_shell("test -f " + path + " && cat " + path, {.sandbox = {"--net", "host"}});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(result.out, outside.out) << path;
        EXPECT_NE(inside_shell(": >> " + path, {.sandbox = {"--net", "host"}}).exit_status, 0);
    }
}

// An /etc of its own, with the resolver's file behind a link into /run, as systemd-resolved and NetworkManager have it.
constexpr const char* resolver_in_run = R"(
mkdir /srv/etc
for file in passwd group ld.so.cache; do cp /etc/$file /srv/etc/; done
if test -d /etc/alternatives; then cp -dR /etc/alternatives /srv/etc/; fi
mount --bind /srv/etc /etc
mount -t tmpfs run /run
mkdir -p /run/systemd/resolve /run/secret
echo secret > /run/secret/key
echo 'nameserver 127.0.0.53' > /run/systemd/resolve/stub-resolv.conf
echo '127.0.0.1 from-run' > /run/hosts
)";

TEST_F(NetworkHost, ResolverFilesBehindLinksIntoRun) {
    for (const std::string link :
         {"/run/systemd/resolve/stub-resolv.conf", "../run/systemd/resolve/stub-resolv.conf", "chain"}) {
        const Result result = on_host_of_its_own(std::string(resolver_in_run) + "ln -s " + link + R"( /etc/resolv.conf
ln -s /run/systemd/resolve/stub-resolv.conf /etc/chain
ln -s /run/hosts /etc/hosts
$SANDBOX --net host -- sh -c 'cat /etc/resolv.conf /etc/hosts; test -f /etc/resolv.conf && test -f /etc/hosts && echo files;
    find /run -type f | sort; echo x >> /etc/resolv.conf' || echo refused
$SANDBOX -- sh -c 'find /run -type f'
cat /etc/resolv.conf
)");
        EXPECT_EQ(
            result.out,
            "nameserver 127.0.0.53\n127.0.0.1 from-run\nfiles\n/run/hosts\n/run/systemd/resolve/stub-resolv.conf\n"
            "refused\nnameserver 127.0.0.53\n")
            << link << "\n"
            << result;
    }
}

TEST_F(NetworkHost, MissingResolverFilesAreNoError) {
    const Result result = on_host_of_its_own(std::string(resolver_in_run) + R"(
ln -s /run/nowhere /etc/resolv.conf
$SANDBOX --net host -- echo runs
)");
    EXPECT_EQ(result.out, "runs\n") << result;
}

}  // namespace
}  // namespace sandbox_test
