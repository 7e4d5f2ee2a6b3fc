// --explain and --verbose: what a run would do, and what it did.
#include <filesystem>

#include "support/namespaces.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using MessagesExplain = SandboxTest;
using MessagesVerbose = SandboxTest;

TEST_F(MessagesExplain, NothingIsRun) {
    const Result result =
        inside_shell("touch ran", {.sandbox = {"--rw", ".", "--explain"}, .directory = directory().path()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.err, "");
    EXPECT_TRUE(std::filesystem::is_empty(directory().path()));
    EXPECT_EQ(inside({"no-such-command"}, {.sandbox = {"--explain"}}).exit_status, 0);
}

TEST_F(MessagesExplain, EveryPartOfThePlanIsThere) {
    const Result explained = inside({"make"}, {.sandbox = {"--explain", "--map-users", "real", "--rw", ".:/workspace",
                                                           "--tmpfs", "/scratch:size=1M", "--env", "TOKEN"},
                                               .set = {{"TOKEN", "secret value"}, {"OTHER_SECRET", "secret too"}},
                                               .directory = directory().path()});
    ASSERT_EQ(explained.exit_status, 0) << explained;
    for (const std::string part :
         {"new: mnt pid uts ipc net cgroup user", "the host's: time", "setup uid_map: 0 ", "guest uid_map: 0 0 ",
          "setup setgroups: ", "max_user_namespaces", "max_net_namespaces", "/workspace", "/scratch", "pivot-root",
          "hostname", "no-new-privs", "landlock", "seccomp", "withheld", "TOKEN", "make"}) {
        EXPECT_TRUE(contains(explained.out, part)) << part << explained;
    }
    EXPECT_FALSE(contains(explained.out, "secret value")) << "names, not values";
    EXPECT_FALSE(contains(explained.out, "OTHER_SECRET"));
}

TEST_F(MessagesExplain, TheMountsAreInTheirOrder) {
    const Result result = inside({"true"}, {.sandbox = {"--explain", "--tmpfs", "/one", "--ro", "/etc:/two", "--tmpfs",
                                                        "/three", "--rw", "/etc:/four"}});
    std::size_t at = 0;
    for (const std::string target : {" /proc", " /dev", " /tmp", " /one", " /two", " /three", " /four", "pivot-root"}) {
        const std::size_t found = result.out.find(target, at);
        EXPECT_NE(found, std::string::npos) << target << result;
        at = found == std::string::npos ? at : found;
    }
}

TEST_F(MessagesExplain, WhatIsSharedOrHandedOverIsNamed) {
    const Result result =
        inside({"true"}, {.sandbox = {"--explain", "--share", "ipc", "--net", "host", "--allow-namespaces", "user"}});
    EXPECT_TRUE(contains(result.out, "the host's: ipc net time")) << result;
    EXPECT_TRUE(contains(result.out, "more may be made of: user")) << result;
}

TEST_F(MessagesExplain, AMistakeIsStillOne) {
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--explain", "--ro", "/no/such"}}).exit_status, 125);
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--explain", "--uid", "x"}}).exit_status, 125);
}

TEST_F(MessagesVerbose, GoesToStderrAndTheOutputStaysClean) {
    const Result result = inside({"echo", "out"}, {.sandbox = {"--verbose"}});
    EXPECT_EQ(result.exit_status, 0);
    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(inside({"echo", "out"}).err, "") << "and without it there is silence";
}

TEST_F(MessagesVerbose, EveryStepWithItsTime) {
    const Result explained = inside({"true"}, {.sandbox = {"--explain"}});
    const Result verbose = inside({"true"}, {.sandbox = {"--verbose"}});
    // Of each a line that begins with its number; --explain also has the last, the exec, which has no time yet.
    std::vector<std::string> planned;
    std::vector<std::string> done;
    const auto collect = [](const std::string& text, std::size_t name_at, std::vector<std::string>& into) {
        for (const std::string& line : lines_of(text)) {
            const std::vector<std::string> words = words_of(line);
            if (words.size() > name_at && words[0] == std::to_string(into.size() + 1)) {
                into.push_back(words[name_at]);
            }
        }
    };
    collect(explained.out, 1, planned);
    collect(verbose.err, 2, done);
    ASSERT_GT(planned.size(), 50U) << explained;
    ASSERT_EQ(planned.back(), "exec");
    if (done.back() != "exec") {
        planned.pop_back();
    }
    EXPECT_EQ(done, planned) << verbose;
}

TEST_F(MessagesVerbose, TheTableOfNamespaces) {
    const Result result =
        inside_shell("cd /proc/self/ns && for kind in mnt pid uts ipc net cgroup user time; do readlink $kind; done",
                     {.sandbox = {"--verbose", "--share", "ipc"}});
    const Namespaces outside = namespaces_of();
    const auto number = [](const std::string& link) {
        return link.substr(link.find('[') + 1, link.find(']') - link.find('[') - 1);
    };
    for (const std::string& link : lines_of(result.out)) {
        const std::string kind = link.substr(0, link.find(':'));
        const std::string state = link == outside.at(kind) ? "shared" : "new";
        const std::vector<std::string> row = words_of(line_starting(result.err, kind + " "));
        EXPECT_EQ(row, (std::vector<std::string>{kind, number(link), number(outside.at(kind)), state})) << result;
    }
    EXPECT_EQ(lines_of(result.out).size(), 8U);
}

TEST_F(MessagesVerbose, AlsoWhenTheCommandFails) {
    const Result result = inside_shell("exit 3", {.sandbox = {"--verbose"}});
    EXPECT_EQ(result.exit_status, 3);
    EXPECT_TRUE(contains(result.err, "pivot-root")) << result;
}

}  // namespace
}  // namespace sandbox_test
