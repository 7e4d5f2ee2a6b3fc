// --user: who the command is, by the files of the inside.
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/ids.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using Words = std::vector<std::string>;

using IdentityUser = SandboxTest;

class IdentityUserOfRanges : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        require_id_ranges();
    }

    static Words with_ranges(const Words& more) {
        Words options = range_options();
        options.insert(options.end(), more.begin(), more.end());
        return options;
    }
};

TEST_F(IdentityUser, WithoutRangesTheCallerUnderAnotherNumber) {
    const Result result = inside_shell("id -u; id -g; id -un; touch /tmp/x && stat -c %u:%g /tmp/x",
                                       {.sandbox = {"--user", "daemon:4321"}});
    EXPECT_EQ(result.out, "1\n4321\ndaemon\n1:4321\n") << result;
    EXPECT_EQ(inside({"id", "-u"}, {.sandbox = {"--user", "4294967294:4294967294"}}).out, "4294967294\n");
}

TEST_F(IdentityUser, NeitherNumberNorName) {
    const Result result = inside({"true"}, {.sandbox = {"--user", "no-such-user"}});
    EXPECT_EQ(result.exit_status, 125);
    EXPECT_EQ(result.err,
              "sandbox: --user no-such-user: /etc/passwd inside has no user no-such-user\n"
              "  fix: a user that it has, or a number: --user 1000:1000\n");
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--user", "1", "--uid", "1"}}).exit_status, 125);
}

// The tree has files of its own for names, and they count.
TEST_F(IdentityUser, AUserOfTheTree) {
    const std::string tree = directory() / "tree";
    for (const char* name : {"bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"}) {
        std::filesystem::create_directories(tree + "/" + name);
    }
    write_file(tree + "/etc/passwd", "root:x:0:0::/root:/bin/sh\nguest:x:1234:77::/home/guest:/bin/sh\n");
    write_file(tree + "/etc/group", "crew:x:77:\nmore:x:78:guest\n");
    Words options = {"--root", tree,   "--ro", "/usr", "--ro",   "/lib64",
                     "--ro",   "/lib", "--ro", "/bin", "--user", "guest"};
    Result result = inside_shell("id -u; id -g; echo $HOME $USER; touch ~/x && echo made", {.sandbox = options});
    EXPECT_EQ(result.out, "1234\n77\n/home/guest guest\nmade\n") << result;
    if (!may_map_ids()) {
        return;
    }
    const Words ranges = range_options();
    options.insert(options.end(), ranges.begin(), ranges.end());
    result =
        inside_shell("id -u; id -g; id -G; echo $HOME $USER; touch ~/x && stat -c %u:%g ~/x ~", {.sandbox = options});
    EXPECT_EQ(result.out, "1234\n77\n77 78\n/home/guest guest\n1234:77\n1234:77\n") << result;
}

TEST_F(IdentityUserOfRanges, HasNoCapabilities) {
    const Result result = inside_shell(
        "id -u; id -g; grep Cap /proc/self/status; grep NoNewPrivs /proc/self/status; echo x > ~/x; chown 0 ~/x || "
        "echo "
        "refused; cat ~/x; kill -0 1 && echo own",
        {.sandbox = with_ranges({"--user", "1000:1000"})});
    EXPECT_TRUE(
        result.out.starts_with("1000\n1000\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
                               "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
                               "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n"))
        << result;
    EXPECT_TRUE(contains(result.out, "refused\nx\nown\n")) << result;
}

TEST_F(IdentityUserOfRanges, HasWhatIsMadeForIt) {
    const std::string script = "touch /mnt/x && stat -c %u:%g /mnt /mnt/x";
    Result result = inside_shell(script, {.sandbox = with_ranges({"--user", "7:8", "--tmpfs", "/mnt"})});
    EXPECT_EQ(result.out, "7:8\n7:8\n") << result;
    const std::string id = std::to_string(first_subordinate());
    result = inside_shell(script + "; touch /run/x && echo made",
                          {.sandbox = {"--map-users", "0:" + id + ":10", "--tmpfs", "/mnt"}});
    EXPECT_EQ(result.out, "0:0\n0:0\nmade\n") << "root of the inside, who is not the caller: " << result;
}

// A tree of a stranger's does not choose where the home is made.
TEST_F(IdentityUser, AHomeThatIsALink) {
    const std::string tree = directory() / "tree";
    for (const char* name : {"bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"}) {
        std::filesystem::create_directories(tree + "/" + name);
    }
    write_file(tree + "/etc/passwd", "guest:x:1234:77::/home/guest:/bin/sh\n");
    std::filesystem::create_symlink("/proc", tree + "/home/guest");
    const Result result = inside_shell("touch /proc/x; touch /root/x && echo made",
                                       {.sandbox = {"--root", tree, "--ro", "/usr", "--ro", "/lib64", "--ro", "/lib",
                                                    "--ro", "/bin", "--user", "guest"}});
    EXPECT_EQ(result.out, "made\n") << result;
    EXPECT_TRUE(contains(result.err, "/proc/x")) << result;
}

TEST_F(IdentityUserOfRanges, InAllTheOtherWays) {
    for (const Words& more :
         {Words{"--init"}, Words{"--strict"}, Words{"--net", "host"}, Words{"--share", "pid"}, Words{"--only", "pid"},
          Words{"--landlock", "none"}, Words{"--seccomp", "none"}, Words{"--seccomp", "strict"}, Words{"--home", "rw"},
          Words{"--cwd", "/tmp"}, Words{"--new-session"}}) {
        Words options = with_ranges({"--user", "7:8"});
        options.insert(options.end(), more.begin(), more.end());
        const Result result = inside({"sh", "-c", "id -u; id -g; id -G"}, {.sandbox = options});
        EXPECT_EQ(result.out, "7\n8\n8\n") << more.front() << result;
    }
}

}  // namespace
}  // namespace sandbox_test
