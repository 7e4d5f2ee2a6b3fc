// The limits of time: what is due when, on a clock that the test has.
#include "limits/budget.hpp"
#include "limits/watch.hpp"
#include "spec/limits.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace sandbox::limits {
namespace {

using namespace std::chrono_literals;
using Act = Watch::Act;

constexpr Time start = 1000s;

Limits timeout_of(Time time, Time kill_after = 2s) {
    Limits limits;
    limits.timeout = time;
    limits.kill_after = kill_after;
    return limits;
}

Limits cpu_time_of(Time time) {
    Limits limits;
    limits.cpu_time = time;
    return limits;
}

TEST(Watch, WithoutALimitNothingIsEverDue) {
    Watch watch({}, start, 4);
    EXPECT_FALSE(watch.next());
    EXPECT_EQ(watch.poll_milliseconds(start), -1);
    EXPECT_EQ(watch.due(Time::max()), Act::nothing);
    EXPECT_FALSE(watch.reached());
}

TEST(Watch, ATimeoutTerminatesAndThenKillsOnce) {
    Watch watch(timeout_of(10s), start, 4);
    EXPECT_EQ(watch.next(), start + 10s);
    EXPECT_EQ(watch.due(start + 10s - 1ns), Act::nothing);
    EXPECT_FALSE(watch.reached());
    EXPECT_EQ(watch.due(start + 10s), Act::terminate);
    EXPECT_EQ(watch.reached(), Limit::timeout);
    EXPECT_EQ(watch.due(start + 10s), Act::nothing);
    EXPECT_EQ(watch.next(), start + 12s);
    EXPECT_EQ(watch.due(start + 12s), Act::kill);
    EXPECT_EQ(watch.due(start + 13s), Act::nothing);
    EXPECT_FALSE(watch.next());
    EXPECT_EQ(watch.reached(), Limit::timeout);
}

TEST(Watch, TheTimeToEndBeginsWhenTheSignalIsSent) {
    Watch watch(timeout_of(1s), start, 4);
    EXPECT_EQ(watch.due(start + 60s), Act::terminate);  // the launcher was stopped
    EXPECT_EQ(watch.due(start + 61s), Act::nothing);
    EXPECT_EQ(watch.due(start + 62s), Act::kill);
}

TEST(Watch, WithoutATimeToEndItIsKilledAtOnce) {
    Watch watch(timeout_of(1s, 0s), start, 4);
    EXPECT_EQ(watch.due(start + 1s), Act::kill);
    EXPECT_EQ(watch.due(start + 1s), Act::nothing);
}

TEST(Watch, TheLongestTimesDoNotOverflow) {
    Watch watch(timeout_of(Time::max(), Time::max()), start, 4);
    EXPECT_EQ(watch.next(), Time::max());
    EXPECT_EQ(watch.poll_milliseconds(start), std::numeric_limits<int>::max());
    EXPECT_EQ(watch.due(start + 1s), Act::nothing);
}

TEST(Watch, PollIsNotTooEarly) {
    const Watch watch(timeout_of(10ms + 1ns), start, 4);
    EXPECT_EQ(watch.poll_milliseconds(start), 11);
    EXPECT_EQ(watch.poll_milliseconds(start + 10ms), 1);
    EXPECT_EQ(watch.poll_milliseconds(start + 1h), 0);
}

TEST(Watch, CpuTimeIsLookedAtWhenItCouldBeUsedUp) {
    Watch watch(cpu_time_of(8s), start, 4);
    EXPECT_EQ(watch.next(), start + 2s);
    EXPECT_EQ(watch.due(start + 2s - 1ns), Act::nothing);
    EXPECT_EQ(watch.due(start + 2s), Act::look);
    watch.looked(start + 2s, 4s, 20us);  // two of the four were busy
    EXPECT_EQ(watch.next(), start + 3s);
    EXPECT_EQ(watch.due(start + 3s), Act::look);
    watch.looked(start + 3s, 8s, 20us);
    EXPECT_EQ(watch.due(start + 3s), Act::terminate);
    EXPECT_EQ(watch.reached(), Limit::cpu_time);
    EXPECT_EQ(watch.due(start + 5s), Act::kill);
}

TEST(Watch, LooksCostLessThanAThousandthAsLongAsTheyCan) {
    Watch watch(cpu_time_of(1s), start, 64);
    watch.looked(start, 999ms, 1us);
    EXPECT_EQ(watch.next(), start + 10ms);
    watch.looked(start, 999ms, 100us);
    EXPECT_EQ(watch.next(), start + 100ms);
    watch.looked(start, 999ms, 1h);
    EXPECT_EQ(watch.next(), start + 1s);
}

TEST(Watch, FewLooksAreNeeded) {
    Watch watch(cpu_time_of(1h), start, 64);
    int looks = 0;
    for (Time now = start; !watch.reached(); ++looks) {  // one of the processors is busy
        now = *watch.next();
        ASSERT_EQ(watch.due(now), Act::look);
        watch.looked(now, now - start, 30us);
    }
    EXPECT_LT(looks, 1000);
}

TEST(Watch, TheFirstLimitCounts) {
    Limits limits = timeout_of(10s);
    limits.cpu_time = 100s;
    Watch watch(limits, start, 1);
    EXPECT_EQ(watch.due(start + 10s), Act::terminate);
    watch.reach(Limit::cpu_time);
    EXPECT_EQ(watch.reached(), Limit::timeout);
}

TEST(Watch, LooksDoNotWakeAStoppedLauncher) {
    const Watch watch(cpu_time_of(10s), start, 1);
    EXPECT_TRUE(watch.next());
    EXPECT_FALSE(watch.deadline());
}

TEST(Watch, WhoWritesTooMuchIsKilledAtOnce) {
    Limits limits = timeout_of(10s);
    limits.output = 5;
    Watch watch(limits, start, 1);
    watch.reach(Limit::output);
    EXPECT_EQ(watch.poll_milliseconds(start + 1s), 0);
    EXPECT_EQ(watch.due(start + 1s), Act::kill);
    EXPECT_FALSE(watch.next());
}

TEST(BudgetOfOutput, IsPassedOnToTheLastByte) {
    Budget budget(10);
    EXPECT_EQ(budget.take(4), 4U);
    EXPECT_EQ(budget.take(6), 6U);
    EXPECT_FALSE(budget.exceeded());
    EXPECT_EQ(budget.take(1), 0U);
    EXPECT_TRUE(budget.exceeded());
    Budget other(10);
    EXPECT_EQ(other.take(100), 10U);
    EXPECT_TRUE(other.exceeded());
}

TEST(LimitNames, AreFoundAgain) {
    for (const Limit limit : {Limit::timeout, Limit::cpu_time, Limit::output}) {
        EXPECT_EQ(spec::find_limit(spec::name(limit)), limit);
    }
    EXPECT_FALSE(spec::find_limit("memory"));
}

TEST(LimitNames, TheTableOfResourcesIsInTheirOrder) {
    for (const spec::ResourceRow& row : spec::resource_table) {
        EXPECT_EQ(spec::row(row.resource).name, row.name);
    }
}

TEST(LimitNames, Durations) {
    EXPECT_EQ(spec::seconds_text(500ms), "0.5 s");
    EXPECT_EQ(spec::seconds_text(10min), "600 s");
    EXPECT_EQ(spec::seconds_text(1ns), "0.000000001 s");
}

}  // namespace
}  // namespace sandbox::limits
