// The command's own terminal on one side, the caller's on the other: keys in, output out, and the size of the window.
//
// The launcher holds both ends of the pseudo-terminal. Holding the command's end, too, means that the relay does not
// end when everybody inside has closed it: somebody may open /dev/tty later.
//
// The keyboard is the command's alone as a rule: the caller's terminal is raw then, and Ctrl-C and its like are
// bytes, of which the line discipline of the command's terminal makes signals. Where standard output is a pipe, its
// reader may be a pager that wants the keys itself. Then the caller's terminal stays as it is; lines are passed on for
// as long as it gives lines, and its signals are handed on.
#pragma once

#include "limits/budget.hpp"
#include "plan/plan.hpp"
#include "run/child/child.hpp"
#include "run/console.hpp"
#include "sys/fd.hpp"

#include <array>
#include <cstddef>
#include <span>

#include <poll.h>

namespace sandbox::run {

/// Bytes on their way: filled when empty, then written until empty again.
template <std::size_t Size>
class Parcel {
  public:
    enum class Taken { data, nothing, end };

    [[nodiscard]] bool empty() const noexcept { return start_ == end_; }
    /// Fills it from a descriptor; only when it is empty.
    Taken read_from(int fd) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return end_ - start_; }
    /// Only that much of it is to be written.
    void cut(std::size_t size) noexcept { end_ = start_ + size; }
    /// Writes what can be written without waiting. False when nobody takes it any more: it is empty then.
    bool write_to(int fd) noexcept;
    void put(char byte) noexcept {
        bytes_[0] = byte;
        start_ = 0;
        end_ = 1;
    }

  private:
    std::array<char, Size> bytes_;
    std::size_t start_ = 0;
    std::size_t end_ = 0;
};

/// Waits in drain() only. Not thread-safe.
class PtyRelay {
  public:
    static constexpr std::size_t most_watched = 3;
    enum class Event { none, background, hung_up };

    explicit PtyRelay(const plan::OwnTerminal& plan);

    /// Why the caller's terminal cannot be had; 0 if it can.
    [[nodiscard]] int error() const noexcept { return console_.error(); }
    /// What init needs to make the command's end. `launcher`: the socket on which it sends both.
    [[nodiscard]] TerminalProgram program(int launcher) const;
    /// What it shows is counted, and not more is shown.
    void count(limits::Budget* budget) noexcept { budget_ = budget; }
    /// Takes both ends from init. Returns an errno.
    int receive(int socket) noexcept;

    /// Whether reading the keyboard would stop us, as a job in the background.
    [[nodiscard]] bool must_wait() const noexcept;
    /// From the start, and whenever we may be in the foreground again: raw mode, size.
    void attach() noexcept;
    /// The caller's terminal as it was.
    void detach() noexcept;
    void resize() const noexcept;

    /// What to poll(2) for; descriptors of -1 where there is nothing to wait for.
    [[nodiscard]] std::array<pollfd, most_watched> watched() const noexcept;
    /// Moves what can be moved, given what poll found of watched().
    Event move(std::span<const pollfd, most_watched> found) noexcept;

    /// A signal that the caller's terminal has made: as if the command's had. False if it is none of those.
    bool signal(int number) const noexcept;
    /// Shows what the command has written. Waits for the caller's terminal, but not past a signal: false, then.
    bool drain(int signals) noexcept;
    /// The caller's terminal is gone, and so is the command's.
    void hang_up() noexcept;

  private:
    enum class Keyboard { none, own, lines };

    Event read_keys() noexcept;
    Event read_lines() noexcept;
    void read_output() noexcept;
    void type_end_of_file() noexcept;

    /// From the command's terminal. False where nothing came.
    bool take_output() noexcept;

    plan::OwnTerminal plan_;
    limits::Budget* budget_ = nullptr;
    Console console_;
    sys::UniqueFd master_;
    sys::UniqueFd slave_;
    sys::UniqueFd lines_;  ///< epoll(7), edge-triggered: lines that are not for us may stay for long
    Keyboard keyboard_ = Keyboard::none;
    bool more_lines_ = false;
    Parcel<4096> keys_;
    Parcel<32768> output_;
};

}  // namespace sandbox::run
