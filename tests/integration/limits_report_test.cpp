// --report, --report-fd, --summary: what they say, when they are written, and that nobody inside can write them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sandbox/sandbox.hpp>

#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "json/json.hpp"
#include "support/named.hpp"
#include "support/sandbox_test.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using sandbox::json::Json;
using Words = std::vector<std::string>;

class LimitsReport : public NamesTest {
  protected:
    [[nodiscard]] std::string place() const { return directory() / "report.json"; }
    [[nodiscard]] Words reported(Words options = {}) const {
        options.insert(options.end(), {"--report", place()});
        return options;
    }
    [[nodiscard]] Json report() const { return sandbox::json::parse_json(read_file(place())); }
    [[nodiscard]] std::string reason() const { return text(report(), "reason"); }

    static std::string text(const Json& object, const std::string& key) {
        const Json* const value = object.find(key);
        return value == nullptr ? "null" : value->text;
    }
    static long number(const Json& object, const std::string& key) {
        const Json* const value = object.find(key);
        return value == nullptr || value->kind != Json::Kind::number ? -1 : static_cast<long>(value->number);
    }
    static long number(const Json& object, const std::string& outer, const std::string& key) {
        const Json* const value = object.find(outer);
        return value == nullptr ? -1 : number(*value, key);
    }
    /// What is in the directory of the test beside the report.
    [[nodiscard]] std::set<std::string> others(const std::string& place) const {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(place)) {
            names.insert(entry.path().filename());
        }
        return names;
    }
};

TEST_F(LimitsReport, TellsOfACommandThatExited) {
    const Result result = inside({"sh", "-c", "exit 3"}, {.sandbox = reported()});
    EXPECT_EQ(result.exit_status, 3) << result;
    EXPECT_EQ(result.out + result.err, "");
    const Json report = this->report();
    EXPECT_EQ(number(report, "version"), 1);
    EXPECT_EQ(text(report, "sandbox"), sandbox::version());
    EXPECT_EQ(report.find("command")->items.size(), 3U);
    EXPECT_EQ(report.find("command")->items[2].text, "exit 3");
    EXPECT_EQ(text(report, "reason"), "exited");
    EXPECT_EQ(number(report, "exit"), 3);
    EXPECT_EQ(number(report, "status"), 3);
    EXPECT_EQ(report.find("signal"), nullptr);
    EXPECT_EQ(report.find("failure"), nullptr);
    EXPECT_EQ(text(report, "start").size(), std::string("2026-11-29T06:50:22.123456Z").size());
    EXPECT_GT(number(report, "time", "wall_us"), 0);
    EXPECT_GT(number(report, "memory", "peak_bytes"), 0);
    EXPECT_EQ(report.find("limits")->items.size(), 0U);
    const Json* const setup = report.find("setup");
    ASSERT_NE(setup, nullptr);
    EXPECT_GT(number(*setup, "us"), 0);
    EXPECT_EQ(setup->find("phases")->items.size(), 5U);
}

TEST_F(LimitsReport, ThePageHasEveryKey) {
    (void)inside({"true"}, {.sandbox = reported()});
    const std::string page = read_file(given("SANDBOX_SOURCE_DIR") + "/man/sandbox-report.5");
    for (const std::string& key : report().keys) {
        EXPECT_NE(page.find(".It Li " + key + "\n"), std::string::npos) << key;
    }
}

TEST_F(LimitsReport, TellsOfEveryReason) {
    struct Case {
        std::string script;
        Words options;
        std::string reason;
        int exit;
    };
    const std::vector<Case> cases{
        {"kill -USR1 $$", {"--init"}, "signaled", 128 + SIGUSR1},
        {"sleep 1000", {"--timeout", "0.2s"}, "timeout", 124},
        {"trap 'exit 0' TERM; while :; do sleep 0.05; done", {"--timeout", "0.2s"}, "timeout", 124},
        {"while :; do :; done", {"--cpu-time", "0.2s"}, "cpu-time", 124},
        {"yes; sleep 1000", {"--max-output", "1K"}, "output", 128 + SIGKILL},
    };
    for (const Case& one : cases) {
        const Result result = inside_shell(one.script, {.sandbox = reported(one.options)});
        EXPECT_EQ(result.exit_status, one.exit) << one.reason;
        const Json report = this->report();
        EXPECT_EQ(text(report, "reason"), one.reason);
        EXPECT_EQ(number(report, "exit"), one.exit) << one.reason;
    }
}

TEST_F(LimitsReport, TellsWhyTheCommandDidNotComeToRun) {
    Result result = inside({"true"}, {.sandbox = reported({"--cwd", "/no/such/directory"})});
    EXPECT_EQ(result.exit_status, 125) << result;
    Json report = this->report();
    EXPECT_EQ(text(report, "reason"), "setup-failed");
    EXPECT_EQ(number(report, "exit"), 125);
    const Json* failure = report.find("failure");
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(text(*failure, "error"), "ENOENT");
    EXPECT_EQ(number(*failure, "errno"), 2);
    EXPECT_EQ(text(*failure->find("step"), "name"), "cwd");
    EXPECT_GT(number(*failure, "step", "index"), 0);
    EXPECT_NE(result.err.find(text(*failure, "message")), std::string::npos);

    result = inside({"true"}, {.sandbox = reported({"--ro", "/no/such/source"})});  // while it is planned
    report = this->report();
    EXPECT_EQ(text(report, "reason"), "setup-failed");
    EXPECT_EQ(report.find("failure")->find("step"), nullptr);

    EXPECT_EQ(inside({"no-such-command"}, {.sandbox = reported()}).exit_status, 127);
    report = this->report();
    EXPECT_EQ(text(report, "reason"), "setup-failed");
    EXPECT_EQ(number(report, "exit"), 127);
    EXPECT_EQ(text(*report.find("failure")->find("step"), "name"), "exec");
}

TEST_F(LimitsReport, TellsOfTheLimitsAndWhatHoldsThem) {
    (void)inside({"true"}, {.sandbox = reported({"--timeout", "10m", "--rlimit", "nofile=64:100", "--rlimit",
                                                 "cpu=unlimited", "--nice", "19", "--tmp-size", "8M", "--max-output",
                                                 "1M", "--oom-score", "1000"})});
    const Json report = this->report();
    const Json* const limits = report.find("limits");
    ASSERT_NE(limits, nullptr);
    EXPECT_EQ(number(*limits, "timeout", "us"), 600000000);
    EXPECT_EQ(limits->find("timeout")->find("held_by")->items[0].text, "launcher");
    EXPECT_EQ(number(*limits, "max-output", "bytes"), 1 << 20);
    EXPECT_EQ(number(*limits, "tmp-size", "bytes"), 8 << 20);
    EXPECT_EQ(number(*limits, "nice", "value"), 19);
    EXPECT_EQ(number(*limits, "oom-score", "value"), 1000);
    EXPECT_EQ(number(*limits->find("rlimit"), "nofile", "hard"), 100);
    EXPECT_EQ(limits->find("rlimit")->find("cpu")->find("soft"), nullptr);
    const std::string page = read_file(given("SANDBOX_SOURCE_DIR") + "/man/sandbox-report.5");
    for (const std::string& key : limits->keys) {
        EXPECT_NE(page.find(key), std::string::npos) << key;
    }
}

// What is killed with init is waited for by nobody.
TEST_F(LimitsReport, CountsTheTimeOfThoseThatALimitHasKilled) {
    for (const Words& more : {Words{}, Words{"--init"}, Words{"--share", "pid"}}) {
        for (const char* kill_after : {"0", "0.1s"}) {
            Words options{"--cpu-time", "0.4s", "--kill-after", kill_after};
            options.insert(options.end(), more.begin(), more.end());
            (void)inside_shell("trap '' TERM; (while :; do :; done) & while :; do :; done",
                               {.sandbox = reported(options)});
            const Json report = this->report();
            EXPECT_EQ(text(report, "reason"), "cpu-time");
            EXPECT_GE(number(report, "time", "user_us") + number(report, "time", "system_us"), 400000);
        }
    }
}

TEST_F(LimitsReport, CountsTheTimeAndMemoryOfThoseThatWereWaitedFor) {
    (void)inside_shell("sh -c 'ulimit -t 1; while :; do :; done'; dd if=/dev/zero of=/dev/null bs=64M count=1",
                       {.sandbox = reported()});
    const Json report = this->report();
    EXPECT_GE(number(report, "time", "user_us") + number(report, "time", "system_us"), 500000);
    EXPECT_GE(number(report, "memory", "peak_bytes"), 64 << 20);
    // There is a cgroup where the caller may make one, and memory is counted in it where that is handed on.
    const std::string source = text(*report.find("memory"), "source");
    EXPECT_TRUE(source == "max-rss" || (source == "cgroup" && text(*report.find("time"), "source") == "cgroup"))
        << source;
}

TEST_F(LimitsReport, IsWrittenWhenTheLauncherIsAskedToEnd) {
    Running running = start_inside({"sh", "-c", "echo on; exec sleep 1000"}, {.sandbox = reported()});
    running.expect("on");
    running.send(SIGTERM);
    EXPECT_EQ(running.wait().exit_status, 128 + SIGTERM);
    EXPECT_EQ(reason(), "signaled");
    EXPECT_EQ(number(report(), "signal"), SIGTERM);
}

TEST_F(LimitsReport, OneOfBeforeIsNotTakenForThisOne) {
    write_file(place(), "of before");
    Running running = start_inside({"sh", "-c", "echo on; exec sleep 1000"}, {.sandbox = reported()});
    running.expect("on");
    running.send(SIGKILL);
    (void)running.wait();
    EXPECT_FALSE(std::filesystem::exists(place()));
}

TEST_F(LimitsReport, ADetachedOneIsReportedFromWhereItWasStarted) {
    const std::string work = directory() / "work";
    ASSERT_TRUE(std::filesystem::create_directory(work));
    EXPECT_EQ(
        sandbox({"--detach", "--name", "apart", "--report", "r.json", "--", "sh", "-c", "exit 4"}, {.directory = work})
            .exit_status,
        0);
    EXPECT_EQ(sandbox({"wait", "apart"}).exit_status, 4);
    EXPECT_TRUE(wait_until([&] { return std::filesystem::exists(work + "/r.json"); }, "the report"));
    EXPECT_EQ(text(sandbox::json::parse_json(read_file(work + "/r.json")), "name"), "apart");
}

TEST_F(LimitsReport, APlaceThatCannotBeIsRefusedBeforeAnythingRuns) {
    const std::string outside = directory() / "outside";
    write_file(outside, "untouched");
    ASSERT_EQ(::symlink(outside.c_str(), (directory() / "link").c_str()), 0);
    ASSERT_EQ(::mkfifo((directory() / "fifo").c_str(), 0600), 0);
    ASSERT_EQ(::mkdir((directory() / "closed").c_str(), 0500), 0);
    for (const std::string& bad :
         {directory() / "link", directory() / "fifo", directory().path(), directory() / "no/r",
          std::string("/dev/null"), std::string("/proc/r"), std::string("r/"), std::string(".."), std::string("")}) {
        const Result result = inside({"echo", "ran"}, {.sandbox = {"--report", bad}});
        EXPECT_EQ(result.exit_status, 125) << bad << result;
        EXPECT_EQ(result.out, "") << bad;
        EXPECT_EQ(result.err.rfind("sandbox: --report ", 0), 0U) << result;
    }
    EXPECT_EQ(read_file(outside), "untouched");
}

TEST_F(LimitsReport, ADescriptorGetsTheSame) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    RunOptions options{.sandbox = {"--report-fd", "9"}};
    options.descriptors = {{9, ends[1]}};
    const Result result = inside_shell("ls /proc/self/fd; exit 5", options);
    EXPECT_EQ(result.exit_status, 5) << result;
    EXPECT_EQ(result.out.find('9'), std::string::npos) << result;
    ::close(ends[1]);
    std::string json(100000, '\0');
    const ssize_t got = ::read(ends[0], json.data(), json.size());
    ::close(ends[0]);
    ASSERT_GT(got, 0);
    json.resize(static_cast<std::size_t>(got));
    EXPECT_EQ(number(sandbox::json::parse_json(json), "exit"), 5);
}

TEST_F(LimitsReport, ADescriptorThatIsTheCommandsIsRefused) {
    const std::string shown = directory() / "shown";
    const std::string file = shown + "/file";
    ASSERT_TRUE(std::filesystem::create_directory(shown));
    write_file(file, "");
    const ::sandbox::sys::UniqueFd open_file(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    const auto with = [&](Words options) {
        RunOptions run{.sandbox = std::move(options)};
        run.descriptors = {{9, open_file.get()}};
        return inside({"true"}, run);
    };
    EXPECT_EQ(with({"--report-fd", "9"}).exit_status, 0);
    for (const Words& options :
         {Words{"--report-fd", "2"}, Words{"--report-fd", "8"}, Words{"--report-fd", "9", "--fd", "9"},
          Words{"--report-fd", "9", "--rw", shown}, Words{"--report-fd", "9", "--only", "net"}}) {
        const Result result = with(options);
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_NE(result.err.find("--report-fd"), std::string::npos) << result;
        EXPECT_EQ((result.out + result.err).find('{'), std::string::npos) << result;
    }
}

TEST_F(LimitsReport, TheSummaryIsOneLine) {
    const Result result = inside_shell("exit 3", {.sandbox = {"--summary"}});
    EXPECT_EQ(result.err.rfind("sandbox: exited with 3; ", 0), 0U) << result;
    for (const char* part : {" s real, ", " s user, ", " s system, ", " MiB peak\n"}) {
        EXPECT_NE(result.err.find(part), std::string::npos) << part << result;
    }
    const Result killed = inside({"sleep", "1000"}, {.sandbox = {"--summary", "--quiet", "--timeout", "0.2s"}});
    EXPECT_EQ(killed.err.rfind("sandbox: ended by --timeout; ", 0), 0U) << killed;
}

TEST_F(LimitsReport, ALibrarysCallerHasWhatWasUsed) {
    ::sandbox::Spec spec;
    spec.command = {"sh", "-c", "exit 0"};
    spec.report = place();
    ::sandbox::Process process = ::sandbox::launch(spec);
    EXPECT_EQ(process.wait().exit_status(), 0);
    EXPECT_GT(process.usage().wall.count(), 0);
    EXPECT_GT(process.usage().peak_memory, 0U);
    EXPECT_EQ(reason(), "exited");
    std::filesystem::remove(place());
    {
        spec.command = {"sleep", "1000"};
        const ::sandbox::Process dropped = ::sandbox::launch(spec);
    }
    EXPECT_EQ(reason(), "signaled");
}

// A12. The command has all of the directory that the report will be in.
TEST_F(LimitsReport, WhatTheCommandPutsInItsPlaceIsNotTheReport) {
    const std::string work = directory() / "work";
    const std::string outside = directory() / "outside";
    write_file(outside, "untouched");
    const std::string forged = "{\\\"reason\\\":\\\"forged\\\"}";
    const std::vector<std::string> attacks{
        "echo \"" + forged + "\" >r.json; chmod 0400 r.json",
        "ln -s " + outside + " r.json",
        "ln -s /etc/passwd r.json",
        "mkfifo r.json",
        "echo \"" + forged + "\" >other; ln other r.json",
        "(while :; do echo \"" + forged + "\" >x && mv x r.json; done) & sleep 0.2",
        "setsid sh -c 'while :; do echo \"" + forged + "\" >r.json; done' & sleep 0.2",
        "rm -rf ./* ./.[a-z]*",
        "for i in $(seq 100); do : >.r.json.$i; done; rm -f .r.json.*",
    };
    for (const std::string& attack : attacks) {
        ASSERT_TRUE(std::filesystem::create_directory(work));
        const Result result =
            inside_shell(attack + "; exit 7", {.sandbox = {"--rw", ".", "--report", "r.json"}, .directory = work});
        EXPECT_EQ(result.exit_status, 7) << attack << result;
        struct stat entry {};
        EXPECT_EQ(::lstat((work + "/r.json").c_str(), &entry), 0) << attack;
        EXPECT_TRUE(S_ISREG(entry.st_mode)) << attack;
        const Json found = sandbox::json::parse_json(read_file(work + "/r.json"));
        EXPECT_EQ(text(found, "reason"), "exited") << attack;
        EXPECT_EQ(number(found, "exit"), 7) << attack;
        EXPECT_EQ(read_file(outside), "untouched") << attack;
        std::filesystem::remove_all(work);
    }
}

TEST_F(LimitsReport, ADirectoryInItsPlaceIsAnErrorAndNothingElse) {
    const std::string work = directory() / "work";
    ASSERT_TRUE(std::filesystem::create_directory(work));
    const Result result =
        inside_shell("mkdir -p r.json/x", {.sandbox = {"--rw", ".", "--report", "r.json"}, .directory = work});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("--report r.json: it cannot be written"), std::string::npos) << result;
    EXPECT_EQ(others(work), std::set<std::string>{"r.json"}) << "a temporary file is left";
}

TEST_F(LimitsReport, ADirectoryThatTheCommandCouldMoveIsRefused) {
    const std::string work = directory() / "work";
    ASSERT_TRUE(std::filesystem::create_directories(work + "/out"));
    const Result result =
        inside({"echo", "ran"}, {.sandbox = {"--rw", ".", "--report", "out/r.json"}, .directory = work});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find("the command may write above its directory"), std::string::npos) << result;
    // Where it is shown read-only, in whatever is writable, it is nobody's to move.
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--report", "out/r.json"}, .directory = work}).exit_status, 0);
    // Shown by itself, it can be written but not moved.
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--rw", "out", "--report", "out/r.json"}, .directory = work}).exit_status,
              0);
}

TEST_F(LimitsReport, ADirectoryThatWasMovedIsAnError) {
    const std::string work = directory() / "work";
    ASSERT_TRUE(std::filesystem::create_directories(work + "/out"));
    const Result result = inside_shell("mv out gone; mkdir out; echo forged >out/r.json",
                                       {.sandbox = {"--only", "net", "--report", "out/r.json"}, .directory = work});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("its directory was moved"), std::string::npos) << result;
}

}  // namespace
}  // namespace sandbox_test
