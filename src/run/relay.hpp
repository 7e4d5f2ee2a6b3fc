// A regular file on descriptor 0, 1 or 2 that the command must not reach itself: fed to it, or written for it, through
// a pipe. For where Landlock cannot keep a descriptor from being opened again for more than it was opened for.
#pragma once

#include "sys/fd.hpp"

#include <array>
#include <cstddef>
#include <memory>

#include <poll.h>

namespace sandbox::run {

/// The launcher's end. Not thread-safe; never blocks on the pipe.
class Relay {
  public:
    /// `input`: from `stream` into the pipe, whose reader is kept open so that no write raises SIGPIPE here. Otherwise
    /// from the pipe to `stream`. The end of the pipe that is given does not block: whoever has the other one can open
    /// this one, too, and take what poll(2) has announced.
    Relay(int stream, bool input, sys::UniqueFd pipe, sys::UniqueFd reader)
        : stream_(stream), input_(input), pipe_(std::move(pipe)), reader_(std::move(reader)) {}

    /// What to poll(2) for; a descriptor of -1 once it is over.
    [[nodiscard]] pollfd watched() const { return {pipe_.get(), static_cast<short>(input_ ? POLLOUT : POLLIN), 0}; }
    /// Moves a piece. Call it when poll says so.
    void move();
    /// The command is gone: writes what is in the pipe by now. Not all that may come: somebody outside may have been
    /// handed the other end, and hold it open or go on writing.
    void finish();

  private:
    using Buffer = std::array<char, 65536>;

    void move_in();
    /// Returns how much was taken from the pipe; 0 when there was nothing, or it is over.
    std::size_t move_out(std::size_t most);

    int stream_;
    bool input_;
    sys::UniqueFd pipe_;
    sys::UniqueFd reader_;
    std::unique_ptr<Buffer> buffer_ = std::make_unique<Buffer>();
    std::size_t start_ = 0;
    std::size_t end_ = 0;
};

}  // namespace sandbox::run
