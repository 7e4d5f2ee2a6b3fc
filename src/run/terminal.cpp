#include "run/terminal.hpp"

#include <unistd.h>

namespace sandbox::run {

std::optional<Terminal> Terminal::save() {
    for (int fd = 0; fd <= 2; ++fd) {
        Terminal terminal;
        terminal.fd_ = fd;
        terminal.group_ = ::tcgetpgrp(fd);
        if (terminal.group_ > 0 && terminal.group_ == ::getpgrp() && ::tcgetattr(fd, &terminal.modes_) == 0) {
            terminal.suspended_ = terminal.modes_;
            return terminal;
        }
    }
    return std::nullopt;
}

bool Terminal::ours() const noexcept {
    return ::tcgetpgrp(fd_) == ::getpgrp();
}

void Terminal::give_to(pid_t group) const noexcept {
    ::tcsetpgrp(fd_, group);
}

void Terminal::remember_modes() noexcept {
    ::tcgetattr(fd_, &suspended_);
}

void Terminal::resume() const noexcept {
    ::tcsetattr(fd_, TCSANOW, &suspended_);
}

void Terminal::restore() const noexcept {
    take_back();
    // Not TCSADRAIN: output that nobody reads must not hold us.
    ::tcsetattr(fd_, TCSANOW, &modes_);
}

}  // namespace sandbox::run
