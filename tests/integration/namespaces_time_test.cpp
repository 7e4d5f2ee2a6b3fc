// --boottime-offset and --monotonic-offset: a time namespace.
#include <ctime>

#include "support/namespaces.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using NamespacesTime = SandboxTest;

long long now(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return time.tv_sec;
}

long long value_of(const std::string& text, const std::string& name) {
    const std::vector<std::string> words = words_of(line_starting(text, name + " "));
    return words.size() == 2 ? std::stoll(words[1]) : -1;
}

// What the clock says inside lies between what it says outside before and after, shifted.
void expect_shifts(const std::vector<std::string>& options, long long boottime, long long monotonic) {
    const long long boottime_before = now(CLOCK_BOOTTIME);
    const long long monotonic_before = now(CLOCK_MONOTONIC);
    // Not by inside(), which would show the probes: --only shows the tree as it is.
    std::vector<std::string> command{sandbox_binary()};
    command.insert(command.end(), options.begin(), options.end());
    if (options.empty() || options.front() != "--only") {
        command.insert(command.end(), {"--ro", given("SANDBOX_PROBES")});
    }
    command.insert(command.end(), {"--", probe("clocks")});
    const Result result = run(command);
    ASSERT_EQ(result.exit_status, 0) << result;
    EXPECT_GE(value_of(result.out, "boottime"), boottime_before + boottime) << testing::PrintToString(options);
    EXPECT_LE(value_of(result.out, "boottime"), now(CLOCK_BOOTTIME) + boottime) << testing::PrintToString(options);
    EXPECT_GE(value_of(result.out, "monotonic"), monotonic_before + monotonic) << testing::PrintToString(options);
    EXPECT_LE(value_of(result.out, "monotonic"), now(CLOCK_MONOTONIC) + monotonic) << testing::PrintToString(options);
}

TEST_F(NamespacesTime, TheClocksAreShifted) {
    expect_shifts({}, 0, 0);
    expect_shifts({"--boottime-offset", "1000000"}, 1000000, 0);
    expect_shifts({"--monotonic-offset", "2000000"}, 0, 2000000);
    expect_shifts({"--boottime-offset", "1d", "--monotonic-offset", "2h"}, 86400, 7200);
    expect_shifts({"--boottime-offset=-10", "--monotonic-offset", "-5"}, -10, -5);
    expect_shifts({"--only", "time", "--boottime-offset", "3m"}, 180, 0);
}

TEST_F(NamespacesTime, UptimeIsShifted) {
    const auto before = static_cast<double>(now(CLOCK_BOOTTIME));
    const Result result = inside({"cat", "/proc/uptime"}, {.sandbox = {"--boottime-offset", "30d"}});
    EXPECT_GE(std::stod(result.out), before + 30 * 86400) << result;
}

TEST_F(NamespacesTime, TheCommandItselfIsInTheNewNamespace) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{"--boottime-offset", "1"},
                                                    {"--monotonic-offset", "1"},
                                                    {"--boottime-offset", "0"},
                                                    {"--boottime-offset", "1", "--init"}}) {
        EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside(options))),
                  "cgroup ipc mnt net pid time user uts");
    }
}

TEST_F(NamespacesTime, TheOffsetsAreFixed) {
    const Result result =
        inside_shell("cat /proc/self/timens_offsets; echo 'monotonic 5 0' > /proc/self/timens_offsets",
                     {.sandbox = {"--boottime-offset", "100", "--monotonic-offset", "200"}});
    EXPECT_NE(result.exit_status, 0) << result;
    EXPECT_EQ(words_of(line_starting(result.out, "boottime")), (std::vector<std::string>{"boottime", "100", "0"}));
    EXPECT_EQ(words_of(line_starting(result.out, "monotonic")), (std::vector<std::string>{"monotonic", "200", "0"}));
}

TEST_F(NamespacesTime, AClockBelowZeroIsAnError) {
    const Result result = inside({"echo", "ran"}, {.sandbox = {"--boottime-offset", "-10000d"}});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(contains(result.err, "below zero")) << result;
}

}  // namespace
}  // namespace sandbox_test
