// The command's own terminal: a pseudo-terminal (pty(7)) in the devpts instance that the sandbox gets at /dev/pts, so
// that its name, /dev/pts/0, is right inside. See child.hpp for the rules.
//
// Init makes it, not the command, because the leader of a session makes the terminal its controlling one, and init has
// to be that leader: the listener, its child, can join the command's process group within one session only; and the
// kernel stops a process group on Ctrl-Z only if the parent of one of its members is in the same session.
#include "run/child/child.hpp"
#include "run/child/steps.hpp"
#include "sys/passing.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sandbox::run {
namespace {

constexpr int open_flags = O_RDWR | O_NOCTTY | O_CLOEXEC;

int open_master(const TerminalProgram& program, SetupContext& context, int& master) noexcept {
    if (program.of_host) {
        master = ::open("/dev/ptmx", open_flags);
        return master < 0 ? errno : 0;
    }
    const int error = make_devpts(context.devpts);
    if (error != 0) {
        return error;
    }
    master = ::openat(context.devpts, "ptmx", open_flags);
    return master < 0 ? errno : 0;
}

// Before the command runs: it must never see a window of no size.
int prepare_slave(const TerminalProgram& program, int master, SetupContext& context) noexcept {
    int locked = 0;
    if (::ioctl(master, TIOCSPTLCK, &locked) < 0) {
        return errno;
    }
    // Not by its name, which need not lead to this instance (Linux 4.13).
    context.terminal = ::ioctl(master, TIOCGPTPEER, open_flags);
    if (context.terminal < 0 || (program.modes_known && ::tcsetattr(context.terminal, TCSANOW, &program.modes) < 0) ||
        ::ioctl(context.terminal, TIOCSWINSZ, &program.size) < 0) {
        return errno;
    }
    return 0;
}

int take_terminal(const TerminalProgram& program, int terminal) noexcept {
    if (::setsid() < 0 || ::ioctl(terminal, TIOCSCTTY, 0) < 0) {
        return errno;
    }
    for (int fd = 0; fd <= 2; ++fd) {
        if (program.streams[fd] && ::dup2(terminal, fd) != fd) {
            return errno;
        }
    }
    return 0;
}

int send_ends(const TerminalProgram& program, int master, int terminal) noexcept {
    const int ends[2] = {master, terminal};
    return sys::send_descriptors(program.launcher, ends);
}

}  // namespace

int make_terminal(const TerminalProgram& program, SetupContext& context) noexcept {
    int master = -1;
    int error = open_master(program, context, master);
    if (error == 0) {
        error = prepare_slave(program, master, context);
    }
    if (error == 0) {
        error = take_terminal(program, context.terminal);
    }
    if (error == 0) {
        error = send_ends(program, master, context.terminal);
    }
    if (master >= 0) {
        ::close(master);
    }
    ::close(program.launcher);
    return error;
}

}  // namespace sandbox::run
