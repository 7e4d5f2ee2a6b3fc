// Landlock's scopes and its right to control devices, each with what happens without it as a control.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using ConfinementLandlock = SandboxTest;

// What happens to them is held by walkthrough_ipc.
TEST_F(ConfinementLandlock, ExplainSaysWhereAbstractSocketsOfTheHostAreOpen) {
    const char* note = "abstract unix sockets of the host can be connected to";
    const auto explain = [](std::vector<std::string> options) {
        options.emplace_back("--explain");
        return inside({"true"}, {.sandbox = options}).out;
    };
    EXPECT_EQ(contains(explain({"--net", "host"}), note), landlock_abi() < 6);
    EXPECT_TRUE(contains(explain({"--net", "host", "--landlock", "none"}), note));
    EXPECT_FALSE(contains(explain({"--landlock", "none"}), note));
}

/// A process of the host and of the same user.
Running start_victim() {
    Running victim(std::vector<std::string>{probe("signals"), "ignore", "10"}, {.keep_input_open = true});
    victim.expect("ready\n");
    return victim;
}

TEST_F(ConfinementLandlock, SignalsToProcessesOfTheHost) {
    for (const bool guarded : {false, true}) {
        if (guarded && landlock_abi() < 6) {
            continue;
        }
        Running victim = start_victim();
        const Result result =
            inside({"kill", "-9", std::to_string(victim.pid())},
                   {.sandbox = {"--share", "pid", "--map-users", "real", "--landlock", guarded ? "auto" : "none"}});
        if (guarded) {
            EXPECT_NE(result.exit_status, 0) << result;
            victim.write("alive\n");
            victim.expect("line\n");
            victim.close_input();
            EXPECT_EQ(victim.wait().exit_status, 43);
        } else {
            EXPECT_EQ(result.exit_status, 0) << result;
            EXPECT_EQ(victim.wait().signal, SIGKILL) << "as a control";
        }
    }
}

// The command's own processes can signal each other all the same, and be ended from outside.
TEST_F(ConfinementLandlock, SignalsInside) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}, {"--share", "pid"}}) {
        const Result result = inside_shell("sleep 100 & kill $! && wait $!; echo $?", {.sandbox = options});
        EXPECT_EQ(result.out, "143\n") << result;
        Running running = start_inside({"sleep", "100"}, {.sandbox = options});
        ASSERT_GT(await_descendant(running.pid(), "sleep").pid, 0);
        running.send(SIGTERM);
        EXPECT_EQ(running.wait().exit_status, 143);
    }
}

TEST_F(ConfinementLandlock, RenamesBetweenTwoWritableDirectoriesOfOneMount) {
    for (const char* name : {"a", "b", "c"}) {
        ASSERT_EQ(mkdir((directory() / name).c_str(), 0755), 0);
    }
    write_file(directory() / "a/file", "text\n");
    // rename(2) itself, where mv(1) would copy: perl's says what the kernel said.
    const Result result =
        inside_shell("perl -e 'rename(\"/mnt/a/file\", \"/mnt/b/file\") or die $!'",
                     {.sandbox = {"--rw", directory().path() + ":/mnt", "--rw", directory() / "a:/opt"}});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(read_file(directory() / "b/file"), "text\n");
    // Between mounts the kernel says EXDEV, with Landlock or without, and mv(1) copies.
    const Result between =
        inside_shell("mv /srv/b/file /srv/c/ && cat /srv/c/file",
                     {.sandbox = {"--rw", directory() / "b:/srv/b", "--rw", directory() / "c:/srv/c"}});
    EXPECT_EQ(between.out, "text\n") << between;
    EXPECT_EQ(access((directory() / "b/file").c_str(), F_OK), -1);
}

// What can be opened as a device inside can be controlled: the sandbox's own, and the terminal.
TEST_F(ConfinementLandlock, DevicesOfTheSandboxCanBeControlled) {
    for (const char* use : {"auto", "none"}) {
        const Result result = inside_shell(
            "perl -e 'open(F, \"+<\", \"/dev/ptmx\") or die; my $n = pack(\"i\", 0);"
            "ioctl(F, 0x80045430, $n) or die \"ioctl: $!\"; print unpack(\"i\", $n), \"\\n\"'",
            {.sandbox = {"--landlock", use}});
        EXPECT_EQ(result.out, "0\n") << use << result;
    }
}

}  // namespace
}  // namespace sandbox_test
