#include "run/relay.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/ioctl.h>
#include <unistd.h>

namespace sandbox::run {

void Relay::move() {
    if (input_) {
        move_in();
    } else {
        move_out(buffer_->size());
    }
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

std::size_t Relay::move_out(std::size_t most) {
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
    for (ssize_t done = 0; done < got;) {
        const ssize_t written = ::write(stream_, buffer_->data() + done, static_cast<std::size_t>(got - done));
        if (written < 0 && errno != EINTR) {
            pipe_.reset();  // a full disk: the command sees EPIPE from now on
            return 0;
        }
        done += written > 0 ? written : 0;
    }
    return static_cast<std::size_t>(got);
}

void Relay::finish() {
    int left = 0;
    if (input_ || !pipe_ || ::ioctl(pipe_.get(), FIONREAD, &left) < 0) {
        return;
    }
    for (std::size_t moved = 1; left > 0 && moved > 0 && pipe_; left -= static_cast<int>(moved)) {
        moved = move_out(static_cast<std::size_t>(left));
    }
}

}  // namespace sandbox::run
