#include "run/launcher.hpp"

#include "plan/cgroup.hpp"
#include "run/child/child.hpp"
#include "run/failure.hpp"
#include "run/given_pipes.hpp"
#include "run/groups.hpp"
#include "run/id_mapped.hpp"
#include "run/id_maps.hpp"
#include "run/intermediate.hpp"
#include "run/process_impl.hpp"
#include "run/program_texts.hpp"
#include "run/start.hpp"
#include "sys/blocked_signals.hpp"
#include "sys/clone.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/wait.h>

namespace sandbox::run {
namespace {

struct Pipe {
    sys::UniqueFd reader;
    sys::UniqueFd writer;
};

using sys::above_streams;

Pipe make_pipe(const plan::Plan& plan) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) {
        throw stage_failure(plan, Stage::pipes, errno);
    }
    Pipe pipe;
    pipe.reader = above_streams(ends[0]);
    pipe.writer = above_streams(ends[1]);
    if (!pipe.reader || !pipe.writer) {
        throw stage_failure(plan, Stage::pipes, errno);
    }
    return pipe;
}

}  // namespace

Start::Start(plan::Plan plan, Settings settings)
    : settings_(std::move(settings)), impl_(std::make_unique<Process::Impl>()) {
    impl_->plan = std::move(plan);
    impl_->registration = std::move(settings_.registration);
    impl_->changes = std::move(settings_.changes);
    impl_->thrown_away = std::move(settings_.thrown_away);
    if (settings_.joined) {
        join_program_ = join_program(*settings_.joined, plan_.joined->owned);
    }
}

Process Start::run() {
    if (settings_.foreground) {
        check(Stage::pipes, impl_->enter_foreground());
    }
    watch_parent();
    impl_->began = settings_.reporter ? settings_.reporter->begin() : limits::now();
    impl_->watch_limits();
    make_cgroup();
    make_placeholders();
    impl_->own_pid_namespace = plan_.fresh.contains(Namespace::pid);
    prepare();
    make_trees();
    check(Stage::pipes, give_pipes(plan_, stream_ends_));
    phase("prepare");
    clone_init();
    phase("clone");
    write_maps();
    phase("maps");
    if (impl_->cgroup) {
        impl_->cgroup->sweep_beside();  // while init is at its steps
    }
    await_command();
    impl_->reporter = settings_.reporter;
    return Process(std::move(impl_));
}

void Start::phase(const char* name) {
    if (settings_.reporter) {
        settings_.reporter->phase(name);
    }
}

void Start::check(Stage stage, int error) {
    if (stage == settings_.fault.stage) {
        error = settings_.fault.error;
    }
    if (error != 0) {
        abandon();
        throw stage_failure(plan_, stage, error);
    }
}

void Start::abandon() {
    impl_->send(Order::Kind::abort, 0);
    impl_->finish();
}

// The parent may be gone before we look: then getppid() names another one by now.
void Start::watch_parent() {
    if (!settings_.die_with_parent) {
        return;
    }
    const pid_t parent = ::getppid();
    impl_->parent = above_streams(parent > 0 ? sys::pidfd_open(parent, 0) : -1);
    if (!impl_->parent || ::getppid() != parent) {
        throw Error("cannot watch the parent process: it is gone or in another pid namespace")
            .with_fix("leave --die-with-parent out");
    }
}

void Start::make_cgroup() {
    check(Stage::cgroup, 0);
    if (!plan_.cgroup) {
        return;
    }
    if (plan_.cgroup->parent.empty()) {
        throw plan::scope_needed(plan_);
    }
    try {
        impl_->cgroup.emplace(*plan_.cgroup, settings_.foreground);
    } catch (const Error&) {
        if (!plan_.cgroup->for_counting) {
            throw;
        }
    }
}

// Init's: its own, or the one of the sandbox that it joins.
int Start::cgroup() const {
    return impl_->cgroup ? impl_->cgroup->descriptor() : settings_.joined ? settings_.joined->cgroup.get() : -1;
}

// Before the clone: what the child mounts on must be there. finish() removes them in every case.
void Start::make_placeholders() {
    if (!plan_.placeholders.empty()) {
        impl_->placeholders = placeholder::Placeholders::make(plan_.placeholders);
    }
    check(Stage::placeholders, 0);
}

void Start::prepare() {
    check(Stage::pipes, 0);
    Pipe orders = make_pipe(plan_);
    Pipe statuses = make_pipe(plan_);
    Pipe reports = make_pipe(plan_);
    impl_->orders = std::move(orders.writer);
    impl_->orders_reader = std::move(orders.reader);
    impl_->statuses = std::move(statuses.reader);
    status_writer_ = std::move(statuses.writer);
    reports_ = std::move(reports.reader);
    // Read until they are empty, not until they are closed: a process that another thread forks may keep them open.
    ::fcntl(reports_.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(impl_->statuses.get(), F_SETFL, O_NONBLOCK);
    report_writer_ = std::move(reports.writer);
    self_ = above_streams(sys::pidfd_open(::getpid(), 0));
    if (!self_) {
        throw stage_failure(plan_, Stage::pipes, errno);
    }
    prepare_relays();
    prepare_terminal();
    prepare_refusals();
}

void Start::make_trees() {
    check(Stage::id_mapped, 0);
    trees_.emplace(plan_, self_.get());
}

void Start::prepare_refusals() {
    for (const plan::Step& step : plan_.steps) {
        if (const auto* seccomp = std::get_if<plan::Seccomp>(&step); seccomp != nullptr && !seccomp->told.empty()) {
            impl_->refusals.emplace(seccomp->program);
            check(Stage::refusals, impl_->refusals->open());
        }
    }
}

void Start::prepare_terminal() {
    if (!impl_->pty) {
        return;
    }
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        throw stage_failure(plan_, Stage::pipes, errno);
    }
    terminal_ = sys::above_streams(ends[0]);
    terminal_sender_ = sys::above_streams(ends[1]);
    if (!terminal_ || !terminal_sender_) {
        throw stage_failure(plan_, Stage::pipes, errno);
    }
    impl_->pty->count(impl_->budget ? &*impl_->budget : nullptr);
    terminal_program_ = impl_->pty->program(terminal_sender_.get());
}

void Start::prepare_relays() {
    for (int fd = 0; fd <= 2; ++fd) {
        const auto index = static_cast<std::size_t>(fd);
        if (!plan_.relayed[index]) {
            continue;
        }
        if (fd == 2 && plan_.errors_with_output) {
            stream_ends_[2] = above_streams(::fcntl(stream_ends_[1].get(), F_DUPFD_CLOEXEC, 3));
            continue;
        }
        Pipe pipe = make_pipe(plan_);
        if (fd == 0) {
            ::fcntl(pipe.writer.get(), F_SETFL, O_NONBLOCK);
            stream_ends_[0] = sys::UniqueFd(::fcntl(pipe.reader.get(), F_DUPFD_CLOEXEC, 3));
            impl_->relays.emplace_back(fd, true, std::move(pipe.writer), std::move(pipe.reader));
        } else {
            ::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK);
            stream_ends_[index] = std::move(pipe.writer);
            limits::Budget* const budget = impl_->budget ? &*impl_->budget : nullptr;
            impl_->relays.emplace_back(fd, false, std::move(pipe.reader), sys::UniqueFd(), budget);
        }
    }
}

void Start::fill(InitProgram& program) {
    program.trace = settings_.trace;
    program.inodes = settings_.trace || impl_->registration;
    program.joined = settings_.joined ? &join_program_ : nullptr;
    program.die_with_thread = settings_.foreground;
    program.order = impl_->orders_reader.get();
    program.status = status_writer_.get();
    program.report = report_writer_.get();
    program.launcher = self_.get();
    program.parent = impl_->parent.get();
    for (std::size_t fd = 0; fd < stream_ends_.size(); ++fd) {
        program.streams[fd] = stream_ends_[fd].get();
    }
    program.terminal = impl_->pty ? &terminal_program_ : nullptr;
    program.trees = trees_->parts().data();
    program.tree_count = trees_->parts().size();
    program.take_ids = plan_.private_ids;
    program.refusals = impl_->refusals ? impl_->refusals->sender() : -1;
    program.fault_step = settings_.fault.step.value_or(SIZE_MAX);
    program.fault_stage = settings_.fault.stage;
    program.fault_error = settings_.fault.error;
}

// With everything blocked: no handler of the caller's may run in the child, and init never takes a signal. No exit
// signal: a caller's wait(-1) or SIGCHLD handler never sees init. `placed`: it is in the cgroup.
Born Start::make_init(const InitProgram& program, int& pidfd, bool& placed) {
    Born born{-1, Stage::clone_init, settings_.fault.error};
    if (settings_.fault.stage == Stage::clone_init) {
        return born;
    }
    if (settings_.inherited) {
        born = clone_in_inherited(plan_, *settings_.inherited, program, impl_->signals.get(), cgroup(),
                                  impl_->intermediate);
        pidfd = born.init > 0 ? sys::pidfd_open(born.init, 0) : -1;
        placed = true;
        return born;
    }
    clone_args arguments{};
    arguments.flags = plan_.init_clone_flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    if (cgroup() >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup());
    }
    born.init = sys::clone_process(arguments);
    born.error = errno;
    if (born.init == 0) {
        run_init(program);
    }
    placed = cgroup() < 0 || (arguments.flags & CLONE_INTO_CGROUP) != 0;
    return born;
}

void Start::hold_init(int pidfd) {
    impl_->init_pid = init_pid_;
    impl_->init = above_streams(pidfd);
    if (!impl_->init) {
        const int lost = errno;
        ::kill(init_pid_, SIGKILL);
        ::waitpid(init_pid_, nullptr, __WALL);
        check(Stage::clone_init, lost);
    }
    if (impl_->placeholders) {
        impl_->placeholders->started(init_pid_);
    }
    if (impl_->changes) {
        impl_->changes->held_by(init_pid_);
    }
    if (impl_->thrown_away) {
        impl_->thrown_away->held_by(init_pid_);
    }
}

void Start::clone_init() {
    program_texts_.emplace(plan_);
    InitProgram program = program_texts_->program();
    fill(program);
    GroupsAside groups;
    check(Stage::groups, plan_.drop_groups ? groups.remember() : 0);
    check(Stage::groups, plan_.drop_groups ? groups.drop() : 0);
    int pidfd = -1;
    bool placed = false;
    Born born;
    int unrestored = 0;
    {
        const sys::BlockedSignals blocked;
        born = make_init(program, pidfd, placed);
        unrestored = plan_.drop_groups ? groups.restore() : 0;
    }
    init_pid_ = born.init;
    if (init_pid_ < 0) {
        check(born.stage, born.error);
    }
    hold_init(pidfd);
    check(Stage::cgroup, placed ? 0 : limits::adopt(cgroup(), init_pid_));  // it waits for the order to go
    check(Stage::groups, unrestored);
    if (settings_.inherited && born.stage != Stage::none) {
        check(born.stage, born.error);  // of the maps
    }
    let_go();
}

// What is init's alone by now.
void Start::let_go() {
    report_writer_.reset();
    status_writer_.reset();
    trees_.reset();
    stream_ends_ = {};
    terminal_sender_.reset();
    if (impl_->refusals) {
        impl_->refusals->let_go_of_sender();
    }
}

void Start::write_maps() {
    if (settings_.joined || (settings_.inherited && settings_.inherited->owner)) {
        say_go();  // the maps are written
        return;
    }
    const std::string path = "/proc/" + std::to_string(init_pid_);
    const sys::UniqueFd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    check(Stage::uid_map, directory ? 0 : errno);
    try {
        check(Stage::uid_map, write_uid_map(plan_, init_pid_, directory.get()));
        // Without privileges a gid_map may be written only after setgroups is denied (CVE-2014-8989).
        check(Stage::setgroups, plan_.setgroups ? 0 : write_map_file(directory.get(), "setgroups", "deny"));
        check(Stage::gid_map, write_gid_map(plan_, init_pid_, directory.get()));
    } catch (const HelperFailure& failure) {
        abandon();
        throw map_failure(plan_, failure);
    }
    say_go();
}

void Start::say_go() {
    const Order go{Order::Kind::go, 0};
    const bool sent = settings_.fault.stage != Stage::handshake &&
                      ::write(impl_->orders.get(), &go, sizeof go) == static_cast<ssize_t>(sizeof go);
    check(Stage::handshake, sent ? 0 : errno);
}

Process start(plan::Plan plan, Settings settings) {
    return Start(std::move(plan), std::move(settings)).run();
}

}  // namespace sandbox::run
