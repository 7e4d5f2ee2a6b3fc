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
    /// The controlling terminal, on one of descriptors 0-2 or as /dev/tty. If the caller is in its foreground, its
    /// modes are remembered; otherwise at the first moment that it is.
    static std::optional<Terminal> find();

    /// Whether our own process group is the foreground one now.
    [[nodiscard]] bool ours() const noexcept;
    /// Lends it to a process group; with the modes that the command had when it was stopped.
    void give_to(pid_t group) noexcept;
    /// Takes it back while the command is stopped. Nothing happens while somebody else has it.
    void suspend() noexcept;
    /// Foreground group and modes as they were at first. Nothing happens while somebody else has it.
    void restore() const noexcept;

  private:
    void hold() noexcept;

    sys::UniqueFd opened_;
    int fd_ = -1;
    bool held_ = false;  ///< ours, or lent by us: the shell does not have it
    std::optional<termios> modes_;
    std::optional<termios> suspended_;
};

}  // namespace sandbox::run
