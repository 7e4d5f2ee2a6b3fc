#include "limits/watch.hpp"

#include <algorithm>
#include <ctime>
#include <limits>

namespace sandbox::limits {
namespace {

constexpr Time shortest_rest = std::chrono::milliseconds(10);
constexpr Time longest_rest_for_cost = std::chrono::seconds(1);
constexpr int rest_for_cost = 1000;

Time sum(Time one, Time two) {
    return two > Time::max() - one ? Time::max() : one + two;
}

}  // namespace

Time now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Watch::Watch(const Limits& limits, Time start, unsigned processors)
    : cpu_limit_(limits.cpu_time), processors_(std::max(processors, 1U)), kill_after_(limits.kill_after) {
    if (limits.timeout) {
        deadline_ = sum(start, *limits.timeout);
    }
    if (cpu_limit_) {
        looked(start, Time::zero(), Time::zero());
    }
}

void Watch::looked(Time now, Time used, Time took) {
    if (is_used_up(used)) {
        reach(Limit::cpu_time);
        look_at_.reset();
        return;
    }
    const Time rest = (*cpu_limit_ - used) / processors_;
    const Time for_cost = took > longest_rest_for_cost / rest_for_cost ? longest_rest_for_cost : took * rest_for_cost;
    look_at_ = sum(now, std::max({rest, for_cost, shortest_rest}));
}

Watch::Act Watch::due(Time now) {
    if (!reached_ && deadline_ && now >= *deadline_) {
        reached_ = Limit::timeout;
    }
    if (reached_ && !kill_at_) {
        // Who writes too much would go on with it.
        const Time rest = reached_ == Limit::output ? Time::zero() : kill_after_;
        kill_at_ = sum(now, rest);
        if (rest > Time::zero()) {
            return Act::terminate;
        }
    }
    if (kill_at_ && !killed_ && now >= *kill_at_) {
        killed_ = true;
        return Act::kill;
    }
    return !reached_ && look_at_ && now >= *look_at_ ? Act::look : Act::nothing;
}

std::optional<Time> Watch::next() const {
    if (killed_) {
        return std::nullopt;
    }
    if (reached_) {
        return kill_at_ ? kill_at_ : Time::zero();
    }
    return deadline_ && look_at_ ? std::min(*deadline_, *look_at_) : deadline_ ? deadline_ : look_at_;
}

int Watch::poll_milliseconds(Time now) const {
    const std::optional<Time> when = next();
    if (!when) {
        return -1;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::max(*when - now, Time::zero())).count();
    return static_cast<int>(std::min<std::int64_t>(left, std::numeric_limits<int>::max()));
}

}  // namespace sandbox::limits
