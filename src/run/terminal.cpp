#include "run/terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace sandbox::run {

std::optional<Terminal> Terminal::find() {
    Terminal terminal;
    for (int fd = 0; fd <= 2 && terminal.fd_ < 0; ++fd) {
        terminal.fd_ = ::tcgetpgrp(fd) >= 0 ? fd : -1;
    }
    if (terminal.fd_ < 0) {
        terminal.opened_ = sys::UniqueFd(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
        terminal.fd_ = terminal.opened_.get();
    }
    return terminal.fd_ < 0 ? std::nullopt : std::optional(std::move(terminal));
}

bool Terminal::ours() const noexcept {
    return held_by(::getpgrp());
}

bool Terminal::held_by(pid_t group) const noexcept {
    return ::tcgetpgrp(fd_) == group;
}

void Terminal::lend() noexcept {
    termios now{};
    if (!lent_ && ::tcgetattr(fd_, &now) == 0) {
        modes_ = now;
    }
    lent_ = true;
}

void Terminal::give_to(pid_t group) noexcept {
    lend();
    if (suspended_) {
        ::tcsetattr(fd_, TCSANOW, &*suspended_);
        suspended_.reset();
    }
    ::tcsetpgrp(fd_, group);
}

void Terminal::suspend() noexcept {
    if (!lent_) {
        return;
    }
    termios now{};
    if (::tcgetattr(fd_, &now) == 0) {
        suspended_ = now;
    }
    restore();
    lent_ = false;
}

void Terminal::restore() const noexcept {
    if (!lent_) {
        return;
    }
    ::tcsetpgrp(fd_, ::getpgrp());
    if (modes_) {
        // Not TCSADRAIN: output that nobody reads must not hold us.
        ::tcsetattr(fd_, TCSANOW, &*modes_);
    }
}

}  // namespace sandbox::run
