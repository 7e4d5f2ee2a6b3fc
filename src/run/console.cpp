#include "run/console.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace sandbox::run {
namespace {

constexpr int open_flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;

sys::UniqueFd open_controlling() {
    return sys::above_streams(::open("/dev/tty", open_flags));
}

// O_NONBLOCK belongs to the open file, which the caller's shell has, too: so it is opened again. After su(1) or sudo(8)
// that may be forbidden by name, but not as /dev/tty.
sys::UniqueFd open_again(int fd) {
    sys::UniqueFd file;
    if (::tcgetpgrp(fd) >= 0) {
        file = open_controlling();
    }
    if (!file) {
        file = sys::above_streams(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), open_flags));
    }
    return file ? std::move(file) : sys::UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

bool equal(const termios& one, const termios& other) {
    return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_cflag == other.c_cflag &&
           one.c_lflag == other.c_lflag && std::equal(std::begin(one.c_cc), std::end(one.c_cc), std::begin(other.c_cc));
}

// As ssh(1) does it. Not cfmakeraw(3), which changes the speed and frame of a serial line.
termios raw(termios modes) {
    modes.c_iflag |= IGNPAR;
    modes.c_iflag &= ~static_cast<tcflag_t>(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF | IUCLC | BRKINT);
    modes.c_lflag &= ~static_cast<tcflag_t>(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
    modes.c_oflag &= ~static_cast<tcflag_t>(OPOST);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    return modes;
}

}  // namespace

Console::Console(const plan::OwnTerminal& plan) {
    if (plan.streams[0]) {
        keyboard_ = open_again(0);
    } else {
        keyboard_ = open_controlling();
    }
    for (const int fd : {1, 2}) {
        if (plan.streams[static_cast<std::size_t>(fd)] && !screen_) {
            screen_ = open_again(fd);
        }
    }
    if (!keyboard_ && screen_) {
        keyboard_ = sys::UniqueFd(::fcntl(screen_.get(), F_DUPFD_CLOEXEC, 3));
    }
    if (!keyboard_) {
        error_ = errno;
    }
}

bool Console::ours() const noexcept {
    const pid_t group = ::tcgetpgrp(keyboard());
    return group < 0 ? errno == ENOTTY : group == ::getpgrp();
}

bool Console::in_background() const noexcept {
    const pid_t group = ::tcgetpgrp(keyboard());
    return group >= 0 && group != ::getpgrp();
}

bool Console::gives_lines() const noexcept {
    termios now{};
    return ::tcgetattr(keyboard(), &now) == 0 && (now.c_lflag & static_cast<tcflag_t>(ICANON)) != 0;
}

std::optional<termios> Console::modes() const noexcept {
    termios now{};
    return ::tcgetattr(keyboard(), &now) == 0 ? std::optional(now) : std::nullopt;
}

winsize Console::size() const noexcept {
    winsize size{};
    ::ioctl(screen(), TIOCGWINSZ, &size);
    return size;
}

void Console::make_raw() noexcept {
    termios now{};
    if (::tcgetattr(keyboard(), &now) < 0) {
        return;
    }
    // We may have been stopped by SIGSTOP, which leaves no time to restore: what is raw as we made it is not the
    // former.
    if (!raw_ || !equal(now, *raw_)) {
        former_ = now;
    }
    // Not TCSAFLUSH: what was typed ahead is the command's.
    const termios wanted = raw(*former_);
    ::tcsetattr(keyboard(), TCSANOW, &wanted);
    raw_ = ::tcgetattr(keyboard(), &now) == 0 ? now : wanted;
}

void Console::restore() noexcept {
    if (raw_ && ours()) {
        // Not TCSADRAIN: output that nobody reads must not hold us.
        ::tcsetattr(keyboard(), TCSANOW, &*former_);
        raw_.reset();
    }
}

}  // namespace sandbox::run
