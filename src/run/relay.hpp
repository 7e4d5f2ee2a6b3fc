// What the command must not have itself on descriptor 0, 1 or 2: fed to it, or written for it, through a pipe. A
// regular file, as no layer keeps a descriptor from being used for more than it was opened for; and all that it writes,
// where that is limited.
#pragma once

#include "limits/budget.hpp"
#include "sys/fd.hpp"

#include <array>
#include <cstddef>
#include <memory>

#include <poll.h>

namespace sandbox::run {

/// The launcher's end. Not thread-safe; never blocks on the pipe. Of output it writes no more at a time than whoever
/// reads takes without waiting, if nobody else writes there, so that the launcher can look at the clock.
class Relay {
  public:
    /// `input`: from `stream` into the pipe, whose reader is kept open so that no write raises SIGPIPE here. Otherwise
    /// from the pipe to `stream`, as far as `budget` goes; with null all of it. The end of the pipe that is given does
    /// not block: whoever has the other one can open this one, too, and take what poll(2) has announced.
    Relay(int stream, bool input, sys::UniqueFd pipe, sys::UniqueFd reader, limits::Budget* budget = nullptr)
        : stream_(stream),
          input_(input),
          never_waits_(is_file(stream)),
          pipe_(std::move(pipe)),
          reader_(std::move(reader)),
          budget_(budget) {}

    /// What to poll(2) for; a descriptor of -1 once it is over.
    [[nodiscard]] pollfd watched() const {
        if (!pipe_) {
            return {-1, 0, 0};
        }
        if (!input_ && start_ != end_) {
            return {stream_, POLLOUT, 0};
        }
        return {pipe_.get(), static_cast<short>(input_ ? POLLOUT : POLLIN), 0};
    }
    /// Moves a piece. Call it when poll says so.
    void move();
    /// The command is gone: writes what is in the pipe by now. Not all that may come: somebody outside may have been
    /// handed the other end, and hold it open or go on writing. Waits for who reads it, unless `at_once`, but not past
    /// a signal on that descriptor.
    void finish(int signals, bool at_once);

  private:
    using Buffer = std::array<char, 65536>;

    [[nodiscard]] static bool is_file(int stream);
    void move_in();
    /// Returns how much was taken from the pipe; 0 when there was nothing, or it is over.
    std::size_t take(std::size_t most);
    /// Writes what is taken, as far as that does not wait.
    void give();

    int stream_;
    bool input_;
    bool never_waits_;
    sys::UniqueFd pipe_;
    sys::UniqueFd reader_;
    limits::Budget* budget_;
    std::unique_ptr<Buffer> buffer_ = std::make_unique<Buffer>();
    std::size_t start_ = 0;
    std::size_t end_ = 0;
};

}  // namespace sandbox::run
