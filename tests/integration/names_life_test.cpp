// sandbox stop, wait and --detach: how sandboxes with a name begin and end.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "support/named.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class NamesLife : public NamesTest {
  protected:
    [[nodiscard]] std::string log() const { return directory() / "log"; }
    /// Waits until the launcher has ended, which it does after what it started: until then it has the name. It is a
    /// child of this process then, which is the subreaper.
    void await_end_of_launcher(const std::string& name) const {
        const std::string entry = read_file(registry() + "/" + name);
        const std::string launcher = "\"launcher\":{\"pid\":";
        const std::size_t at = entry.find(launcher);
        ASSERT_NE(at, std::string::npos) << entry;
        EXPECT_TRUE(await_state(std::atoi(entry.c_str() + at + launcher.size()), "Z"));
    }
    Result detach(const std::string& script, std::vector<std::string> options = {}) {
        options.insert(options.begin(), {"--detach", "--log", log()});
        return inside_shell(script, {.sandbox = options});
    }
};

TEST_F(NamesLife, StopEndsWithTerm) {
    Running web = start_named("web", "exec sleep 1000");
    EXPECT_EQ(sandbox({"stop", "web"}).exit_status, 0);
    EXPECT_TRUE(entries().empty());
    EXPECT_EQ(web.wait().exit_status, 143);
    Running handler = start_named("web", "trap 'echo got; exit 4' TERM; echo trap; while :; do sleep 1; done");
    handler.expect("trap\n");
    EXPECT_EQ(sandbox({"stop", "web"}).exit_status, 0);
    const Result result = handler.wait();
    EXPECT_EQ(result.exit_status, 4) << result;
    EXPECT_TRUE(contains(result.out, "got")) << result;
    EXPECT_EQ(sandbox({"stop", "web"}).exit_status, 1);
}

// The launcher may be on its way out yet when its sandbox is gone.
TEST_F(NamesLife, TheNameOfAStoppedOneIsFree) {
    for (int round = 0; round < 25; ++round) {
        const Result started = detach("exec sleep 1000", {"--name", "web"});
        ASSERT_EQ(started.exit_status, 0) << "round " << round << ": " << started;
        ASSERT_EQ(sandbox({"stop", "web"}).exit_status, 0);
        std::filesystem::remove(log());
        const Running next = start_named("web");
        ASSERT_EQ(sandbox({"stop", "web"}).exit_status, 0);
        ASSERT_TRUE(entries().empty()) << "round " << round;
    }
}

TEST_F(NamesLife, StopKillsWhatDoesNotEnd) {
    for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{{}, {"--init"}}) {
        Running web = start_named("web", "trap '' TERM; echo deaf; while :; do sleep 1000; done", options);
        web.expect("deaf\n");
        const pid_t command = static_cast<pid_t>(number_of("web", "pid"));
        EXPECT_EQ(sandbox({"stop", "--timeout", "0", "web"}).exit_status, 0);
        EXPECT_NE(kill(command, 0), 0);
        EXPECT_TRUE(entries().empty());
        EXPECT_EQ(web.wait().exit_status, 137);
    }
}

// A stopped launcher cannot act, nor say how it went.
TEST_F(NamesLife, StopNeedsNoLauncher) {
    Running web = start_named("web");
    const pid_t init = static_cast<pid_t>(number_of("web", "init"));
    web.send(SIGSTOP);
    ASSERT_TRUE(await_state(web.pid(), "T"));
    EXPECT_EQ(sandbox({"stop", "--timeout", "0", "web"}).exit_status, 0);
    EXPECT_TRUE(wait_until([&] { return kill(init, 0) != 0 || await_state(init, "Z"); }, "the end of init"));
    EXPECT_TRUE(listed().empty());
    web.send(SIGCONT);
    web.wait();
    EXPECT_TRUE(entries().empty());
}

TEST_F(NamesLife, SeveralAreStopped) {
    Running one = start_named("one");
    Running two = start_named("two");
    const Result result = sandbox({"stop", "one", "nope", "two"});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_EQ(result.err, "sandbox: no sandbox named nope runs; sandbox list shows those that do\n");
    EXPECT_TRUE(listed().empty());
    one.wait();
    two.wait();
    for (const char* bad : {"-1", "x", "2d"}) {
        EXPECT_EQ(sandbox({"stop", std::string("--timeout=") + bad, "one"}).exit_status, 125) << bad;
    }
}

TEST_F(NamesLife, WaitHasTheStatus) {
    Running web = start_inside({"sh", "-c", "echo running; read line; exit 6"},
                               {.sandbox = {"--name", "web"}, .input = "", .keep_input_open = true});
    web.expect("running\n");
    Running waiting({sandbox_binary(), "wait", "web"});
    // It waits: there is nothing yet that it could say.
    EXPECT_TRUE(await_state(waiting.pid(), "S"));
    web.write("line\n");
    EXPECT_EQ(web.wait().exit_status, 6);
    EXPECT_EQ(waiting.wait().exit_status, 6);
    EXPECT_EQ(sandbox({"wait", "web"}).exit_status, 1) << "one that was not detached is forgotten";
}

TEST_F(NamesLife, WaitSaysWhereTheStatusIsLost) {
    Running web = start_named("web");
    Running waiting({sandbox_binary(), "wait", "web"});
    EXPECT_TRUE(await_state(waiting.pid(), "S"));
    web.send(SIGKILL);
    web.wait();
    const Result result = waiting.wait();
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(contains(result.err, "cannot tell how web ended")) << result;
}

TEST_F(NamesLife, ADetachedOneRunsOn) {
    const Result started = detach("echo out; echo err >&2; cat; tty; exit 7", {"--name", "web"});
    EXPECT_EQ(started.exit_status, 0) << started;
    EXPECT_EQ(started.out, "web\n");
    EXPECT_EQ(sandbox({"wait", "web"}).exit_status, 7);
    EXPECT_EQ(read_file(log()), "out\nerr\nnot a tty\n");
    EXPECT_EQ(sandbox({"wait", "web"}).exit_status, 1) << "how it ended is told once";
    EXPECT_TRUE(entries().empty());
    struct stat entry {};
    ASSERT_EQ(stat(log().c_str(), &entry), 0);
    EXPECT_EQ(entry.st_mode & 0777U, 0600U);
}

// Who asks may meet its launcher anywhere on the way out, between the last word and the last moment.
TEST_F(NamesLife, OneThatEndsAtOnceIsNotMissed) {
    for (int round = 0; round < 50; ++round) {
        const Result started = detach("exit 7", {"--name", "web"});
        ASSERT_EQ(started.exit_status, 0) << started;
        const Result waited = sandbox({"wait", "web"});
        ASSERT_EQ(waited.exit_status, 7) << "round " << round << ": " << waited;
        std::filesystem::remove(log());
    }
}

TEST_F(NamesLife, ADetachedOneIsInNobodysWay) {
    const std::string name = trimmed(detach("exec sleep 1000").out);
    EXPECT_TRUE(name.starts_with("sandbox-")) << name;
    EXPECT_EQ(listed(), (std::vector<std::string>{name}));
    const std::string launcher = "/proc/" + std::to_string(number_of(name, "launcher"));
    EXPECT_EQ(std::filesystem::read_symlink(launcher + "/cwd"), "/");
    EXPECT_EQ(std::filesystem::read_symlink(launcher + "/fd/0"), "/dev/null");
    EXPECT_EQ(sandbox({"stop", name}).exit_status, 0);
    EXPECT_TRUE(listed().empty());
    EXPECT_EQ(sandbox({"wait", name}).exit_status, 143);
}

// run() waits for the end of the output: whoever holds a copy of it would keep it from ending.
TEST_F(NamesLife, ADetachedOneHoldsNothingOfTheCaller) {
    const Result result =
        run({"sh", "-c", sandbox_binary() + " --detach --name web -- sleep 1000 8>&1 9>&2; echo started"});
    EXPECT_EQ(result.out, "web\nstarted\n") << result;
    EXPECT_EQ(sandbox({"stop", "web"}).exit_status, 0);
}

TEST_F(NamesLife, HowADetachedOneEndedIsKept) {
    ASSERT_EQ(detach("exit 3", {"--name", "web"}).exit_status, 0);
    await_end_of_launcher("web");
    EXPECT_TRUE(listed().empty());
    EXPECT_EQ(entries(), (std::vector<std::string>{"web"}));
    // The name can be used again.
    ASSERT_EQ(detach("exit 4", {"--name", "web"}).exit_status, 0);
    EXPECT_EQ(sandbox({"wait", "web"}).exit_status, 4);
    ASSERT_EQ(detach("exit 5", {"--name", "web"}).exit_status, 0);
    EXPECT_TRUE(wait_until([&] { return listed().empty(); }, "the end"));
    EXPECT_EQ(sandbox({"gc"}).exit_status, 0);
    EXPECT_TRUE(wait_until([&] { return sandbox({"gc"}).exit_status == 0 && entries().empty(); }, "gc"));
}

TEST_F(NamesLife, AFailedStartIsToldToTheCaller) {
    const Result missing = inside({"/no/such"}, {.sandbox = {"--detach", "--log", log()}});
    EXPECT_EQ(missing.exit_status, 127) << missing;
    EXPECT_TRUE(missing.err.starts_with("sandbox: cannot execute /no/such: ")) << missing;
    EXPECT_EQ(missing.out, "");
    const Result source = inside({"true"}, {.sandbox = {"--detach", "--ro", "/no/such"}});
    EXPECT_EQ(source.exit_status, 125) << source;
    EXPECT_TRUE(source.err.starts_with("sandbox: --ro /no/such")) << source;
    for (const std::vector<std::string>& options :
         std::vector<std::vector<std::string>>{{"--detach", "--tty", "new"},
                                               {"--detach", "--die-with-parent"},
                                               {"--log", "x"},
                                               {"--detach", "--log", "/"},
                                               {"--detach", "--log", "/no/such/log"}}) {
        const Result result = inside({"true"}, {.sandbox = options});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(contains(result.err, "\n  fix: ")) << result;
    }
    EXPECT_TRUE(entries().empty());
}

TEST_F(NamesLife, StatusLinesOfADetachedOne) {
    const Result result = run({"sh", "-c",
                               sandbox_binary() + " --detach --name web --status-fd 5 -- sh -c 'exit 3' 5>" + log() +
                                   "; " + sandbox_binary() + " wait web"});
    EXPECT_EQ(result.exit_status, 3) << result;
    EXPECT_TRUE(
        wait_until([&] { return contains(read_file(log()), "{\"event\":\"ended\",\"exit\":3}\n"); }, "the end"));
}

}  // namespace
}  // namespace sandbox_test
