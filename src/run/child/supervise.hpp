// Init's second life: waiting. See child.hpp for the rules, init.cpp for what came before.
#pragma once

#include "run/child/child.hpp"

namespace sandbox::run {

/// All that init still holds.
struct Supervision {
    const InitProgram* program = nullptr;
    pid_t command = -1;
    pid_t host_pid = -1;       ///< the command's, as the host's /proc has it
    int signals = -1;          ///< signalfd of SIGCHLD
    pid_t listener = -1;       ///< see listener.cpp
    int heard = -1;            ///< read end: numbers of signals from the listener
    int command_status = -1;   ///< /proc/PID/status of the command
    int command_syscall = -1;  ///< /proc/PID/syscall of the command, or -1 where the kernel has none
    int children = -1;         ///< our own list of children, where no pid namespace ends them for us
    int announce = -1;         ///< read end: its end of file means exec, or the setup child's end
    int proceed = -1;          ///< write end: the setup child may go on
    int events = -1;           ///< epoll of all that init waits for
    int emulated = 0;          ///< the signal whose default action was carried out for the command
    bool from_terminal = false;
};

/// Makes `events`, once the other members are there: the last thing that needs a descriptor. Returns an errno.
[[nodiscard]] int watch_events(Supervision& supervision) noexcept;

/// Confines init, lets the setup child go on, then supervises the command to its end. Does not return.
[[noreturn]] void supervise(Supervision& supervision) noexcept;

/// Starts the listener, which tells of the terminal's signals through `heard`. Returns an errno. listener.cpp
[[nodiscard]] int start_listener(Supervision& supervision) noexcept;

/// Whether /proc/PID/status, given as text, says that `signal` is neither blocked, ignored nor caught.
[[nodiscard]] bool has_default_action(const char* status, int signal) noexcept;

/// What /proc/PID/syscall, given as text, says that the process is in.
struct SystemCall {
    long number = -1;  ///< -1: none
    std::uint64_t first_argument = 0;
};
[[nodiscard]] SystemCall parse_system_call(const char* text) noexcept;

}  // namespace sandbox::run
