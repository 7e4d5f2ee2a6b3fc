#include "run/relay.hpp"

#include <cerrno>

#include <unistd.h>

namespace sandbox::run {

void Relay::move() {
    if (input_) {
        move_in();
    } else {
        move_out();
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

bool Relay::move_out() {
    const ssize_t got = ::read(pipe_.get(), buffer_->data(), buffer_->size());
    if (got <= 0) {
        if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
            pipe_.reset();
        }
        return got < 0 && errno == EINTR;
    }
    for (ssize_t done = 0; done < got;) {
        const ssize_t written = ::write(stream_, buffer_->data() + done, static_cast<std::size_t>(got - done));
        if (written < 0 && errno != EINTR) {
            pipe_.reset();  // a full disk: the command sees EPIPE from now on
            return false;
        }
        done += written > 0 ? written : 0;
    }
    return true;
}

void Relay::finish() {
    while (!input_ && pipe_ && move_out()) {
    }
}

}  // namespace sandbox::run
