// Files through which the kernel speaks (procfs, cgroup2): each write(2) is one request, and what is read is made when
// it is asked for. They neither block nor lead elsewhere.
#pragma once

#include "sys/fd.hpp"

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace sandbox::sys {

/// Returns an errno, or 0. Allocates nothing.
inline int write_interface(int directory, const char* name, std::string_view text) noexcept {
    const UniqueFd file(::openat(directory, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) {
        return errno;
    }
    return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : errno;
}

/// Nothing of what is not there or cannot be read.
inline std::string read_interface(int directory, const char* name) {
    const UniqueFd file(::openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    std::string text;
    std::array<char, 4096> chunk;
    for (ssize_t got = 0; file && (got = ::read(file.get(), chunk.data(), chunk.size())) > 0;) {
        text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return text;
}

}  // namespace sandbox::sys
