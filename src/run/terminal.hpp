// The caller's controlling terminal: modes and foreground process group, lent to the command and taken back.
// termios(3), tcsetpgrp(3).
#pragma once

#include "sys/fd.hpp"

#include <optional>

#include <sys/types.h>
#include <termios.h>

namespace sandbox::run {

/// Every change is made with SIGTTOU blocked in the calling thread: the caller may be in the background. Not
/// thread-safe.
class Terminal {
  public:
    /// The controlling terminal, on one of descriptors 0-2 or as /dev/tty.
    static std::optional<Terminal> find();

    /// Whether our own process group is the foreground one now.
    [[nodiscard]] bool ours() const noexcept;
    /// Whether this process group is the foreground one now.
    [[nodiscard]] bool held_by(pid_t group) const noexcept;
    /// Says that the command takes it, as it does at its start. The modes of now are those to be restored.
    void lend() noexcept;
    /// Lends it to a process group; with the modes that the command had when it was stopped.
    void give_to(pid_t group) noexcept;
    /// Takes it back while the command is stopped. Nothing happens if it is not lent: beside us in a pipeline a pager
    /// may have set modes of its own.
    void suspend() noexcept;
    /// Foreground group and modes as they were when it was lent. Nothing happens if it is not.
    void restore() const noexcept;

  private:
    sys::UniqueFd opened_;
    int fd_ = -1;
    bool lent_ = false;
    std::optional<termios> modes_;
    std::optional<termios> suspended_;
};

}  // namespace sandbox::run
