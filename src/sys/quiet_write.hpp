// write(2) without SIGPIPE: a library's caller may have left that at its default.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <ctime>

#include <unistd.h>

namespace sandbox::sys {

/// The signal is for the thread that writes: blocked there, and taken back, it reaches no handler. EPIPE says the same.
inline ssize_t write_quietly(int descriptor, const void* data, std::size_t size) noexcept {
    sigset_t pipe;
    sigset_t former;
    sigset_t pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::sigpending(&pending);
    ::pthread_sigmask(SIG_BLOCK, &pipe, &former);
    const ssize_t written = ::write(descriptor, data, size);
    const int error = errno;
    if (written < 0 && error == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
        const timespec at_once{};
        ::sigtimedwait(&pipe, nullptr, &at_once);
    }
    ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
    errno = error;
    return written;
}

}  // namespace sandbox::sys
