// --map-users and --map-groups: whole users inside, and what of them is seen on the host.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/ids.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using Words = std::vector<std::string>;

class IdentityRanges : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        require_id_ranges();
    }

    static Words with_ranges(const Words& more = {}) {
        Words options = range_options();
        options.insert(options.end(), more.begin(), more.end());
        return options;
    }
};

struct stat entry_of(const std::string& path) {
    struct stat entry {};
    EXPECT_EQ(lstat(path.c_str(), &entry), 0) << path;
    return entry;
}

TEST_F(IdentityRanges, TheCommandIsRootAmongOthers) {
    const Result result = inside_shell("id -u; id -g; id -G; cat /proc/self/uid_map; cat /proc/self/setgroups",
                                       {.sandbox = with_ranges()});
    EXPECT_EQ(result.err, "");
    const std::vector<std::string> lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), 6U) << result;
    EXPECT_EQ(lines[0] + lines[1] + lines[2], "000") << "the supplementary groups are dropped";
    EXPECT_EQ(words_of(lines[3]), (Words{"0", "0", "1"}));
    EXPECT_EQ(words_of(lines[4])[0], "1");
    EXPECT_GE(std::stoul(words_of(lines[4])[2]), 59999U);
    EXPECT_EQ(lines[5], "allow");
}

// The guest's namespace mirrors the extents of the one around it.
TEST_F(IdentityRanges, TheMapsReadFromOutside) {
    Running running =
        start_inside({"sh", "-c", "echo up; read line"}, {.sandbox = with_ranges(), .keep_input_open = true});
    running.expect("up");
    for (const ProcessState& process : descendants_of(running.pid())) {
        const std::vector<std::string> map = lines_of(read_file("/proc/" + std::to_string(process.pid) + "/uid_map"));
        ASSERT_EQ(map.size(), 2U);
        EXPECT_EQ(words_of(map[0]), (Words{"0", std::to_string(geteuid()), "1"}));
        EXPECT_EQ(words_of(map[1])[1], std::to_string(first_subordinate()));
    }
    running.close_input();
    running.wait();
}

TEST_F(IdentityRanges, OwnersReachTheHostAsSubordinateIds) {
    const Words options = with_ranges({"--rw", directory().path()});
    const std::string script =
        "cd \"$1\" && touch mine && touch theirs && chown 1000:1001 theirs && "
        "mkdir -m 700 closed && touch closed/x && chown -R 5:5 closed && "
        "stat -c %u:%g mine theirs";
    const Result result = inside({"sh", "-c", script, "sh", directory().path()}, {.sandbox = options});
    EXPECT_EQ(result.out, "0:0\n1000:1001\n") << result;
    EXPECT_EQ(entry_of(directory() / "mine").st_uid, geteuid());
    EXPECT_EQ(entry_of(directory() / "theirs").st_uid, first_subordinate() + 999);
    EXPECT_EQ(entry_of(directory() / "closed").st_uid, first_subordinate() + 4);
    // As the manual has it: what belongs to them, only they remove.
    const Result removed = inside({"rm", "-r", directory() / "theirs", directory() / "closed"}, {.sandbox = options});
    EXPECT_EQ(removed.exit_status, 0) << removed;
    EXPECT_FALSE(std::filesystem::exists(directory() / "closed"));
}

TEST_F(IdentityRanges, RootInsideBecomesOthers) {
    const Result result =
        inside_shell("setpriv --reuid 33 --regid 33 --groups 44,45 id; setpriv --reuid 70000 id; echo $?",
                     {.sandbox = with_ranges()});
    EXPECT_TRUE(contains(result.out, "uid=33")) << result;
    EXPECT_TRUE(contains(result.out, "44")) << result;
    EXPECT_TRUE(result.out.ends_with("127\n") || result.out.ends_with("1\n")) << "70000 is not mapped: " << result;
    EXPECT_FALSE(contains(result.out, "uid=70000"));
}

// More ids are no more power over what is not the guest's.
TEST_F(IdentityRanges, NothingElseIsOpened) {
    for (const char* command :
         {"mount -t tmpfs none /tmp", "umount /tmp", "unshare -U true", "unshare -m true", "ip link add x type dummy",
          "sh -c 'echo x > /proc/sys/kernel/core_pattern'", "sh -c 'echo x > /etc/passwd'", "cat /etc/shadow"}) {
        const Result result = inside_shell(command, {.sandbox = with_ranges()});
        EXPECT_NE(result.exit_status, 0) << command;
    }
}

TEST_F(IdentityRanges, AnUnmappedCallerLeavesRootToOthers) {
    const std::string subordinate = std::to_string(first_subordinate());
    const Words options = {"--map-users", "0:" + subordinate + ":1000", "--rw", directory().path()};
    const Result result =
        inside_shell("id -u; touch ~/x && stat -c %u ~/x ~; touch " + directory().path() + "/x", {.sandbox = options});
    EXPECT_TRUE(result.out.starts_with("0\n0\n0\n")) << result;
    if (geteuid() != 0) {
        EXPECT_TRUE(contains(result.err, "Permission denied")) << "the directory is the caller's: " << result;
    }
}

TEST_F(IdentityRanges, KilledWithTheLauncher) {
    {
        Running running =
            start_inside({"sh", "-c", "setpriv --reuid 9 sleep 1000 & echo up; wait"}, {.sandbox = with_ranges()});
        running.expect("up");
        running.send(SIGKILL);
        running.wait();
    }
    expect_nothing_left();
}

TEST_F(IdentityRanges, SignalsReachAnotherUser) {
    Words options = with_ranges({"--user", "9:9"});
    Running running = start_inside({"sh", "-c", "trap 'echo got; exit 7' TERM; echo up; while :; do read line; done"},
                                   {.sandbox = options, .keep_input_open = true});
    running.expect("up");
    running.send(SIGTERM);
    running.expect("got");
    EXPECT_EQ(running.wait().exit_status, 7);
    Running sleeping = start_inside({"sh", "-c", "echo up; exec sleep 1000"}, {.sandbox = options});
    sleeping.expect("up");
    sleeping.send(SIGTERM);
    EXPECT_EQ(sleeping.wait().exit_status, 143) << "what is left at its default is emulated";
}

// It may be that nobody can say how the helpers ended.
TEST_F(IdentityRanges, ACallerWhoIgnoresItsChildren) {
    const Result result =
        inside({"id", "-u"}, {.sandbox = with_ranges(), .before_exec = [] { signal(SIGCHLD, SIG_IGN); }});
    EXPECT_EQ(result.out, "0\n") << result;
}

// From here on: the helper programs. Root needs none.
class IdentityHelpers : public IdentityRanges {
  protected:
    void fake(const std::string& name, const std::string& script) {
        write_file(directory() / name, "#!/bin/sh\n" + script + "\n");
        chmod((directory() / name).c_str(), 0755);
    }
    /// Starts with a PATH that begins with the fakes. Who needs a helper must be refused with words that begin so.
    void expect_refusal(const std::string& words, const std::string& more_path = ":/usr/bin:/bin",
                        const Words& options = with_ranges()) {
        const Result result =
            inside({"/usr/bin/id", "-u"}, {.sandbox = options, .set = {{"PATH", directory().path() + more_path}}});
        if (geteuid() == 0) {
            EXPECT_EQ(result.out, "0\n") << result;
            return;
        }
        EXPECT_EQ(result.exit_status, 125);
        EXPECT_TRUE(result.err.starts_with("sandbox: cannot map the " + words)) << result;
    }
};

TEST_F(IdentityHelpers, AMissingOne) {
    expect_refusal(
        "user ids: newuidmap, which maps ids that are not the caller's own, is not in PATH\n"
        "  step: 0 uid_map: ENOENT (No such file or directory)\n"
        "  fix: install it (Debian and Ubuntu: apt-get install uidmap; Fedora: shadow-utils)\n",
        "");
}

TEST_F(IdentityHelpers, OneThatRefuses) {
    fake("newuidmap", "echo 'newuidmap: write to uid_map failed: not today' >&2; exit 1");
    expect_refusal("user ids: newuidmap: write to uid_map failed: not today\n");
}

TEST_F(IdentityHelpers, OneThatSaysNothingAndDoesNothing) {
    fake("newgidmap", "exit 0");
    expect_refusal("group ids: newgidmap: it did not, and does not say why\n");
}

// What getsubids says is believed, but not by newuidmap, who decides.
TEST_F(IdentityHelpers, WhatGetsubidsSaysIsAskedFor) {
    fake("getsubids", "echo '0: someone 5 10'");
    expect_refusal("user ids: newuidmap: uid range", ":/usr/bin:/bin", {"--map-users", "0:5:10"});
}

// Root asks getsubids, too.
TEST_F(IdentityHelpers, TheyInheritNothing) {
    fake("getsubids", "env > \"${0%/*}/env\"; ls /proc/self/fd > \"${0%/*}/descriptors\"; exit 1");
    const sandbox::sys::UniqueFd open_file(open("/dev/null", O_RDONLY | O_CLOEXEC));
    RunOptions options{.sandbox = with_ranges(), .descriptors = {{77, open_file.get()}}};
    options.set = {{"SECRET", "x"}, {"PATH", directory().path() + ":/usr/bin:/bin"}};
    inside({"/usr/bin/id"}, options);
    const std::string variables = read_file(directory() / "env");
    EXPECT_TRUE(contains(variables, "PATH=")) << variables;
    EXPECT_FALSE(contains(variables, "SECRET")) << variables;
    EXPECT_FALSE(contains(variables, "HOME")) << variables;
    // Beside 0, 1 and 2 the one that ls reads the directory by.
    EXPECT_EQ(read_file(directory() / "descriptors"), "0\n1\n2\n3\n");
}

}  // namespace
}  // namespace sandbox_test
