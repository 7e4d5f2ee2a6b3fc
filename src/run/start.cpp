// The second half of a start: the launcher listens until the command runs, or nobody will.
#include "run/start.hpp"

#include "run/failure.hpp"
#include "spec/namespaces.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>

#include <poll.h>
#include <sys/signalfd.h>

namespace sandbox::run {

// Until init says that the command runs, or somebody that it does not.
void Start::await_command() {
    for (bool running = false; !running;) {
        // Init speaks last in every case: reports are waited for where they could fill the pipe.
        std::array<pollfd, 5> watched{{{settings_.trace ? reports_.get() : -1, POLLIN, 0},
                                       {impl_->statuses.get(), POLLIN, 0},
                                       {impl_->init.get(), POLLIN, 0},
                                       {impl_->signals.get(), POLLIN, 0},
                                       impl_->watched_refusals()}};
        if (::poll(watched.data(), watched.size(), impl_->milliseconds_left()) < 0) {
            continue;
        }
        impl_->act_on_limits();
        // exec itself may be refused for its arguments, and waits for the answer then.
        if (watched[4].revents != 0) {
            impl_->refusals->act(watched[4].revents);
        }
        // In this order: a report is written before what init says of it.
        running = (watched[1].revents != 0 && read_statuses()) || watched[2].revents != 0;
        read_reports();
        if (failed_) {
            impl_->finish();
            throw step_failure(plan_, failed_->step, failed_->error);
        }
        if (!running && impl_->is_over_a_limit()) {
            end_start(SIGKILL);
            return;
        }
        if (!running && !executing_ && watched[3].revents != 0 && interrupted()) {
            end_start(ending_signal_);
            return;
        }
        if (executing_ && watched[3].revents != 0) {
            hear_signals();
        }
    }
    finish_start();
}

// There is no command yet that could do anything about it.
void Start::end_start(int signal) {
    impl_->reporter = settings_.reporter;
    impl_->kill();
    impl_->outcome = Outcome{Outcome::Kind::signaled, signal};
    impl_->finish();
}

void Start::read_reports() {
    Report report;
    ssize_t got = 0;
    while ((got = ::read(reports_.get(), &report, sizeof report)) == static_cast<ssize_t>(sizeof report)) {
        switch (report.kind) {
            case Report::Kind::failed:
                failed_ = report;
                break;
            case Report::Kind::step_done:
                impl_->trace.steps.push_back({report.step + 1, plan::step_name(plan_.steps[report.step]),
                                              plan::step_subject(plan_.steps[report.step]), report.value});
                break;
            case Report::Kind::inode:
                impl_->trace.namespaces[report.step].inside = static_cast<std::uint64_t>(report.value);
                break;
            case Report::Kind::executing:
                executing_ = true;
                break;
        }
    }
    if (got == 0) {
        reports_.reset();  // at its end poll(2) would return at once, again and again, until init speaks
    }
}

// Whether init is past the start, in one way or the other. What it says later is for wait().
bool Start::read_statuses() {
    Status status;
    while (::read(impl_->statuses.get(), &status, sizeof status) == static_cast<ssize_t>(sizeof status)) {
        switch (status.kind) {
            case Status::Kind::stage_failed:
                failed_stage_ = status;
                return true;
            case Status::Kind::running:
                impl_->command = status.value;
                running_ = true;
                return true;
            default:
                break;  // an end without a start: init closes the pipe behind it
        }
    }
    return false;
}

void Start::finish_start() {
    // What init wrote before it ended.
    while (!running_ && !failed_stage_ && read_statuses()) {
    }
    if (running_ && executing_) {
        if (impl_->pty) {
            check(Stage::terminal, impl_->pty->receive(terminal_.get()));
        }
        check(Stage::refusals, impl_->refusals ? impl_->refusals->receive() : 0);
        settings_.joined.reset();
        complete_trace();
        tell_registry();
        phase("steps");
        return;
    }
    impl_->finish();
    if (failed_stage_) {
        throw stage_failure(plan_, static_cast<Stage>(failed_stage_->value), failed_stage_->detail);
    }
    throw lost_failure(plan_);
}

bool Start::interrupted() {
    hear_signals();
    if (ending_signal_ == 0) {
        return false;
    }
    // Behind the signal: what came after exec is the command's.
    read_reports();
    return !executing_ && !failed_;
}

// A signal that ends programs and comes while the sandbox is being made ends it; the others wait for the command.
void Start::hear_signals() {
    impl_->hear_signals();
    for (const signalfd_siginfo& signal : impl_->deferred) {
        if (ends_programs(static_cast<int>(signal.ssi_signo))) {
            ending_signal_ = static_cast<int>(signal.ssi_signo);
        }
    }
}

// What cannot be found again is no sandbox with a name.
void Start::tell_registry() {
    if (!impl_->registration) {
        return;
    }
    registry::Running running = std::move(settings_.described);
    running.init = registry::identify_process(init_pid_);
    running.command = registry::identify_process(impl_->command);
    running.sandbox.started = std::time(nullptr);
    running.sandbox.cgroup = impl_->cgroup ? impl_->cgroup->path() : std::string();
    running.sandbox.namespaces = impl_->trace.namespaces;
    try {
        impl_->registration->running(running);
    } catch (const Error&) {
        impl_->finish();
        throw;
    }
}

void Start::complete_trace() {
    if (!settings_.trace && !impl_->registration) {
        return;
    }
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        impl_->trace.namespaces[static_cast<std::size_t>(row.kind)].outside = own_inode(row.name);
    }
    impl_->trace.notes = plan_.notes;
}

}  // namespace sandbox::run
