// The launcher's part of the limits: it looks at the clock, and at what is used, and ends the command.
#include "run/process_impl.hpp"

#include <algorithm>
#include <csignal>
#include <ctime>

#include <sys/syscall.h>
#include <unistd.h>

namespace sandbox {

void Process::Impl::watch_limits() {
    const Limits& limits = plan.limits;
    if (limits.output) {
        budget.emplace(*limits.output);
    }
    if (limits.timeout || limits.cpu_time || limits.output) {
        const long processors = limits.cpu_time ? ::sysconf(_SC_NPROCESSORS_ONLN) : 1;
        watch.emplace(limits, limits::now(), static_cast<unsigned>(std::max(processors, 1L)));
    }
}

void Process::Impl::look_at_usage(bool memory) {
    const limits::Time before = limits::now();
    if (cgroup) {
        if (!memory) {
            const std::chrono::nanoseconds used = cgroup->cpu_time();
            const limits::Time after = limits::now();
            watch->looked(after, used, after - before);
        }
        return;
    }
    const std::optional<limits::Usage> found = limits::look(init_pid, memory);
    // Processes come and go: what was seen once has been used.
    if (found && found->cpu_time() > seen.cpu_time()) {
        seen.user = found->user;
        seen.system = found->system;
    }
    if (found) {
        seen.peak_memory = std::max(seen.peak_memory, found->peak_memory);
    }
    const limits::Time after = limits::now();
    if (!memory) {
        watch->looked(after, seen.cpu_time(), after - before);
    }
}

void Process::Impl::act_on_limits() {
    if (budget && budget->exceeded()) {
        watch->reach(Limit::output);
    }
    for (bool more = watch.has_value(); more;) {
        switch (watch->due(limits::now())) {
            case limits::Watch::Act::nothing:
                more = false;
                break;
            case limits::Watch::Act::look:
                look_at_usage(false);
                break;
            case limits::Watch::Act::terminate:
                send(run::Order::Kind::signal_command, SIGTERM);
                send(run::Order::Kind::signal_command, SIGCONT);  // a stopped one would not hear of it
                look_at_usage(true);
                break;
            case limits::Watch::Act::kill:
                look_at_usage(true);  // nobody waits for what is killed with init
                kill();
                break;
        }
    }
}

// Init's own and that of all that it has waited for, those that they have waited for included. What the kernel has
// killed with init or with the command nobody has waited for: of that we know what we saw before.
void Process::Impl::note_usage(const rusage& used) noexcept {
    const auto time = [](const timeval& value) {
        return std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
    };
    if (time(used.ru_utime) + time(used.ru_stime) > seen.cpu_time()) {
        seen.user = time(used.ru_utime);
        seen.system = time(used.ru_stime);
    }
    seen.peak_memory = std::max(seen.peak_memory, static_cast<std::uint64_t>(used.ru_maxrss) * 1024);
}

std::chrono::nanoseconds Process::Impl::cpu_time() const noexcept {
    return counted_ ? counted_->user + counted_->system : seen.cpu_time();
}

void Process::Impl::close_cgroup() noexcept {
    if (!cgroup) {
        return;
    }
    cgroup->empty();
    cgroup->read(counted_.emplace());
    cgroup.reset();
}

Usage Process::Impl::usage() const noexcept {
    Usage usage;
    if (cgroup) {
        cgroup->read(usage);
    } else if (counted_) {
        usage = *counted_;
    } else {
        usage.user = seen.user;
        usage.system = seen.system;
    }
    usage.wall = finished_ ? wall_ : limits::now() - began;
    if (!usage.peak_of_all) {
        usage.peak_memory = seen.peak_memory;
    }
    return usage;
}

// RLIMIT_CPU may have come first, where the launcher could not look. Of what a cgroup holds the command hears as
// everybody does, by a signal or an errno: that is the reason where it failed.
void Process::Impl::name_limit() {
    if (!outcome) {
        return;
    }
    const bool killed =
        outcome->kind == Outcome::Kind::signaled && (outcome->value == SIGKILL || outcome->value == SIGXCPU);
    if (watch && killed && watch->is_used_up(cpu_time())) {
        watch->reach(Limit::cpu_time);
    }
    outcome->limit = watch ? watch->reached() : std::nullopt;
    if (outcome->limit || !counted_ || !counted_->cgroup) {
        return;
    }
    const CgroupUsage& figures = *counted_->cgroup;
    if (outcome->kind == Outcome::Kind::lost && figures.out_of_memory_kills > 0) {
        outcome = Outcome{Outcome::Kind::signaled, SIGKILL};  // it was init that the kernel chose
    }
    const bool failed =
        outcome->kind == Outcome::Kind::signaled || (outcome->kind == Outcome::Kind::exited && outcome->value != 0);
    if (failed && plan.limits.memory && figures.out_of_memory_kills > 0) {
        outcome->limit = Limit::memory;
    } else if (failed && plan.limits.pids && figures.refused_pids > 0) {
        outcome->limit = Limit::pids;
    }
}

bool Process::Impl::is_over_a_limit() const {
    const std::optional<limits::Time> deadline = watch ? watch->deadline() : std::nullopt;
    return watch && (watch->reached() || (deadline && limits::now() >= *deadline));
}

namespace run {

// Again and again: to be stopped throws a SIGCONT away that has come just before. Bare system calls: the C library's
// functions bring its threads along, some 60 KiB that every start would map.
WakeUp::WakeUp(std::optional<limits::Time> when) noexcept {
    if (!when) {
        return;
    }
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGCONT;
    if (::syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer_) < 0) {
        return;
    }
    made_ = true;
    constexpr long interval = 100'000'000;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*when);
    itimerspec time{};
    time.it_value = {seconds.count(), static_cast<long>((*when - seconds).count())};
    time.it_interval = {0, interval};
    ::syscall(SYS_timer_settime, timer_, TIMER_ABSTIME, &time, nullptr);
}

WakeUp::~WakeUp() {
    if (made_) {
        ::syscall(SYS_timer_delete, timer_);
    }
}

}  // namespace run
}  // namespace sandbox
