#include "changes/holder.hpp"

#include "registry/registry.hpp"
#include "sys/fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

#include <poll.h>
#include <unistd.h>

namespace sandbox::changes {

bool note_holder(int file, pid_t init) {
    const registry::ProcessId holder = registry::identify_process(init);
    const std::string text = std::to_string(holder.pid) + " " + std::to_string(holder.start) + "\n";
    return ::ftruncate(file, 0) == 0 &&
           ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

std::optional<pid_t> await_holder(int file, int patience_ms) {
    std::array<char, 64> text{};
    const ssize_t length = ::pread(file, text.data(), text.size() - 1, 0);
    registry::ProcessId holder;
    const char* const end = text.data() + std::max<ssize_t>(length, 0);
    const auto [after, error] = std::from_chars(text.data(), end, holder.pid);
    if (error != std::errc() || after == end || holder.pid <= 0 ||
        std::from_chars(after + 1, end, holder.start).ec != std::errc()) {
        return std::nullopt;
    }
    const sys::UniqueFd process = registry::open_process(holder);
    pollfd ended{process.get(), POLLIN, 0};
    int got = process ? 0 : 1;
    while (process && (got = ::poll(&ended, 1, patience_ms)) < 0 && errno == EINTR) {
    }
    return got == 0 ? std::optional(holder.pid) : std::nullopt;
}

}  // namespace sandbox::changes
