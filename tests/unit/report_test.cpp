// The text of a report, and of the line that says the same to people.
#include "report/report.hpp"
#include "cli/summary.hpp"
#include "json/json.hpp"

#include <chrono>
#include <csignal>
#include <string>

#include <gtest/gtest.h>

namespace sandbox::report {
namespace {

using namespace std::chrono_literals;

Report some_report() {
    Report report;
    report.command = {"echo", "\xff"};
    report.start = std::chrono::system_clock::time_point(1795935022s + 7us);
    report.setup = {{"plan", 1500us}, {"clone", 250us}};
    report.usage = {.wall = 2s, .user = 1234567us, .system = 9us, .peak_memory = 4096};
    report.limits.nice = -5;
    report.ended = Outcome{Outcome::Kind::exited, 3};
    return report;
}

std::string at(const json::Json& value, const std::string& key) {
    const json::Json* const found = value.find(key);
    return found == nullptr ? "null" : json::write_json(*found);
}

TEST(Report, HasWhatThePageSays) {
    const json::Json report = json::parse_json(write(some_report()));
    EXPECT_EQ(at(report, "version"), "1");
    EXPECT_EQ(at(report, "command"), R"(["echo",{"bytes":"ff"}])");
    EXPECT_EQ(at(report, "start"), R"("2026-11-29T06:50:22.000007Z")");
    EXPECT_EQ(at(report, "reason"), R"("exited")");
    EXPECT_EQ(at(report, "exit"), "3");
    EXPECT_EQ(at(report, "status"), "3");
    EXPECT_EQ(at(report, "signal"), "null");
    EXPECT_EQ(at(report, "failure"), "null");
    EXPECT_EQ(at(report, "time"),
              R"({"wall_us":2000000,"user_us":1234567,"system_us":9,"throttled_us":null,"source":"rusage"})");
    EXPECT_EQ(at(report, "memory"), R"({"peak_bytes":4096,"source":"max-rss","out_of_memory_kills":null})");
    EXPECT_EQ(at(report, "setup"), R"({"us":1750,"phases":[{"name":"plan","us":1500},{"name":"clone","us":250}]})");
    EXPECT_NE(write(some_report()).find("\"value\": -5"), std::string::npos);
}

TEST(Report, TheReasonIsTheLimitThatWasReached) {
    Report report = some_report();
    const auto with = [&](const Outcome& outcome) {
        report.ended = outcome;
        return reason(report) + " " + at(json::parse_json(write(report)), "exit");
    };
    EXPECT_EQ(with({Outcome::Kind::signaled, 9}), "signaled 137");
    EXPECT_EQ(with({Outcome::Kind::signaled, 9, Limit::timeout}), "timeout 124");
    EXPECT_EQ(with({Outcome::Kind::exited, 0, Limit::cpu_time}), "cpu-time 124");
    EXPECT_EQ(with({Outcome::Kind::signaled, 9, Limit::output}), "output 137");
    EXPECT_EQ(with({Outcome::Kind::lost, 0}), "lost 125");
}

TEST(Report, OneThatFailedSaysAtWhichStep) {
    Report report = some_report();
    report.ended.reset();
    report.failed =
        Error("cannot set up cwd /x: it does not exist", 125).at({7, "cwd", "/x", ENOENT}).with_fix("--cwd");
    const json::Json read = json::parse_json(write(report));
    EXPECT_EQ(at(read, "reason"), R"("setup-failed")");
    EXPECT_EQ(at(read, "exit"), "125");
    EXPECT_EQ(at(read, "failure"), R"({"message":"cannot set up cwd /x: it does not exist","fix":"--cwd","step":)"
                                   R"({"index":7,"name":"cwd","subject":"/x"},"errno":2,"error":"ENOENT"})");
}

TEST(Report, HasWhatACgroupCounted) {
    Report report = some_report();
    report.usage.peak_of_all = true;
    CgroupUsage& figures = report.usage.cgroup.emplace();
    figures.peak_pids = 7;
    figures.refused_pids = 2;
    figures.out_of_memory_kills = 1;
    figures.read_bytes = 10;
    figures.written_bytes = 20;
    figures.throttled = 5us;
    figures.io = Pressure{30us, 40us};
    report.limits.memory = 4096;
    report.limits.pids = 7;
    report.limits.cpuset = "0-1";
    report.ended = Outcome{Outcome::Kind::signaled, SIGKILL, Limit::memory};
    const json::Json read = json::parse_json(write(report));
    EXPECT_EQ(at(read, "reason"), R"("oom")");
    EXPECT_EQ(at(read, "time"),
              R"({"wall_us":2000000,"user_us":1234567,"system_us":9,"throttled_us":5,"source":"cgroup"})");
    EXPECT_EQ(at(read, "memory"), R"({"peak_bytes":4096,"source":"cgroup","out_of_memory_kills":1})");
    EXPECT_EQ(at(read, "pids"), R"({"peak":7,"refused":2})");
    EXPECT_EQ(at(read, "io"), R"({"read_bytes":10,"written_bytes":20})");
    EXPECT_EQ(at(read, "pressure"), R"({"io":{"some_us":30,"full_us":40}})");
    const json::Json* const limits = read.find("limits");
    ASSERT_NE(limits, nullptr);
    EXPECT_EQ(at(*limits, "memory"), R"({"bytes":4096,"held_by":["cgroup"]})");
    EXPECT_EQ(at(*limits, "swap"), R"({"bytes":0,"held_by":["cgroup"]})");
    EXPECT_EQ(at(*limits, "pids"), R"({"value":7,"held_by":["cgroup"]})");
    EXPECT_EQ(at(*limits, "cpuset"), R"({"list":"0-1","held_by":["cgroup"]})");

    report.usage.cgroup.reset();
    report.limits.best_effort = true;
    const json::Json without = json::parse_json(write(report));
    EXPECT_EQ(at(*without.find("limits"), "pids"), R"({"value":7,"held_by":["rlimit"]})");
    EXPECT_EQ(at(*without.find("limits"), "swap"), "null");
}

TEST(Summary, IsOneLine) {
    const Usage usage{.wall = 1204ms, .user = 979600us, .system = 51ms, .peak_memory = 12900000};
    EXPECT_EQ(cli::summary_line({Outcome::Kind::exited, 0}, usage),
              "sandbox: exited with 0; 1.204 s real, 0.980 s user, 0.051 s system, 12.3 MiB peak\n");
    EXPECT_EQ(cli::summary_line({Outcome::Kind::signaled, SIGSEGV}, {}),
              "sandbox: ended by SIGSEGV; 0.000 s real, 0.000 s user, 0.000 s system, 0.0 MiB peak\n");
    EXPECT_EQ(cli::summary_line({Outcome::Kind::signaled, SIGRTMIN}, {}).rfind("sandbox: ended by signal 34; ", 0), 0U);
    EXPECT_EQ(
        cli::summary_line({Outcome::Kind::exited, 0, Limit::cpu_time}, {}).rfind("sandbox: ended by --cpu-time; ", 0),
        0U);
}

}  // namespace
}  // namespace sandbox::report
