// The places that are the sandbox's own: /tmp, /var/tmp, /run, /dev/shm; and what is covered in /proc and /sys.
#include <unistd.h>

#include <filesystem>

#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using ViewPrivate = SandboxTest;
constexpr const char* places = "/tmp /var/tmp /run /dev/shm";

// The home is elsewhere: it would stand in one of them when the tests' does.
RunOptions options(const std::vector<std::string>& sandbox = {}) {
    return {.sandbox = sandbox, .set = {{"HOME", "/nonexistent"}}};
}

TEST_F(ViewPrivate, TheyAreEmpty) {
    ASSERT_NE(run({"ls", "-A", "/tmp"}).out, "") << "the directory of this test is there";
    EXPECT_EQ(inside_shell(std::string("for place in ") + places + "; do ls -A $place; done", options()).out, "");
}

TEST_F(ViewPrivate, WhatTheHostHasThereIsHidden) {
    const Result result = on_host_of_its_own(R"(
for place in /tmp /var/tmp /run /dev/shm; do mount -t tmpfs host $place; echo secret > $place/secret; done
mkdir -p /run/user/1000 /run/dbus; touch /run/docker.sock /run/dbus/system_bus_socket
export XDG_RUNTIME_DIR=/run/user/1000 HOME=/home
$SANDBOX -- find /tmp /var/tmp /run /dev/shm -mindepth 1
$SANDBOX -- cat /tmp/secret || echo hidden
)");
    EXPECT_EQ(result.out, "hidden\n") << result;
}

TEST_F(ViewPrivate, TheyCanBeWrittenAndNothingArrivesOutside) {
    const std::string name = "sandbox-test-" + std::to_string(getpid());
    for (const char* use : {"auto", "none"}) {
        const Result result = inside_shell(std::string("for place in ") + places + "; do echo text > $place/" + name +
                                               " && cat $place/" + name + " && mkdir $place/d && mv $place/" + name +
                                               " $place/d/x && rm -r $place/d; echo text > $place/" + name + "; done",
                                           options({"--landlock", use}));
        EXPECT_EQ(result.out, "text\ntext\ntext\ntext\n") << result;
    }
    for (const std::string& place : words_of(places)) {
        EXPECT_FALSE(std::filesystem::exists(place + "/" + name)) << place;
    }
}

TEST_F(ViewPrivate, TheirModes) {
    EXPECT_EQ(inside_shell(std::string("stat -c '%a %u' ") + places, options()).out, "1777 0\n1777 0\n755 0\n1777 0\n");
}

TEST_F(ViewPrivate, TheyAreLimitedTogetherToHalfOfTheMemory) {
    const Result result =
        inside_shell(std::string("stat -c %d ") + places + " | sort -u | wc -l; stat -f -c '%b %S' /tmp", options());
    const std::vector<std::string> words = words_of(result.out);
    ASSERT_EQ(words.size(), 3U) << result;
    EXPECT_EQ(words[0], "1") << "one file system";
    const long long memory = static_cast<long long>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
    const long long size = std::stoll(words[1]) * std::stoll(words[2]);
    EXPECT_GT(size, 0);
    EXPECT_LE(size, memory / 2);
}

TEST_F(ViewPrivate, TwoSandboxesDoNotMeet) {
    Running first = start_inside({"sh", "-c", "echo x > /tmp/x; echo up; read line"}, {.keep_input_open = true});
    first.expect("up");
    EXPECT_EQ(inside({"ls", "-A", "/tmp"}, options()).out, "");
    first.close_input();
    first.wait();
}

TEST_F(ViewPrivate, PartsOfRunThatAreTheSystemAreShown) {
    const Result result = on_host_of_its_own(R"(
mount -t tmpfs host /run
mkdir -p /run/secret /srv/store/system/bin /srv/store/driver
echo tool > /srv/store/system/bin/tool
ln -s /srv/store/system /run/current-system
ln -s /srv/store/system /run/booted-system
ln -s /srv/store/driver /run/opengl-driver
$SANDBOX -- sh -c 'ls -A /run; cat /run/current-system/bin/tool; touch /run/current-system/x || echo locked'
)");
    EXPECT_EQ(result.out, "booted-system\ncurrent-system\nopengl-driver\ntool\nlocked\n") << result;
}

TEST_F(ViewPrivate, KernelFilesAreMasked) {
    ASSERT_NE(run({"cat", "/proc/key-users"}).out, "") << "as a control";
    for (const std::vector<std::string>& more :
         {std::vector<std::string>{}, {"--landlock", "none"}, {"--net", "host"}, {"--init"}}) {
        for (const char* path :
             {"/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/timer_stats",
              "/proc/latency_stats", "/proc/sched_debug", "/proc/sysrq-trigger"}) {
            if (!std::filesystem::exists(path)) {
                continue;
            }
            const Result result = inside_shell(std::string("head -c 1 ") + path + "; echo x > " + path, options(more));
            EXPECT_EQ(result.out, "") << path;
            EXPECT_NE(result.exit_status, 0) << path;
        }
        for (const char* path : {"/proc/acpi", "/proc/scsi", "/sys/firmware"}) {
            if (std::filesystem::exists(path)) {
                const Result result = inside_shell(std::string("ls -A ") + path, options(more));
                EXPECT_EQ(result.out, "") << path;
                EXPECT_EQ(result.exit_status, 0) << result;
            }
        }
    }
}

TEST_F(ViewPrivate, ProcIsOtherwiseAsUsual) {
    const Result result = inside_shell(
        "grep -c ^processor /proc/cpuinfo; cat /proc/self/comm; ls -d /proc/sys/kernel /proc/self/fd; echo 500 > "
        "/proc/self/oom_score_adj && cat /proc/self/oom_score_adj");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_TRUE(result.out.ends_with("cat\n/proc/self/fd\n/proc/sys/kernel\n500\n")) << result;
}

TEST_F(ViewPrivate, SysIsThereAndReadOnly) {
    for (const char* use : {"auto", "none"}) {
        const Result result =
            inside_shell("ls -d /sys/kernel /sys/class; find /sys -writable | head; mkdir /sys/fs/cgroup/x",
                         options({"--landlock", use}));
        EXPECT_EQ(result.out, "/sys/class\n/sys/kernel\n") << result;
        EXPECT_NE(result.exit_status, 0) << result;
    }
}

}  // namespace
}  // namespace sandbox_test
