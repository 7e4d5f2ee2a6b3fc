// An owned file descriptor: move-only, closed once. Borrowed descriptors are plain ints.
#pragma once

#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace sandbox::sys {

class UniqueFd {
  public:
    UniqueFd() noexcept = default;
    explicit UniqueFd(int fd) noexcept : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    void reset() noexcept {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

  private:
    int fd_ = -1;
};

/// Takes a descriptor over and makes sure that it is none of 0, 1, 2, which it would be where the caller had one of
/// those closed. Empty, with errno, when that fails or `fd` is negative.
[[nodiscard]] inline UniqueFd above_streams(int fd) noexcept {
    if (fd < 0 || fd > 2) {
        return UniqueFd(fd);
    }
    const UniqueFd low(fd);
    return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

}  // namespace sandbox::sys
