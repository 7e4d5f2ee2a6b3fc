// The limits that the launcher holds by looking at the clock: what is to be done when. Pure: the time is given.
//
// A limit that is reached ends the command in two steps, SIGTERM and later the end of everything. Which limit it was is
// remembered; what is reached afterwards changes nothing.
//
// CPU time is looked at, and not before it can be used up: with all processors busy from now on. Each look halves at
// most what is left of that, so there are few; and one that took long, as there are many processes, is not repeated
// until a thousand times as long has passed, but within a second.
#pragma once

#include <sandbox/limits.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace sandbox::limits {

/// Of CLOCK_MONOTONIC.
using Time = std::chrono::nanoseconds;
[[nodiscard]] Time now() noexcept;

class Watch {
  public:
    /// What is due.
    enum class Act : std::uint8_t { nothing, look, terminate, kill };

    /// `processors`: how many can be busy at once.
    Watch(const Limits& limits, Time start, unsigned processors);

    /// terminate and kill are due once, in this order; terminate is left out where there is no time between them.
    [[nodiscard]] Act due(Time now);
    /// The look that was due: what is used, and how long it took to find that out.
    void looked(Time now, Time used, Time took);
    /// When something will be due if nothing happens until then.
    [[nodiscard]] std::optional<Time> next() const;
    /// When the clock alone makes something due; looks are not it.
    [[nodiscard]] std::optional<Time> deadline() const { return reached_ ? next() : deadline_; }
    /// As poll(2) takes it: rounded up, and -1 for never.
    [[nodiscard]] int poll_milliseconds(Time now) const;
    /// Whether more is used than allowed.
    [[nodiscard]] bool is_used_up(Time cpu_time) const { return cpu_limit_ && cpu_time >= *cpu_limit_; }
    /// That one is, whoever has noticed.
    void reach(Limit limit) noexcept { reached_ = reached_ ? reached_ : limit; }
    [[nodiscard]] std::optional<Limit> reached() const noexcept { return reached_; }

  private:
    std::optional<Time> deadline_;
    std::optional<Time> cpu_limit_;
    std::optional<Time> look_at_;
    unsigned processors_;
    Time kill_after_;
    std::optional<Time> kill_at_;
    bool killed_ = false;
    std::optional<Limit> reached_;
};

}  // namespace sandbox::limits
