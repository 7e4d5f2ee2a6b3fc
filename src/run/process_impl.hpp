// The state of a running sandbox as the launcher has it.
#pragma once

#include "changes/store.hpp"
#include "changes/thrown_away.hpp"
#include "limits/budget.hpp"
#include "limits/cgroup.hpp"
#include "limits/usage.hpp"
#include "limits/watch.hpp"
#include "placeholder/placeholders.hpp"
#include "plan/plan.hpp"
#include "registry/registry.hpp"
#include "report/reporter.hpp"
#include "run/child/messages.hpp"
#include "run/pty_relay.hpp"
#include "run/refusals.hpp"
#include "run/relay.hpp"
#include "run/terminal.hpp"
#include "run/wake_up.hpp"
#include "sys/fd.hpp"

#include <sandbox/process.hpp>

#include <csignal>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <sys/resource.h>
#include <sys/signalfd.h>

namespace sandbox {

/// Whether a program that does nothing about the signal ends by it.
[[nodiscard]] bool ends_programs(int signal) noexcept;

class Process::Impl {
  public:
    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl();

    Outcome wait();
    void send(run::Order::Kind kind, int number) const noexcept;
    void kill() noexcept;
    /// Blocks the signals of the calling thread and makes them readable; remembers the terminal. With a terminal of
    /// the command's own it returns once the keyboard can be read. Returns an errno.
    int enter_foreground();
    [[nodiscard]] Usage usage() const noexcept;
    /// For poll(2), which passes over a descriptor of -1.
    [[nodiscard]] pollfd watched_refusals() const { return refusals ? refusals->watched() : pollfd{-1, POLLIN, 0}; }
    /// Puts the signals that have come into `deferred`.
    void hear_signals();
    /// The clock starts, where there is a limit of time.
    void watch_limits();
    /// Looks what the processes inside have used by now, and how much memory. Costs microseconds for each of them.
    void look_at_usage(bool memory);
    /// Does what is due: see limits/watch.hpp. The rest is in wait().
    void act_on_limits();
    /// Whether one is reached, be it that nothing was done about it yet.
    [[nodiscard]] bool is_over_a_limit() const;
    /// As poll(2) takes it.
    [[nodiscard]] int milliseconds_left() const { return watch ? watch->poll_milliseconds(limits::now()) : -1; }
    /// Kills init, waits for it, gives terminal and signal mask back.
    void finish() noexcept;

    /// Kept for as long as the sandbox lives: to free it while children share its pages would copy them.
    plan::Plan plan;
    bool own_pid_namespace = false;
    sys::UniqueFd init;                    ///< pidfd
    pid_t intermediate = -1;               ///< the parent of init, where that is not the launcher
    sys::UniqueFd orders;                  ///< write end
    sys::UniqueFd orders_reader;           ///< kept open: a write to a dead init must not raise SIGPIPE here
    sys::UniqueFd statuses;                ///< read end
    sys::UniqueFd signals;                 ///< signalfd, in the foreground
    sys::UniqueFd parent;                  ///< pidfd, with die_with_parent
    std::optional<limits::Cgroup> cgroup;  ///< init is in it, and all that comes from it
    std::unique_ptr<placeholder::Placeholders> placeholders;
    std::unique_ptr<registry::Registration> registration;  ///< of a sandbox with a name
    std::optional<changes::Store> changes;                 ///< locked until everything inside has ended
    std::unique_ptr<changes::ThrownAway> thrown_away;      ///< removed then
    std::vector<run::Relay> relays;
    std::unique_ptr<run::PtyRelay> pty;          ///< with a terminal of the command's own
    std::optional<run::Refusals> refusals;       ///< with a listener for the command's filter
    std::vector<signalfd_siginfo> deferred;      ///< signals that are still to be forwarded
    std::optional<limits::Watch> watch;          ///< with a limit of time or of output
    std::optional<limits::Budget> budget;        ///< with a limit of output
    std::shared_ptr<report::Reporter> reporter;  ///< once it has started
    limits::Time began{};
    limits::Usage seen;   ///< what has been used at least
    pid_t init_pid = -1;  ///< of a process that is not reaped while `init` is open and not finished
    pid_t command = -1;   ///< as the host's /proc has it
    std::optional<Outcome> outcome;
    Trace trace;

  private:
    void handle_status(bool init_ended);
    int await(std::vector<pollfd>& watched);
    /// What the kernel says at the end, of those that were waited for.
    void note_usage(const rusage& used) noexcept;
    [[nodiscard]] std::chrono::nanoseconds cpu_time() const noexcept;
    /// What the cgroup counted, and its end.
    void close_cgroup() noexcept;
    /// Which limit the outcome is due to.
    void name_limit();
    void forward(const signalfd_siginfo& info);
    void forward_deferred();
    void command_stopped(int signal);
    /// Stops us, and at a terminal with us our whole group, as that would do it. False if it did not: the signal is
    /// ignored or there is no shell behind it (an orphaned group).
    bool stop_ourselves(int signal) const;
    /// Until we are in the foreground, where the command's keyboard needs that, or a signal ends us.
    void await_foreground() const;
    [[nodiscard]] bool is_ending() const;
    void attach_pty();
    void relay_pty(std::span<const pollfd, run::PtyRelay::most_watched> found);
    void drain_pty();
    /// The command goes on, in the foreground if we are there.
    void give_terminal();
    void end_as_terminal_did(int signal) const;

    std::optional<run::Terminal> terminal_;
    std::optional<sigset_t> former_mask_;
    sigset_t forwarded_{};
    bool ended_by_terminal_ = false;
    bool killed_ = false;
    bool finished_ = false;
    bool slim_ = false;  ///< code and constants were given back
    limits::Time wall_{};
    std::optional<Usage> counted_;  ///< by a cgroup that is gone
};

}  // namespace sandbox
