// The caller's terminal, while the command has one of its own: read and written for it, raw meanwhile, and as it was
// afterwards. termios(3), tty_ioctl(4).
#pragma once

#include "plan/plan.hpp"
#include "sys/fd.hpp"

#include <optional>

#include <sys/ioctl.h>
#include <termios.h>

namespace sandbox::run {

/// Every change is made with SIGTTIN and SIGTTOU blocked in the calling thread. Not thread-safe.
class Console {
  public:
    explicit Console(const plan::OwnTerminal& plan);

    /// Why it could not be opened; 0 if it could.
    [[nodiscard]] int error() const noexcept { return error_; }
    /// Descriptors of our own, which do not block; the caller's, which other processes have, stay as they are.
    [[nodiscard]] int keyboard() const noexcept { return keyboard_.get(); }
    [[nodiscard]] int screen() const noexcept { return screen_ ? screen_.get() : keyboard_.get(); }

    /// Whether we may read and change it: in its foreground, or where it controls nobody's jobs.
    [[nodiscard]] bool ours() const noexcept;
    /// Whether somebody else is in its foreground.
    [[nodiscard]] bool in_background() const noexcept;
    /// Whether it gives whole lines, so that nobody else - a pager - reads it key by key.
    [[nodiscard]] bool gives_lines() const noexcept;
    /// As they are when nobody has changed them for a program: for the command's own terminal.
    [[nodiscard]] std::optional<termios> modes() const noexcept;
    [[nodiscard]] winsize size() const noexcept;

    /// Every key is the command's, from now on.
    void make_raw() noexcept;
    /// The modes of before; nothing happens while somebody else has the terminal.
    void restore() noexcept;

  private:
    int error_ = 0;
    sys::UniqueFd keyboard_;
    sys::UniqueFd screen_;
    std::optional<termios> former_;  ///< before it was made raw
    std::optional<termios> raw_;     ///< set while it is
};

}  // namespace sandbox::run
