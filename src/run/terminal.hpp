// The caller's terminal: modes and foreground process group, saved and restored. termios(3), tcsetpgrp(3).
#pragma once

#include <optional>

#include <sys/types.h>
#include <termios.h>

namespace sandbox::run {

/// Every change is made with SIGTTOU blocked in the calling thread: the caller may be in the background. Not
/// thread-safe.
class Terminal {
  public:
    /// Remembers the state of the controlling terminal among descriptors 0-2, if the caller is in its foreground.
    static std::optional<Terminal> save();

    /// Whether our own process group is the foreground one now.
    [[nodiscard]] bool ours() const noexcept;
    void give_to(pid_t group) const noexcept;
    void take_back() const noexcept { give_to(group_); }
    /// Modes as they are now, for resume().
    void remember_modes() noexcept;
    void resume() const noexcept;
    /// Foreground group and modes as they were.
    void restore() const noexcept;

  private:
    int fd_ = -1;
    pid_t group_ = -1;
    termios modes_{};
    termios suspended_{};
};

}  // namespace sandbox::run
