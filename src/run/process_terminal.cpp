// The launcher and the terminal of its caller: who is in the foreground, who is stopped, and what goes through a
// terminal of the command's own.
#include "run/process_impl.hpp"

#include <algorithm>
#include <csignal>
#include <ctime>

namespace sandbox {

// Ctrl-C ended the command, which has a process group of its own. The terminal would have sent it to ours, too: to the
// rest of a pipeline, and to the script that called us, which goes on unless it sees its child die of the signal.
void Process::Impl::end_as_terminal_did(int signal) const {
    if ((!terminal_ && !pty) || (signal != SIGINT && signal != SIGQUIT)) {
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
    // The command may hold it: a pid 1 reads in vain, each time with a SIGTTIN, until init stops it for the first of
    // these. One of the others can be heard after the shell's `fg`.
    if (terminal_ && wants_terminal && (terminal_->ours() || terminal_->held_by(command))) {
        give_terminal();
        return;
    }
    if (!former_mask_ || (!terminal_ && !pty && signal == SIGSTOP)) {
        return;  // a library caller's; or the command's own affair
    }
    // We stop with it, so that the shell notices. If that is not possible the command goes on at once.
    if (terminal_) {
        terminal_->suspend();
    }
    if (pty) {
        drain_pty();  // an editor has just put the screen in order
        pty->detach();
    }
    stop_ourselves(signal == SIGSTOP ? SIGTSTP : signal);
    if (pty) {
        attach_pty();
    }
    give_terminal();
    forward_deferred();
}

bool Process::Impl::stop_ourselves(int signal) const {
    sigset_t stops;
    sigemptyset(&stops);
    for (const int stop : {SIGTSTP, SIGTTIN, SIGTTOU}) {
        sigaddset(&stops, stop);
    }
    const run::WakeUp wake_up(watch ? watch->deadline() : std::nullopt);
    ::kill(terminal_ || pty ? 0 : ::getpid(), signal);
    ::pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);  // stopped here
    ::pthread_sigmask(SIG_BLOCK, &stops, nullptr);
    // The stop has thrown away every SIGCONT from before it. The command gets one of its own.
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGCONT);
    const timespec at_once{};
    return ::sigtimedwait(&only, nullptr, &at_once) == SIGCONT;
}

// In the background a program that reads the keyboard is stopped until the shell's `fg`. `bg` does not help it.
void Process::Impl::await_foreground() const {
    while (pty->must_wait() && !is_ending() && stop_ourselves(SIGTTIN)) {
    }
}

// Whether a signal that ends programs has come: a shell's `kill %1` sends it to a stopped job, and SIGCONT behind it.
// Or the time is up.
bool Process::Impl::is_ending() const {
    if (is_over_a_limit()) {
        return true;
    }
    sigset_t pending;
    sigemptyset(&pending);
    ::sigpending(&pending);
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        if (sigismember(&pending, signal) == 1 && sigismember(&forwarded_, signal) == 1 && ends_programs(signal)) {
            return true;
        }
    }
    return std::any_of(deferred.begin(), deferred.end(), [](const signalfd_siginfo& signal) {
        return ends_programs(static_cast<int>(signal.ssi_signo));
    });
}

void Process::Impl::attach_pty() {
    await_foreground();
    pty->attach();
}

void Process::Impl::drain_pty() {
    while (!pty->drain(signals.get())) {
        hear_signals();
        if (is_ending()) {
            return;
        }
    }
}

void Process::Impl::relay_pty(std::span<const pollfd, run::PtyRelay::most_watched> found) {
    switch (pty->move(found)) {
        case run::PtyRelay::Event::none:
            break;
        case run::PtyRelay::Event::background:
            attach_pty();
            break;
        case run::PtyRelay::Event::hung_up:
            pty->hang_up();
            send(run::Order::Kind::signal_group, SIGHUP);
            break;
    }
}

void Process::Impl::give_terminal() {
    if (terminal_ && terminal_->ours()) {
        terminal_->give_to(command);
    }
    send(run::Order::Kind::signal_group, SIGCONT);
}

}  // namespace sandbox
