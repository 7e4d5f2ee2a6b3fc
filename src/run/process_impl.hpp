// The state of a running sandbox as the launcher has it.
#pragma once

#include "placeholder/placeholders.hpp"
#include "plan/plan.hpp"
#include "run/child/messages.hpp"
#include "run/relay.hpp"
#include "run/terminal.hpp"
#include "sys/fd.hpp"

#include <sandbox/process.hpp>

#include <csignal>
#include <memory>
#include <optional>
#include <vector>

#include <sys/signalfd.h>

namespace sandbox {

class Process::Impl {
  public:
    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl();

    Outcome wait();
    void send(run::Order::Kind kind, int number) const noexcept;
    void kill() noexcept;
    /// Blocks the signals of the calling thread and makes them readable; remembers the terminal.
    /// Returns an errno.
    int enter_foreground();
    /// Kills init, waits for it, gives terminal and signal mask back.
    void finish() noexcept;

    /// Kept for as long as the sandbox lives: to free it while children share its pages would copy them.
    plan::Plan plan;
    bool own_pid_namespace = false;
    sys::UniqueFd init;           ///< pidfd
    sys::UniqueFd orders;         ///< write end
    sys::UniqueFd orders_reader;  ///< kept open: a write to a dead init must not raise SIGPIPE here
    sys::UniqueFd statuses;       ///< read end
    sys::UniqueFd signals;        ///< signalfd, in the foreground
    sys::UniqueFd parent;         ///< pidfd, with die_with_parent
    std::unique_ptr<placeholder::Placeholders> placeholders;
    std::vector<run::Relay> relays;
    std::vector<signalfd_siginfo> deferred;  ///< signals that came during set-up
    pid_t command = -1;                      ///< as the host's /proc has it
    std::optional<Outcome> outcome;
    Trace trace;

  private:
    void handle_status(bool init_ended);
    void handle_signals();
    void forward(const signalfd_siginfo& info) const;
    void command_stopped(int signal);
    /// The command goes on, in the foreground if we are there.
    void give_terminal();
    void end_as_terminal_did(int signal) const;

    std::optional<run::Terminal> terminal_;
    std::optional<sigset_t> former_mask_;
    bool ended_by_terminal_ = false;
    bool killed_ = false;
    bool finished_ = false;
};

}  // namespace sandbox
