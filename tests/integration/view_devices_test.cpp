// /dev: what is there, that it works, and that nothing can be added.
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using ViewDevices = SandboxTest;

TEST_F(ViewDevices, TheseAndNoOthers) {
    const Result result = inside_shell("ls -A /dev");
    EXPECT_EQ(words_of(result.out),
              (std::vector<std::string>{"fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr",
                                        "stdin", "stdout", "tty", "urandom", "zero"}));
}

TEST_F(ViewDevices, EachIsWhatItsNameSays) {
    const Result result = inside_shell("cd /dev && stat -c '%n %t:%T' null zero full random urandom tty pts/ptmx");
    EXPECT_EQ(result.out, "null 1:3\nzero 1:5\nfull 1:7\nrandom 1:8\nurandom 1:9\ntty 5:0\npts/ptmx 5:2\n");
    EXPECT_EQ(inside_shell("cd /dev && readlink fd stdin stdout stderr ptmx").out,
              "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n");
}

TEST_F(ViewDevices, EachWorks) {
    for (const char* use : {"auto", "none"}) {
        const Result result = inside_shell(
            "echo gone > /dev/null && cat /dev/null && head -c 4 /dev/zero | od -An -tx1 && head -c 16 /dev/random | "
            "wc -c &&"
            "head -c 16 /dev/urandom | wc -c && head -c 2 /dev/full | od -An -tx1; /bin/echo x > /dev/full",
            {.sandbox = {"--landlock", use}});
        EXPECT_EQ(result.out, " 00 00 00 00\n16\n16\n 00 00\n") << result;
        EXPECT_TRUE(contains(result.err, "No space left on device")) << result;
    }
}

TEST_F(ViewDevices, StreamsByName) {
    for (const char* use : {"auto", "none"}) {
        const RunOptions options{.sandbox = {"--landlock", use}, .input = "input\n"};
        const Result result = inside_shell(
            "cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr; echo three | tee /dev/stderr; echo fd > "
            "/dev/fd/1",
            options);
        EXPECT_EQ(result.out, "input\nout\nthree\nfd\n") << result;
        EXPECT_EQ(result.err, "err\nthree\n") << result;
    }
}

TEST_F(ViewDevices, NothingCanBeAddedOrRemoved) {
    for (const char* use : {"auto", "none"}) {
        for (const char* command : {"touch /dev/x", "mkdir /dev/x", "rm /dev/null", "mv /dev/null /dev/zero",
                                    "ln -sf /etc/passwd /dev/stdin", "mknod /dev/disk b 254 0", "chmod 0777 /dev"}) {
            EXPECT_NE(inside_shell(command, {.sandbox = {"--landlock", use}}).exit_status, 0) << command << use;
        }
    }
}

TEST_F(ViewDevices, APseudoTerminalOfItsOwn) {
    for (const char* use : {"auto", "none"}) {
        const RunOptions options{.sandbox = {"--landlock", use}};
        const Result before = inside({"ls", "-A", "/dev/pts"}, options);
        EXPECT_EQ(before.out, "ptmx\n") << "those of the host are not there";
        const Result result =
            inside({"script", "--quiet", "--return", "--command", "tty; ls /dev/pts; exit 7", "/dev/null"}, options);
        EXPECT_EQ(words_of(result.out), (std::vector<std::string>{"/dev/pts/0", "0", "ptmx"})) << result;
        EXPECT_EQ(result.exit_status, 7) << result;
    }
}

TEST_F(ViewDevices, SharedMemoryAndQueuesCanBeMade) {
    for (const char* use : {"auto", "none"}) {
        const Result result = inside_shell(
            "ls -A /dev/shm /dev/mqueue; stat -c %a /dev/shm /dev/mqueue; echo text > /dev/shm/x && cat /dev/shm/x && "
            "touch /dev/mqueue/q && ls /dev/mqueue",
            {.sandbox = {"--landlock", use}});
        EXPECT_EQ(result.out, "/dev/mqueue:\n\n/dev/shm:\n1777\n1777\ntext\nq\n") << result;
    }
}

// A device of the host that is shown by mistake is only a name.
TEST_F(ViewDevices, DevicesShownElsewhereCannotBeOpened) {
    for (const char* option : {"--ro", "--rw"}) {
        const Result result = inside_shell("head -c 1 /srv/devices/zero", {.sandbox = {option, "/dev:/srv/devices"}});
        EXPECT_NE(result.exit_status, 0) << result;
        EXPECT_TRUE(contains(result.err, "Permission denied")) << result;
    }
}

}  // namespace
}  // namespace sandbox_test
