#include "changes/holder.hpp"

#include "registry/registry.hpp"
#include "sys/fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <string>
#include <system_error>

#include <poll.h>
#include <unistd.h>

namespace sandbox::changes {
namespace {

constexpr std::size_t length_of_note = 48;  // two numbers of at most 20 digits

}  // namespace

bool note_holder(int file, pid_t init) {
    const registry::ProcessId holder = registry::identify_process(init);
    std::string text = std::to_string(holder.pid) + " " + std::to_string(holder.start);
    // Always of the same length, over what is there: a file that is cut and written anew waits for the disk (ext4).
    text.resize(length_of_note - 1, ' ');
    text += '\n';
    return ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

std::optional<pid_t> await_holder(int file, int patience_ms) {
    std::array<char, length_of_note + 1> text{};
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
