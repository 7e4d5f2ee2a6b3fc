// Descriptors that go through a unix socket (SCM_RIGHTS of unix(7)), one byte of data with them.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <sys/socket.h>

namespace sandbox::sys {

/// The message, with what it points to.
template <std::size_t N>
struct PassingMessage {
    PassingMessage() noexcept {
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
    }
    PassingMessage(const PassingMessage&) = delete;
    PassingMessage& operator=(const PassingMessage&) = delete;
    ~PassingMessage() = default;

    alignas(cmsghdr) char control[CMSG_SPACE(N * sizeof(int))] = {};
    char byte = 0;
    iovec data{&byte, 1};
    msghdr message{};
};

/// Sends copies of them. Returns an errno. Async-signal-safe.
template <std::size_t N>
int send_descriptors(int socket, const int (&descriptors)[N]) noexcept {
    PassingMessage<N> passing;
    cmsghdr* const header = CMSG_FIRSTHDR(&passing.message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptors);
    std::memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
    return ::sendmsg(socket, &passing.message, MSG_NOSIGNAL) < 0 ? errno : 0;
}

/// Takes what was sent, close-on-exec, without waiting: what has come is the caller's, the rest is -1. Returns an
/// errno: EAGAIN where nothing was sent yet, EPIPE where nobody will, EMFILE where there was no number left for one of
/// them.
template <std::size_t N>
int receive_descriptors(int socket, int (&descriptors)[N]) noexcept {
    std::fill(descriptors, descriptors + N, -1);
    PassingMessage<N> passing;
    const ssize_t got = ::recvmsg(socket, &passing.message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got <= 0) {
        return got < 0 ? errno : EPIPE;
    }
    const cmsghdr* const header = CMSG_FIRSTHDR(&passing.message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
        return EMFILE;
    }
    const std::size_t bytes = std::min(header->cmsg_len - CMSG_LEN(0), sizeof descriptors);
    std::memcpy(descriptors, CMSG_DATA(header), bytes);
    return bytes == sizeof descriptors ? 0 : EMFILE;
}

}  // namespace sandbox::sys
