// Supervising a running sandbox: its end, its stops, the signals and the terminal of the caller.
#include "run/process_impl.hpp"
#include "sys/syscalls.hpp"

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

}  // namespace

int Outcome::exit_status() const noexcept {
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
    const sigset_t set = forwarded_signals();
    signals = sys::above_streams(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    const int error = signals ? 0 : errno;
    terminal_ = run::Terminal::find();
    return error;
}

void Process::Impl::send(run::Order::Kind kind, int number) const noexcept {
    const run::Order order{kind, number};
    [[maybe_unused]] const ssize_t written = ::write(orders.get(), &order, sizeof order);
}

void Process::Impl::kill() noexcept {
    killed_ = true;
    sys::pidfd_send_signal(init.get(), SIGKILL);
}

void Process::Impl::finish() noexcept {
    if (std::exchange(finished_, true)) {
        return;
    }
    if (init) {
        // With a pid namespace of its own init has nothing left to do once the outcome is known - and may be stopped.
        if (!outcome || own_pid_namespace) {
            kill();
        }
        // Init is gone when all of the sandbox is: the kernel waits for every process of its pid namespace.
        siginfo_t info{};
        while (::waitid(P_PIDFD, static_cast<id_t>(init.get()), &info, WEXITED | __WALL) < 0 && errno == EINTR) {
        }
    }
    placeholders.reset();
    for (run::Relay& relay : relays) {
        relay.finish();
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
}

// Ctrl-C ended the command, which has a process group of its own. The terminal would have sent it to ours, too: to the
// rest of a pipeline, and to the script that called us, which goes on unless it sees its child die of the signal.
void Process::Impl::end_as_terminal_did(int signal) const {
    if (!terminal_ || (signal != SIGINT && signal != SIGQUIT)) {
        return;
    }
    ::kill(0, signal);
    if (::getpgrp() == ::getpid()) {
        sigset_t only;
        sigemptyset(&only);
        sigaddset(&only, signal);
        const timespec at_once{};
        ::sigtimedwait(&only, nullptr, &at_once);  // our own copy: we lead the group, and exit with 128+N
    }
}

void Process::Impl::command_stopped(int signal) {
    const bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
    if (terminal_ && wants_terminal && terminal_->ours()) {
        give_terminal();
        return;
    }
    if (!former_mask_ || (!terminal_ && signal == SIGSTOP)) {
        return;  // a library caller's; or the command's own affair
    }
    // We stop with it, so that the shell notices, and at a terminal with us our whole group, as that would have done
    // it. A signal that is ignored or has no shell behind it (an orphaned group) does not stop us: then we go on at
    // once.
    if (terminal_) {
        terminal_->suspend();
    }
    sigset_t stops;
    sigemptyset(&stops);
    for (const int stop : {SIGTSTP, SIGTTIN, SIGTTOU}) {
        sigaddset(&stops, stop);
    }
    ::kill(terminal_ ? 0 : ::getpid(), signal == SIGSTOP ? SIGTSTP : signal);
    ::pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);  // stopped here
    ::pthread_sigmask(SIG_BLOCK, &stops, nullptr);
    give_terminal();
}

void Process::Impl::give_terminal() {
    if (terminal_ && terminal_->ours()) {
        terminal_->give_to(command);
    }
    send(run::Order::Kind::signal_group, SIGCONT);
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

void Process::Impl::forward(const signalfd_siginfo& info) const {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGPIPE && info.ssi_pid == static_cast<std::uint32_t>(::getpid())) {
        return;  // of our own making
    }
    // From the terminal it is meant for the whole job, from kill(1) for the command.
    const bool terminal = info.ssi_code == SI_KERNEL;
    send(terminal ? run::Order::Kind::signal_group : run::Order::Kind::signal_command, signal);
}

void Process::Impl::handle_signals() {
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        forward(info);
    }
}

Outcome Process::Impl::wait() {
    if (!outcome) {
        for (const signalfd_siginfo& signal : std::exchange(deferred, {})) {
            forward(signal);
        }
    }
    std::vector<pollfd> watched;
    constexpr std::size_t first_relay = 4;
    while (!outcome) {
        // poll(2) passes over a descriptor of -1.
        watched = {{statuses.get(), POLLIN, 0},
                   {signals.get(), POLLIN, 0},
                   {parent.get(), POLLIN, 0},
                   {init.get(), POLLIN, 0}};
        for (const run::Relay& relay : relays) {
            watched.push_back(relay.watched());
        }
        if (::poll(watched.data(), watched.size(), -1) < 0) {
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
            handle_signals();
        }
        for (std::size_t i = 0; i < relays.size(); ++i) {
            if (watched[first_relay + i].revents != 0) {
                relays[i].move();
            }
        }
    }
    finish();
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
const Trace& Process::trace() const noexcept {
    return impl_->trace;
}

}  // namespace sandbox
