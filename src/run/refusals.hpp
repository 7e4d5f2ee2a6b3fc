// The launcher's side of --seccomp-log: it hears of every call that the command's filter refuses (seccomp_unotify(2)),
// keeps account of them, and answers each with the errno that the filter has for it - never with anything else, and
// never by letting it be made.
//
// Whoever makes such a call waits for the answer, and nobody else. When the launcher is gone, so is the listener, and
// the kernel answers with ENOSYS.
#pragma once

#include "sys/fd.hpp"

#include <sandbox/process.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>

namespace sandbox::run {

class Refusals {
  public:
    /// `program`: the command's filter; it has to outlive this.
    explicit Refusals(const std::vector<sock_filter>& program) : program_(program) {}

    /// Makes the socket that the listener comes by. Returns an errno.
    int open() noexcept;
    /// Init's and the setup child's end of it, until it is let go.
    [[nodiscard]] int sender() const noexcept { return sender_.get(); }
    void let_go_of_sender() noexcept { sender_.reset(); }

    /// The socket, or the listener once it has come.
    [[nodiscard]] pollfd watched() const noexcept;
    /// Something has happened to that: takes the listener, or answers one call.
    void act(short events);
    /// Takes the listener if it has not been taken yet. Returns an errno.
    int receive() noexcept;
    /// Nobody listens from here on: what is refused gets ENOSYS, at once.
    void stop() noexcept;

    [[nodiscard]] const std::vector<Refusal>& all() const noexcept { return all_; }

  private:
    void answer();
    void keep_account(const seccomp_notif& call, int error);

    const std::vector<sock_filter>& program_;
    sys::UniqueFd socket_;
    sys::UniqueFd sender_;
    sys::UniqueFd listener_;
    bool received_ = false;
    // As large as the kernel has them, which may be larger than the headers have them.
    std::vector<std::uint64_t> call_;
    std::vector<std::uint64_t> answer_;
    std::vector<Refusal> all_;
};

}  // namespace sandbox::run
