// The network of a sandbox without --net host: loopback, up, and nothing else.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support/namespaces.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using NetworkLoopback = SandboxTest;
using sandbox::sys::UniqueFd;

TEST_F(NetworkLoopback, ThereIsLoopbackAlone) {
    const Result result = inside({"ip", "-oneline", "link"});
    ASSERT_EQ(lines_of(result.out).size(), 1U) << result;
    EXPECT_TRUE(result.out.starts_with("1: lo: <LOOPBACK,UP")) << result;
    // Two lines of heading.
    EXPECT_EQ(lines_of(inside({"cat", "/proc/net/dev"}).out).size(), 3U);
    EXPECT_EQ(inside({"ls", "/sys/class/net"}).out, "lo\n") << "/sys is of the same network";
}

TEST_F(NetworkLoopback, ItHasItsTwoAddresses) {
    const Result result = inside({"ip", "-oneline", "addr"});
    ASSERT_EQ(lines_of(result.out).size(), 2U) << result;
    EXPECT_TRUE(contains(result.out, " inet 127.0.0.1/8 ")) << result;
    EXPECT_TRUE(contains(result.out, " inet6 ::1/128 ")) << result;
}

TEST_F(NetworkLoopback, AServerAndAClientTalk) {
    for (const char* address : {"127.0.0.1", "127.9.9.9", "::1"}) {
        for (const std::vector<std::string>& options :
             {std::vector<std::string>{}, {"--init"}, {"--landlock", "none"}}) {
            const Result result = inside({probe("talk"), address, "4000"}, {.sandbox = options});
            EXPECT_EQ(result.out, "heard hello\n") << address << result;
            EXPECT_EQ(result.exit_status, 0) << address << result;
        }
    }
}

TEST_F(NetworkLoopback, TheInternetIsUnreachable) {
    EXPECT_EQ(inside({probe("net"), "connect", "8.8.8.8", "53"}).out, "ENETUNREACH\n");
    EXPECT_EQ(inside({probe("net"), "connect", "2001:4860:4860::8888", "53"}).out, "ENETUNREACH\n");
    const Result shell = inside({"bash", "-c", "exec 3<>/dev/tcp/8.8.8.8/53"});
    EXPECT_TRUE(contains(shell.err, "Network is unreachable")) << shell;
    const Result ping = inside({"ping", "-c", "1", "-W", "1", "8.8.8.8"});
    EXPECT_TRUE(contains(ping.err, "Network is unreachable")) << ping;
}

TEST_F(NetworkLoopback, AServiceOfTheHostIsOutOfReach) {
    const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    ASSERT_EQ(listen(listener.get(), 8), 0);
    ASSERT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    const std::string port = std::to_string(ntohs(address.sin_port));

    EXPECT_EQ(run({probe("net"), "connect", "127.0.0.1", port}).out, "done\n") << "as a control";
    EXPECT_EQ(inside({probe("net"), "connect", "127.0.0.1", port}).out, "ECONNREFUSED\n");
    EXPECT_EQ(inside({probe("net"), "connect", "127.0.0.1", port}, {.sandbox = {"--net", "host"}}).out, "done\n");
}

TEST_F(NetworkLoopback, LowPortsCanBeBound) {
    for (const char* address : {"127.0.0.1", "0.0.0.0", "::", "::1"}) {
        for (const std::vector<std::string>& options :
             {std::vector<std::string>{}, {"--uid", "1000", "--gid", "1000"}, {"--landlock", "none"}, {"--init"}}) {
            for (const char* port : {"80", "1", "443"}) {
                EXPECT_EQ(inside({probe("net"), "listen", address, port}, {.sandbox = options}).out, "done\n")
                    << address << " " << port << testing::PrintToString(options);
            }
        }
    }
}

TEST_F(NetworkLoopback, PingWorks) {
    for (const char* address : {"127.0.0.1", "::1"}) {
        for (const std::vector<std::string>& options :
             {std::vector<std::string>{}, {"--uid", "1000", "--gid", "1000"}, {"--landlock", "none"}}) {
            const Result result = inside({"ping", "-c", "1", "-W", "10", address}, {.sandbox = options});
            EXPECT_EQ(result.exit_status, 0) << testing::PrintToString(options) << result;
            EXPECT_TRUE(contains(result.out, "1 received")) << result;
        }
    }
}

TEST_F(NetworkLoopback, NoneIsTheDefault) {
    EXPECT_NE(namespaces_inside({"--net", "none"}).at("net"), namespaces_of().at("net"));
    EXPECT_EQ(lines_of(inside({"ip", "-oneline", "link"}, {.sandbox = {"--net=none"}}).out).size(), 1U);
}

}  // namespace
}  // namespace sandbox_test
