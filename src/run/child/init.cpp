// Init: pid 1 of the outer pid namespace, in the setup user namespace, for as long as the sandbox lives.
//
// It makes the setup child, writes the guest's id maps, then gives up everything but its pipes and waits: for the
// command's end, for orders of the launcher, for the launcher's death, for what the terminal sends. When it dies, the
// kernel kills everything inside. It has the kuid of the guest, who can lower its limits and send it signals: so from
// then on it needs no new descriptor, no memory, and no signal is delivered to it (all are blocked; it reads some from
// a signalfd). See child.hpp for the rules.
#include "run/child/child.hpp"
#include "run/child/steps.hpp"
#include "run/child/supervise.hpp"
#include "run/child/walk.hpp"
#include "sys/clone.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

namespace sandbox::run {
namespace {

// In a pid namespace of its own init takes the setup child with it. Of one that was joined it is no part: a child that
// nobody reaps would keep that sandbox from ending.
[[noreturn]] void quit(const InitProgram& program, pid_t child) noexcept {
    if (program.joined != nullptr && child > 0) {
        siginfo_t info{};
        ::kill(child, SIGKILL);
        while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED) < 0 && errno == EINTR) {
        }
    }
    ::_exit(125);
}

void check(const InitProgram& program, Stage stage, int error, pid_t child = -1) noexcept {
    if (stage == program.fault_stage) {
        error = program.fault_error;
    }
    if (error != 0) {
        const Status status{Status::Kind::stage_failed, static_cast<std::int32_t>(stage), error};
        [[maybe_unused]] const ssize_t written = ::write(program.status, &status, sizeof status);
        quit(program, child);
    }
}

// The smallest of the descriptors to keep that is not below `from`, or -1.
int next_kept(const int* kept, std::size_t count, int from, int best) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        if (kept[i] >= from && (best < 0 || kept[i] < best)) {
            best = kept[i];
        }
    }
    return best;
}

int next_tree(const InitProgram& program, int from, int best) noexcept {
    for (std::size_t i = 0; i < program.tree_count; ++i) {
        best = next_kept(&program.trees[i].tree, 1, from, best);
    }
    return best;
}

// Closes every descriptor from 3 up that is neither in `keep` nor passed to the command.
template <std::size_t Count>
void close_all_but(const int (&keep)[Count], const InitProgram& program) noexcept {
    int from = 3;
    for (;;) {
        const int kept = next_kept(program.passed, program.passed_count, from,
                                   next_tree(program, from, next_kept(keep, Count, from, -1)));
        if (kept < 0) {
            sys::close_range(static_cast<unsigned>(from), ~0U, 0);
            return;
        }
        if (kept > from) {
            sys::close_range(static_cast<unsigned>(from), static_cast<unsigned>(kept) - 1, 0);
        }
        from = kept + 1;
    }
}

// Descriptors 0-2 that the caller had closed would be given to the next file that anybody opens.
void open_missing_streams() noexcept {
    for (int fd = 0; fd <= 2; ++fd) {
        if (::fcntl(fd, F_GETFD) < 0) {
            [[maybe_unused]] const int opened = ::open("/dev/null", O_RDWR);
        }
    }
}

bool replace_streams(const InitProgram& program) noexcept {
    for (int fd = 0; fd <= 2; ++fd) {
        if (program.streams[fd] >= 0 && ::dup2(program.streams[fd], fd) != fd) {
            return false;
        }
    }
    return true;
}

// Reads a message, but for as long as the launcher and its parent live only: the end of a pipe says nothing while a
// copy of its other end is in a process that another thread of the launcher forked.
ssize_t read_while_wanted(const InitProgram& program, int fd, void* data, std::size_t size, pid_t child = -1) noexcept {
    // An order that comes while the child sets up is to abort.
    const int order = program.joined != nullptr && child > 0 ? program.order : -1;
    pollfd watched[] = {
        {fd, POLLIN, 0}, {program.launcher, POLLIN, 0}, {program.parent, POLLIN, 0}, {order, POLLIN, 0}};
    while (::poll(watched, 4, -1) < 0) {
    }
    if (watched[1].revents != 0 || watched[2].revents != 0 || watched[3].revents != 0) {
        quit(program, child);
    }
    return ::read(fd, data, size);
}

void await_go(const InitProgram& program) noexcept {
    Order order;
    const ssize_t got = read_while_wanted(program, program.order, &order, sizeof order);
    if (got != static_cast<ssize_t>(sizeof order) || order.kind != Order::Kind::go) {
        ::_exit(125);  // end of file: the launcher is dead; abort: it has said why
    }
}

int make_time_namespace(const InitProgram& program) noexcept {
    if (::unshare(CLONE_NEWTIME) < 0) {
        return errno;
    }
    return write_file(AT_FDCWD, "/proc/self/timens_offsets", program.time_offsets);
}

int make_network(std::uint64_t flags) noexcept {
    if (flags == 0) {
        return 0;
    }
    return ::syscall(SYS_unshare, flags) < 0 ? errno : raise_loopback();
}

struct Links {
    int announce[2] = {-1, -1};  // setup child to init
    int proceed[2] = {-1, -1};   // init to setup child
};

pid_t clone_setup_child(const InitProgram& program, SetupContext context, const Links& links) noexcept {
    clone_args arguments{};
    arguments.flags = program.command_clone_flags | CLONE_CLEAR_SIGHAND;
    arguments.exit_signal = SIGCHLD;
    const pid_t child = sys::clone_process(arguments);
    if (child == 0) {
        ::close(links.announce[0]);
        ::close(links.proceed[1]);
        ::close(program.order);
        ::close(program.status);
        context.announce = links.announce[1];
        context.proceed = links.proceed[0];
        if (!program.own_pid_namespace) {
            // Nobody else ends the command when init is killed; it can be cleared inside, and --explain says so.
            ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        }
        run_setup(program, context);
    }
    return child;
}

// The guest's maps, through the host's /proc: a process of the parent user namespace may write them, once each.
void write_guest_maps(const InitProgram& program, int host_proc, const char* pid) noexcept {
    const int directory = ::openat(host_proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(program, Stage::guest_uid_map,
          directory < 0 ? errno : write_file(directory, "uid_map", program.guest_uid_map));
    check(program, Stage::guest_gid_map, write_file(directory, "gid_map", program.guest_gid_map));
    ::close(directory);
}

int parse_pid(const char* text) noexcept {
    int value = 0;
    for (; *text >= '0' && *text <= '9'; ++text) {
        value = value * 10 + (*text - '0');
    }
    return value;
}

int open_below(int host_proc, const char* pid, const char* name) noexcept {
    const int directory = ::openat(host_proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return -1;
    }
    const int fd = ::openat(directory, name, O_RDONLY | O_CLOEXEC);
    const int error = errno;
    ::close(directory);
    errno = error;
    return fd;
}

int child_signals() noexcept {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Nothing of the launcher's memory image is anybody's business inside: argv and environment are wiped in this copy
// (settle()), and the rest is unreadable. Only now: an undumpable process's own children cannot have their maps
// written.
void hide() noexcept {
    ::prctl(PR_SET_NAME, "sandbox-init", 0, 0, 0);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void die_with_launcher(const InitProgram& program) noexcept {
    if (program.die_with_thread && program.joined == nullptr) {
        // A stopped init cannot notice the launcher's death: the kernel's SIGKILL ends it all the same.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    }
}

// The ids of the caller, root of the host, are not mapped here: what is made would be nobody's, and much that is closed
// to users would be open. The raw calls, as for ChangeIds.
int take_ids(const InitProgram& program) noexcept {
    if (!program.take_ids) {
        return 0;
    }
    if (::syscall(SYS_setresgid, 0, 0, 0) < 0 || ::syscall(SYS_setresuid, 0, 0, 0) < 0) {
        return errno;
    }
    // A change of ids takes both off. Who joins writes no maps, and nobody inside may read its memory.
    if (program.joined == nullptr) {
        ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    }
    die_with_launcher(program);
    return 0;
}

// Before anything of the sandbox exists: what init is to the launcher and to its own children.
void settle(const InitProgram& program) noexcept {
    wipe_arguments(program);
    int keep[13 + most_joined] = {program.order,       program.status,
                                  program.report,      program.launcher,
                                  program.parent,      program.streams[0],
                                  program.streams[1],  program.streams[2],
                                  program.refusals,    program.terminal != nullptr ? program.terminal->launcher : -1,
                                  program.views.proc,  program.views.sysfs,
                                  program.views.mqueue};
    for (std::size_t i = 0; i < most_joined; ++i) {
        keep[13 + i] = program.joined != nullptr ? program.joined->all[i] : -1;
    }
    close_all_but(keep, program);
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &plain, nullptr);  // ignored in the caller it would lose us the command's status
    if (!program.own_pid_namespace) {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    }
    die_with_launcher(program);
}

void prepare(const InitProgram& program, SetupContext& context, Links& links) noexcept {
    open_missing_streams();
    context.host_proc = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    context.cwd = ::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    // Root of the host may stand where nobody else may enter, its own init included: there the launcher has taken all
    // that is relative to it.
    const bool stands = context.cwd >= 0 || (program.take_ids && errno == EACCES);
    context.init = sys::pidfd_open(::getpid(), 0);
    context.views = program.views;
    // Away from the caller's directory, which would otherwise be reachable through init for as long as it lives.
    const bool prepared = context.host_proc >= 0 && stands && context.init >= 0 && ::chdir("/") == 0 &&
                          ::pipe2(links.announce, O_CLOEXEC) == 0 && ::pipe2(links.proceed, O_CLOEXEC) == 0 &&
                          replace_streams(program);
    check(program, Stage::init_prepare, prepared ? 0 : errno);
    if (program.joined != nullptr) {
        check(program, Stage::join, join_namespaces(program));
    }
    // Behind the descriptors above: a directory that only root of the host may enter is the caller's current one.
    check(program, Stage::init_ids, take_ids(program));
    check(program, Stage::terminal, program.terminal != nullptr ? make_terminal(*program.terminal, context) : 0);
    if (program.time_offsets != nullptr) {
        check(program, Stage::time_namespace, make_time_namespace(program));
    }
}

// What only the setup child needs from here on, descriptors 0-2 included.
void let_go(const InitProgram& program, const SetupContext& context, const Links& links) noexcept {
    for (const int fd : {links.announce[1], links.proceed[0], program.report, program.refusals, context.cwd,
                         context.init, context.terminal, context.devpts, context.views.sysfs, context.views.mqueue}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
    for (const int stream : program.streams) {
        if (stream >= 0) {
            ::close(stream);
        }
    }
    for (std::size_t i = 0; i < program.passed_count; ++i) {
        ::close(program.passed[i]);
    }
    for (std::size_t i = 0; program.joined != nullptr && i < most_joined; ++i) {
        if (program.joined->all[i] >= 0) {
            ::close(program.joined->all[i]);
        }
    }
    for (std::size_t i = 0; i < program.tree_count; ++i) {
        ::close(program.trees[i].tree);
    }
    sys::close_range(0, 2, 0);
}

// The setup child is in the guest user namespace and says by which number the host's /proc knows it.
void await_guest(const InitProgram& program, const Links& links, pid_t command, char* pid, std::size_t size) noexcept {
    if (read_while_wanted(program, links.announce[0], pid, size, command) > 0) {
        return;
    }
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(command), &info, WEXITED);
    check(program, Stage::setup, info.si_code == CLD_EXITED ? 0 : info.si_status);
    ::_exit(125);  // it has reported why
}

// The user namespace between the setup one and the guest's gets the former's ids under the same numbers. Init joins it:
// maps are written by a process of the parent user namespace.
void join_quota_userns(const InitProgram& program, int host_proc, const Links& links, pid_t command) noexcept {
    char pid[24] = {};
    await_guest(program, links, command, pid, sizeof pid - 1);
    const int directory = ::openat(host_proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = directory < 0 ? errno : write_file(directory, "uid_map", program.quota_uid_map);
    if (error == 0) {
        error = write_file(directory, "gid_map", program.quota_gid_map);
    }
    const int userns = error == 0 ? ::openat(directory, "ns/user", O_RDONLY | O_CLOEXEC) : -1;
    if (error == 0 && (userns < 0 || ::setns(userns, CLONE_NEWUSER) < 0)) {
        error = errno;
    }
    check(program, Stage::quota_userns, error, command);
    ::close(userns);
    ::close(directory);
    die_with_launcher(program);  // a change of credentials takes it off
    [[maybe_unused]] const ssize_t joined = ::write(links.proceed[1], "", 1);
}

int watch_command(Supervision& supervision, const SetupContext& context, const char* pid) noexcept {
    const int host_proc = context.host_proc;
    supervision.signals = child_signals();
    supervision.command_status = open_below(host_proc, pid, "status");
    supervision.command_syscall = open_below(host_proc, pid, "syscall");
    if (supervision.signals < 0 || supervision.command_status < 0) {
        return errno;
    }
    if (!supervision.program->own_pid_namespace) {
        // By the numbers of our own pid namespace, which may be one that was joined.
        const int proc = context.views.proc >= 0 ? context.views.proc : host_proc;
        supervision.children = open_below(proc, "thread-self", "children");
        return supervision.children < 0 ? errno : 0;
    }
    return 0;
}

}  // namespace

// Before there is a child: others in a pid namespace that is joined may read /proc/PID/cmdline of whoever comes in, and
// ask for no right.
void wipe_arguments(const InitProgram& program) noexcept {
    if (program.argument_area != nullptr) {
        std::memset(program.argument_area, 0, program.argument_area_size);
    }
}

void run_init(const InitProgram& program) noexcept {
    settle(program);
    await_go(program);
    SetupContext context;
    Links links;
    prepare(program, context, links);
    const pid_t command = clone_setup_child(program, context, links);
    check(program, Stage::clone_command, command < 0 ? errno : 0, command);
    let_go(program, context, links);

    // While the setup child mounts: the network namespace takes as long as all of that.
    check(program, Stage::network, make_network(program.init_unshare_flags), command);
    if (program.init_unshare_flags != 0) {
        [[maybe_unused]] const ssize_t told = ::write(links.proceed[1], "", 1);
    }
    if (program.quota_uid_map != nullptr) {
        join_quota_userns(program, context.host_proc, links, command);
    }
    char pid[24] = {};
    await_guest(program, links, command, pid, sizeof pid - 1);
    if (program.joined == nullptr) {
        write_guest_maps(program, context.host_proc, pid);
        // The setup child goes on while init gives up what it had, and waits for that at its step `init-confined`.
        [[maybe_unused]] const ssize_t mapped = ::write(links.proceed[1], "", 1);
    }

    Supervision supervision;
    supervision.program = &program;
    supervision.command = command;
    supervision.host_pid = parse_pid(pid);
    supervision.announce = links.announce[0];
    supervision.proceed = links.proceed[1];
    int error = watch_command(supervision, context, pid);
    ::close(context.host_proc);
    if (context.views.proc >= 0) {
        ::close(context.views.proc);
    }
    hide();
    if (program.listen && error == 0) {
        error = start_listener(supervision);
    }
    // Last, so that no child holds a copy.
    if (error == 0) {
        error = watch_events(supervision);
    }
    check(program, Stage::init_supervision, error, command);
    supervise(supervision);
}

}  // namespace sandbox::run
