// The walk-through, third part: IPC objects and sockets of the host are not there.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "support/ipc_objects.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using WalkthroughIpc = SandboxTest;
using sandbox::sys::UniqueFd;

TEST_F(WalkthroughIpc, ObjectsOfTheHostAreInvisible) {
    const IpcObjects objects;
    const Result outside = run({probe("ipc"), objects.key(), objects.name()});
    ASSERT_EQ(count(outside.out, ": found\n"), 6U) << "all kinds are there outside\n" << outside;

    const Result result = inside({probe("ipc"), objects.key(), objects.name()});
    EXPECT_EQ(count(result.out, ": ENOENT\n"), 6U) << result;
}

TEST_F(WalkthroughIpc, ObjectsOfTheInsideWork) {
    for (const char* use : {"auto", "none"}) {
        const Result result = inside_shell(
            "ipcmk --shmem 4096 --queue --semaphore 1 >/dev/null && ipcs --shmems --queues --semaphores | grep -c ^0x "
            "&&"
            "echo text > /dev/shm/name && cat /dev/shm/name",
            {.sandbox = {"--landlock", use}});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(result.out, "3\ntext\n");
        EXPECT_EQ(count(inside({probe("ipc"), "make"}, {.sandbox = {"--landlock", use}}).out, ": found\n"), 6U) << use;
    }
}

TEST_F(WalkthroughIpc, ANameOfTheInsideIsNotOutside) {
    const IpcObjects objects;
    const std::string name = objects.name() + "-inside";
    const Result result =
        inside_shell("echo inside > /dev/shm/" + name + "; test -e /dev/shm/" + objects.name() + "; echo $?");
    EXPECT_EQ(result.out, "1\n") << result;
    EXPECT_NE(access(("/dev/shm/" + name).c_str(), F_OK), 0);
    EXPECT_EQ(access(("/dev/shm/" + objects.name()).c_str(), F_OK), 0) << "as a control";
}

// A socket of that name that listens; "@" stands for the zero of an abstract name.
UniqueFd listen_at(std::string name) {
    UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::size_t length = name.size();
    if (name.front() == '@') {
        name.front() = '\0';
    } else {
        ++length;
    }
    std::memcpy(static_cast<char*>(address.sun_path), name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0) << std::strerror(errno);
    EXPECT_EQ(listen(listener.get(), 8), 0) << std::strerror(errno);
    return listener;
}

TEST_F(WalkthroughIpc, AbstractSocketsOfTheHostCannotBeReached) {
    const std::string name = "@sandbox-test-" + std::to_string(getpid());
    const UniqueFd listener = listen_at(name);
    ASSERT_EQ(run({probe("net"), "connect-unix", name}).out, "done\n") << "as a control";
    for (const char* use : {"auto", "none"}) {
        EXPECT_EQ(inside({probe("net"), "connect-unix", name}, {.sandbox = {"--landlock", use}}).out, "ECONNREFUSED\n");
    }
}

TEST_F(WalkthroughIpc, AbstractSocketsAreOutOfReachWithTheHostsNetworkToo) {
    const std::string name = "@sandbox-test-" + std::to_string(getpid());
    const UniqueFd listener = listen_at(name);
    const auto connect = [&](const char* use) {
        return inside({probe("net"), "connect-unix", name}, {.sandbox = {"--net", "host", "--landlock", use}}).out;
    };
    EXPECT_EQ(connect("none"), "done\n") << "what only Landlock stops, and the manual says so";
    if (landlock_abi() >= 6) {
        EXPECT_EQ(connect("auto"), "EPERM\n");
    }
}

TEST_F(WalkthroughIpc, SocketsBelowTmpAreHidden) {
    const std::string name = directory() / "socket";
    const UniqueFd listener = listen_at(name);
    ASSERT_EQ(run({probe("net"), "connect-unix", name}).out, "done\n") << "as a control";
    EXPECT_EQ(inside({probe("net"), "connect-unix", name}).out, "ENOENT\n");
    EXPECT_EQ(inside({probe("net"), "connect-unix", name}, {.sandbox = {"--ro", name}}).out, "done\n")
        << "one that is shown on purpose can be used";
}

}  // namespace
}  // namespace sandbox_test
