// Init waiting: signals in, statuses out. See child.hpp for the rules.
#include "run/child/supervise.hpp"
#include "run/child/steps.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <sys/wait.h>

namespace sandbox::run {
namespace {

constexpr int most_signals = 64;

// What an event of `events` is about. The order is that of attention: see supervise().
enum class Event : std::uint32_t { launcher, parent, announce, signals, heard, order };
constexpr int most_events = 6;

void tell(const Supervision& supervision, Status::Kind kind, int value, int detail) noexcept {
    const Status status{kind, value, detail};
    [[maybe_unused]] const ssize_t written = ::write(supervision.program->status, &status, sizeof status);
}

// Without a pid namespace nothing ends the command's descendants for us. They are our children or become so (we are the
// subreaper): kill what is there, reap, look again.
void kill_children(const Supervision& supervision) noexcept {
    siginfo_t info{};
    do {
        char list[4096];
        const ssize_t length = ::pread(supervision.children, list, sizeof list - 1, 0);
        int pid = 0;
        for (ssize_t i = 0; i < length; ++i) {
            if (list[i] >= '0' && list[i] <= '9') {
                pid = pid * 10 + (list[i] - '0');
            } else if (pid != 0) {
                ::kill(pid, SIGKILL);
                pid = 0;
            }
        }
    } while (::waitid(P_ALL, 0, &info, WEXITED) == 0 || errno == EINTR);
}

[[noreturn]] void end(const Supervision& supervision) noexcept {
    if (!supervision.program->own_pid_namespace) {
        kill_children(supervision);
    }
    ::_exit(0);
}

// What the kernel would do to a process that is not pid 1 (signal(7)).
enum class DefaultAction { ignore, stop, terminate };

DefaultAction default_action(int signal) noexcept {
    switch (signal) {
        case SIGCHLD:
        case SIGURG:
        case SIGWINCH:
        case SIGCONT:
            return DefaultAction::ignore;
        case SIGSTOP:
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU:
            return DefaultAction::stop;
        default:
            return DefaultAction::terminate;
    }
}

// While a thread waits in sigwait(3), the kernel takes the signals that it waits for out of its blocked set. Which they
// are stands in the command's memory, where the first argument of the call says. What cannot be read is taken for all.
bool waits_for(const Supervision& supervision, int signal) noexcept {
    char text[256];
    const ssize_t length = ::pread(supervision.command_syscall, text, sizeof text - 1, 0);
    text[length < 0 ? 0 : length] = '\0';
    const SystemCall call = parse_system_call(text);
    if (call.number != __NR_rt_sigtimedwait) {
        return false;
    }
    std::uint64_t set = ~std::uint64_t{0};
    const iovec local{&set, sizeof set};
    const iovec remote{reinterpret_cast<void*>(call.first_argument), sizeof set};
    if (sys::process_vm_readv(supervision.command, local, remote) != static_cast<ssize_t>(sizeof set)) {
        return true;
    }
    return (set >> (static_cast<unsigned>(signal) - 1U) & 1U) != 0;
}

// The kernel drops signals that pid 1 leaves at their default; we, in the namespace above, are not so bound. To be
// asked before the signal is sent: afterwards a handler may have been at work already.
bool must_emulate(const Supervision& supervision, int signal) noexcept {
    if (!supervision.program->command_is_pid1 || default_action(signal) == DefaultAction::ignore) {
        return false;
    }
    char status[4096];
    const ssize_t length = ::pread(supervision.command_status, status, sizeof status - 1, 0);
    if (length <= 0) {
        return false;
    }
    status[length] = '\0';
    return has_default_action(status, signal) && !waits_for(supervision, signal);
}

void emulate_default(Supervision& supervision, int signal, bool from_terminal) noexcept {
    supervision.emulated = signal;
    supervision.from_terminal = from_terminal;
    ::kill(supervision.command, default_action(signal) == DefaultAction::stop ? SIGSTOP : SIGKILL);
}

void obey(Supervision& supervision) noexcept {
    Order order;
    const ssize_t got = ::read(supervision.program->order, &order, sizeof order);
    if (got != static_cast<ssize_t>(sizeof order) ||
        (order.kind != Order::Kind::signal_command && order.kind != Order::Kind::signal_group)) {
        end(supervision);  // the launcher is dead, or asks for it
    }
    if (order.value < 1 || order.value > most_signals) {
        return;
    }
    const bool group = order.kind == Order::Kind::signal_group;
    const bool emulate = must_emulate(supervision, order.value);
    // To the group as the terminal would have done it. The group may be gone although the command lives: it can change
    // its own.
    if (!group || ::kill(-supervision.command, order.value) < 0) {
        ::kill(supervision.command, order.value);
    }
    if (emulate) {
        emulate_default(supervision, order.value, group);
    }
}

// Only what a process sends to its whole group, SIGKILL or SIGSTOP, reaches the listener. A command that is pid 1 is
// deaf to both from inside; it was meant all the same.
void listener_changed(const Supervision& supervision, int code) noexcept {
    if (code == CLD_STOPPED) {
        ::kill(supervision.listener, SIGCONT);
        ::kill(supervision.command, SIGSTOP);
    } else if (code != CLD_CONTINUED) {
        tell(supervision, Status::Kind::signaled, SIGKILL, 0);
        end(supervision);
    }
}

void report_child(Supervision& supervision, const siginfo_t& info) noexcept {
    if (info.si_pid == supervision.listener) {
        listener_changed(supervision, info.si_code);
        return;
    }
    if (info.si_pid != supervision.command) {
        return;  // an orphan; reaped by now
    }
    switch (info.si_code) {
        case CLD_EXITED:
            tell(supervision, Status::Kind::exited, info.si_status, 0);
            end(supervision);
        case CLD_KILLED:
        case CLD_DUMPED:
            if (info.si_status == SIGKILL && default_action(supervision.emulated) == DefaultAction::terminate &&
                supervision.emulated != 0) {
                tell(supervision, Status::Kind::signaled, supervision.emulated, supervision.from_terminal ? 1 : 0);
            } else {
                tell(supervision, Status::Kind::signaled, info.si_status, 0);
            }
            end(supervision);
        case CLD_STOPPED:
            tell(supervision, Status::Kind::stopped,
                 info.si_status == SIGSTOP && supervision.emulated != 0 ? supervision.emulated : info.si_status, 0);
            supervision.emulated = 0;
            break;
        case CLD_CONTINUED:
            tell(supervision, Status::Kind::continued, 0, 0);
            break;
        default:
            break;
    }
}

void reap(Supervision& supervision) noexcept {
    for (;;) {
        siginfo_t info{};
        if (::waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG) < 0 || info.si_pid == 0) {
            return;
        }
        report_child(supervision, info);
    }
}

void drain_signals(const Supervision& supervision) noexcept {
    signalfd_siginfo info{};
    while (::read(supervision.signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    }
}

void hear(Supervision& supervision) noexcept {
    std::int32_t signal = 0;
    if (::read(supervision.heard, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
        if (must_emulate(supervision, signal)) {
            emulate_default(supervision, signal, true);
        }
    }
}

// 16 for what is no digit.
std::uint64_t hexadecimal_digit(char letter) noexcept {
    if (letter >= '0' && letter <= '9') {
        return static_cast<std::uint64_t>(letter - '0');
    }
    return letter >= 'a' && letter <= 'f' ? static_cast<std::uint64_t>(letter - 'a' + 10) : 16;
}

std::uint64_t hexadecimal(const char* text) noexcept {
    std::uint64_t value = 0;
    for (;; ++text) {
        if (const std::uint64_t digit = hexadecimal_digit(*text); digit < 16) {
            value = value << 4 | digit;
        } else if (*text != ' ' && *text != '\t') {
            return value;
        }
    }
}

}  // namespace

bool has_default_action(const char* status, int signal) noexcept {
    const std::uint64_t bit = 1ULL << (static_cast<unsigned>(signal) - 1);
    for (const char* name : {"\nSigBlk:", "\nSigIgn:", "\nSigCgt:"}) {
        const char* line = std::strstr(status, name);
        if (line == nullptr || (hexadecimal(line + std::strlen(name)) & bit) != 0) {
            return false;
        }
    }
    return true;
}

// epoll, and not poll(2), which fails once the guest has lowered our RLIMIT_NOFILE below the number of descriptors.
int watch_events(Supervision& supervision) noexcept {
    const InitProgram& program = *supervision.program;
    supervision.events = ::epoll_create1(EPOLL_CLOEXEC);
    if (supervision.events < 0) {
        return errno;
    }
    const struct {
        Event event;
        int fd;
    } watched[most_events] = {{Event::launcher, program.launcher},     {Event::parent, program.parent},
                              {Event::announce, supervision.announce}, {Event::signals, supervision.signals},
                              {Event::heard, supervision.heard},       {Event::order, program.order}};
    for (const auto& [event, fd] : watched) {
        epoll_event wanted{};
        // The end of the file is all that comes from there, and it would come for ever.
        wanted.events = event == Event::announce ? EPOLLIN | EPOLLONESHOT : EPOLLIN;
        wanted.data.u32 = static_cast<std::uint32_t>(event);
        if (fd >= 0 && ::epoll_ctl(supervision.events, EPOLL_CTL_ADD, fd, &wanted) < 0) {
            return errno;
        }
    }
    return 0;
}

SystemCall parse_system_call(const char* text) noexcept {
    if (*text < '0' || *text > '9') {
        return {};  // `running`, or `-1` outside of a system call
    }
    SystemCall call{0, 0};
    for (; *text >= '0' && *text <= '9'; ++text) {
        call.number = call.number * 10 + (*text - '0');
    }
    if (std::strncmp(text, " 0x", 3) == 0) {
        const char* digits = text + 3;
        for (std::uint64_t digit = 0; (digit = hexadecimal_digit(*digits)) < 16; ++digits) {
            call.first_argument = call.first_argument << 4 | digit;
        }
    }
    return call;
}

void supervise(Supervision& supervision) noexcept {
    const InitProgram& program = *supervision.program;
    const int error = program.fault_stage == Stage::init_confine ? program.fault_error : confine_init();
    if (error != 0) {
        tell(supervision, Status::Kind::stage_failed, static_cast<int>(Stage::init_confine), error);
        end(supervision);
    }
    [[maybe_unused]] const ssize_t written = ::write(supervision.proceed, "", 1);
    for (;;) {
        epoll_event events[most_events];
        const int count = ::epoll_wait(supervision.events, events, most_events, -1);
        if (count < 0 && errno != EINTR) {
            end(supervision);  // never seen; deaf, we must not let anything live on
        }
        std::uint32_t happened = 0;
        for (int i = 0; i < count; ++i) {
            happened |= 1U << events[i].data.u32;
        }
        const auto is = [happened](Event event) { return (happened & 1U << static_cast<std::uint32_t>(event)) != 0; };
        if (is(Event::launcher) || is(Event::parent)) {
            end(supervision);
        }
        if (is(Event::announce)) {
            tell(supervision, Status::Kind::running, supervision.host_pid, 0);
        }
        if (is(Event::signals)) {
            drain_signals(supervision);
            reap(supervision);
        }
        if (is(Event::heard)) {
            hear(supervision);
        }
        if (is(Event::order)) {
            obey(supervision);
        }
    }
}

}  // namespace sandbox::run
