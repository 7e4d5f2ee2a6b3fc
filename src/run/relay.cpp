#include "run/relay.hpp"

#include "sys/quiet_write.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sandbox::run {

void Relay::move() {
    if (input_) {
        move_in();
        return;
    }
    if (start_ == end_) {
        take(buffer_->size());
    }
    give();
}

void Relay::move_in() {
    if (start_ == end_) {
        const ssize_t got = ::read(stream_, buffer_->data(), buffer_->size());
        if (got <= 0) {
            if (got == 0 || errno != EINTR) {
                pipe_.reset();
            }
            return;
        }
        start_ = 0;
        end_ = static_cast<std::size_t>(got);
    }
    const ssize_t written = ::write(pipe_.get(), buffer_->data() + start_, end_ - start_);
    if (written > 0) {
        start_ += static_cast<std::size_t>(written);
    } else if (written < 0 && errno != EAGAIN && errno != EINTR) {
        pipe_.reset();
    }
}

std::size_t Relay::take(std::size_t most) {
    ssize_t got = 0;
    do {
        got = ::read(pipe_.get(), buffer_->data(), std::min(most, buffer_->size()));
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
            pipe_.reset();
        }
        return 0;
    }
    const auto taken = static_cast<std::size_t>(got);
    start_ = 0;
    end_ = budget_ != nullptr ? budget_->take(taken) : taken;
    return taken;
}

bool Relay::is_file(int stream) {
    struct stat entry {};
    return ::fstat(stream, &entry) == 0 && S_ISREG(entry.st_mode);
}

// Where poll(2) says that there is room, a pipe has room for PIPE_BUF bytes (pipe(7)). A file always has.
void Relay::give() {
    const std::size_t piece = never_waits_ ? buffer_->size() : PIPE_BUF;
    while (start_ != end_ && pipe_) {
        pollfd ready{stream_, POLLOUT, 0};
        if (!never_waits_ && ::poll(&ready, 1, 0) == 0) {
            return;
        }
        const ssize_t written = sys::write_quietly(stream_, buffer_->data() + start_, std::min(piece, end_ - start_));
        if (written < 0 && errno == EAGAIN) {
            return;
        }
        if (written < 0 && errno != EINTR) {
            pipe_.reset();  // a full disk, a reader that is gone: the command sees EPIPE from now on
            return;
        }
        start_ += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
}

void Relay::finish(int signals, bool at_once) {
    int left = 0;
    if (input_ || !pipe_ || ::ioctl(pipe_.get(), FIONREAD, &left) < 0) {
        return;
    }
    while (pipe_) {
        give();
        if (pipe_ && start_ != end_) {
            std::array<pollfd, 2> watched{{{stream_, POLLOUT, 0}, {signals, POLLIN, 0}}};
            if (at_once || (::poll(watched.data(), watched.size(), -1) > 0 && watched[1].revents != 0)) {
                return;
            }
            continue;
        }
        const std::size_t taken = left > 0 && pipe_ ? take(static_cast<std::size_t>(left)) : 0;
        if (taken == 0) {
            return;
        }
        left -= static_cast<int>(taken);
    }
}

}  // namespace sandbox::run
