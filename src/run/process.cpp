// Supervising a running sandbox: its end, its stops, the signals and the terminal of the caller.
#include "run/process_impl.hpp"

#include "run/intermediate.hpp"
#include "run/memory.hpp"
#include "sys/syscalls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

namespace sandbox {
namespace {

bool is_ignored(int signal) {
    struct sigaction action {};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Everything that can be sent on. Not: what cannot be caught, what a program's own fault raises, and what the caller
// ignores (nohup).
sigset_t forwarded_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        switch (signal) {
            case SIGKILL:
            case SIGSTOP:
            case SIGCHLD:
            case SIGSEGV:
            case SIGBUS:
            case SIGILL:
            case SIGFPE:
            case SIGTRAP:
            case SIGSYS:
                break;
            default:
                // 32 and 33 belong to the C library: sigaddset refuses them.
                if (!is_ignored(signal)) {
                    sigaddset(&set, signal);
                }
        }
    }
    return set;
}

// Whether the command makes itself the terminal's foreground, at its start.
bool takes_terminal(const plan::Plan& plan) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [](const plan::Step& step) {
        const auto* group = std::get_if<plan::ProcessGroup>(&step);
        return group != nullptr && group->terminal >= 0;
    });
}

}  // namespace

bool ends_programs(int signal) noexcept {
    switch (signal) {
        case SIGWINCH:
        case SIGCONT:
        case SIGURG:
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU:
            return false;
        default:
            return true;
    }
}

int Outcome::exit_status() const noexcept {
    constexpr int timed_out = 124;
    if (limit == Limit::timeout || limit == Limit::cpu_time) {
        return timed_out;
    }
    switch (kind) {
        case Kind::exited:
            return value;
        case Kind::signaled:
            return 128 + value;
        case Kind::lost:
            break;
    }
    return 125;
}

int Process::Impl::enter_foreground() {
    sigset_t all;
    sigfillset(&all);
    sigset_t former;
    ::pthread_sigmask(SIG_SETMASK, &all, &former);
    former_mask_ = former;
    forwarded_ = forwarded_signals();
    signals = sys::above_streams(::signalfd(-1, &forwarded_, SFD_CLOEXEC | SFD_NONBLOCK));
    const int error = signals ? 0 : errno;
    if (!plan.terminal) {
        terminal_ = run::Terminal::find();
        if (terminal_ && takes_terminal(plan) && terminal_->ours()) {
            terminal_->lend();
        }
    } else if (error == 0) {
        pty = std::make_unique<run::PtyRelay>(*plan.terminal);
        if (pty->error() != 0) {
            return pty->error();
        }
        await_foreground();
    }
    return error;
}

void Process::Impl::send(run::Order::Kind kind, int number) const noexcept {
    const run::Order order{kind, number};
    [[maybe_unused]] const ssize_t written = ::write(orders.get(), &order, sizeof order);
}

void Process::Impl::kill() noexcept {
    killed_ = true;
    if (cgroup) {
        cgroup->kill();
    }
    if (plan.joined || (!own_pid_namespace && command > 0)) {
        // It must reap what it started (quit() in child/init.cpp), or kill what the kernel does not end with it.
        // Whoever shares its pid namespace may have stopped it.
        send(run::Order::Kind::abort, 0);
        sys::pidfd_send_signal(init.get(), SIGCONT);
    } else {
        sys::pidfd_send_signal(init.get(), SIGKILL);
    }
}

constexpr int grace_milliseconds = 2000;  // for init to kill and reap what is not in a pid namespace of its own

void Process::Impl::finish() noexcept {
    if (std::exchange(finished_, true)) {
        return;
    }
    if (refusals) {
        refusals->stop();  // from here on we would answer nobody
    }
    if (init) {
        // With a pid namespace of its own init has nothing left to do once the outcome is known - and may be stopped.
        if (!outcome || own_pid_namespace) {
            kill();
        }
        // Who is in a joined pid namespace may stop it again and again.
        pollfd gone{init.get(), POLLIN, 0};
        if (killed_ && plan.inherited.contains(Namespace::pid) && ::poll(&gone, 1, grace_milliseconds) == 0) {
            sys::pidfd_send_signal(init.get(), SIGKILL);
        }
        // Init is gone when all of the sandbox is: the kernel waits for every process of its pid namespace.
        // The system call, which unlike the C library's function says what was used.
        siginfo_t info{};
        rusage used{};
        while (::syscall(SYS_waitid, P_PIDFD, init.get(), &info, WEXITED | __WALL, &used) < 0 && errno == EINTR) {
        }
        note_usage(used);
        if (intermediate > 0) {
            run::reap(intermediate);
        }
    }
    close_cgroup();
    name_limit();
    wall_ = limits::now() - began;
    if (reporter && outcome) {
        reporter->ended(*outcome, usage());
    }
    placeholders.reset();
    changes.reset();  // unlocked: nobody inside writes any more
    thrown_away.reset();
    if (registration && outcome) {
        registration->ended(*outcome);
    }
    registration.reset();
    // Whoever does not read what was written must not keep us past the time.
    const bool at_once = outcome && outcome->limit && *outcome->limit != Limit::output;
    for (run::Relay& relay : relays) {
        relay.finish(signals.get(), at_once);
    }
    if (pty) {
        drain_pty();
        pty->detach();
    }
    if (terminal_) {
        terminal_->restore();
    }
    if (outcome && ended_by_terminal_) {
        end_as_terminal_did(outcome->value);
    }
    if (former_mask_) {
        ::pthread_sigmask(SIG_SETMASK, &*former_mask_, nullptr);
    }
}

Process::Impl::~Impl() {
    finish();
    if (reporter) {
        reporter->ended(outcome.value_or(Outcome{Outcome::Kind::signaled, SIGKILL}), usage());
    }
}

void Process::Impl::handle_status(bool init_ended) {
    run::Status status;
    const ssize_t got = ::read(statuses.get(), &status, sizeof status);
    if (got < 0 && (errno == EINTR || (errno == EAGAIN && !init_ended))) {
        return;
    }
    if (got != static_cast<ssize_t>(sizeof status)) {
        outcome = killed_ ? Outcome{Outcome::Kind::signaled, SIGKILL} : Outcome{Outcome::Kind::lost, 0};
        kill();
        return;
    }
    switch (status.kind) {
        case run::Status::Kind::exited:
            outcome = Outcome{Outcome::Kind::exited, status.value};
            break;
        case run::Status::Kind::signaled:
            outcome = Outcome{Outcome::Kind::signaled, status.value};
            ended_by_terminal_ = status.detail != 0;
            break;
        case run::Status::Kind::stopped:
            command_stopped(status.value);
            break;
        case run::Status::Kind::running:
        case run::Status::Kind::continued:
        case run::Status::Kind::stage_failed:
            break;
    }
}

void Process::Impl::forward(const signalfd_siginfo& info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (pty && signal == SIGCONT) {
        attach_pty();  // raw mode is lost when we were stopped by SIGSTOP
    }
    if (signal == SIGPIPE && info.ssi_pid == static_cast<std::uint32_t>(::getpid())) {
        return;  // of our own making
    }
    // From the terminal it is meant for the whole job, from kill(1) for the command.
    const bool terminal = info.ssi_code == SI_KERNEL;
    if (terminal && pty && pty->signal(signal)) {
        return;
    }
    send(terminal ? run::Order::Kind::signal_group : run::Order::Kind::signal_command, signal);
}

void Process::Impl::hear_signals() {
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        deferred.push_back(info);
    }
}

void Process::Impl::forward_deferred() {
    // They stay in the list meanwhile: is_ending() looks there.
    for (const signalfd_siginfo& signal : deferred) {
        forward(signal);
    }
    deferred.clear();
}

// A wait that is not over after a second is a long one.
int Process::Impl::await(std::vector<pollfd>& watched) {
    constexpr int a_second = 1000;
    const int left = milliseconds_left();
    if (slim_ || !former_mask_ || (left >= 0 && left <= a_second)) {
        return ::poll(watched.data(), watched.size(), left);
    }
    const int found = ::poll(watched.data(), watched.size(), a_second);
    if (found == 0) {
        slim_ = true;
        run::give_back_code();
    }
    return found;
}

Outcome Process::Impl::wait() {
    if (!outcome) {
        if (pty) {
            attach_pty();
        }
        forward_deferred();
    }
    std::vector<pollfd> watched;
    constexpr std::size_t first_relay = 5;
    while (!outcome) {
        // poll(2) passes over a descriptor of -1.
        watched = {{statuses.get(), POLLIN, 0},
                   {signals.get(), POLLIN, 0},
                   {parent.get(), POLLIN, 0},
                   {init.get(), POLLIN, 0},
                   watched_refusals()};
        const bool too_much = budget && budget->exceeded();
        for (const run::Relay& relay : relays) {
            watched.push_back(too_much ? pollfd{-1, 0, 0} : relay.watched());
        }
        if (pty) {
            const auto more = pty->watched();
            watched.insert(watched.end(), more.begin(), more.end());
        }
        if (await(watched) < 0) {
            continue;
        }
        if (watched[2].revents != 0) {
            kill();
            outcome = Outcome{Outcome::Kind::signaled, SIGKILL};
            break;
        }
        if (watched[0].revents != 0 || watched[3].revents != 0) {
            handle_status(watched[3].revents != 0);
        }
        if (watched[1].revents != 0) {
            hear_signals();
            forward_deferred();
        }
        if (watched[4].revents != 0) {
            refusals->act(watched[4].revents);
        }
        for (std::size_t i = 0; i < relays.size(); ++i) {
            if (watched[first_relay + i].revents != 0) {
                relays[i].move();
            }
        }
        if (pty && !outcome) {
            relay_pty(std::span(watched).last<run::PtyRelay::most_watched>());
        }
        if (!outcome) {
            act_on_limits();
        }
    }
    finish();
    if (std::optional<Error> problem = reporter ? reporter->take_problem() : std::nullopt) {
        throw *std::move(problem);
    }
    return *outcome;
}

Process::Process(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Process::Process(Process&&) noexcept = default;
Process& Process::operator=(Process&&) noexcept = default;
Process::~Process() = default;

pid_t Process::pid() const noexcept {
    return impl_->command;
}
Outcome Process::wait() {
    return impl_->wait();
}
void Process::signal(int number) {
    if (!impl_->outcome && number > 0 && number <= SIGRTMAX) {
        impl_->send(run::Order::Kind::signal_command, number);
    }
}
void Process::kill() {
    impl_->kill();
}
const std::vector<Refusal>& Process::refusals() const noexcept {
    static const std::vector<Refusal> none;
    return impl_->refusals ? impl_->refusals->all() : none;
}
Usage Process::usage() const noexcept {
    return impl_->usage();
}
const Trace& Process::trace() const noexcept {
    return impl_->trace;
}

}  // namespace sandbox
