#include "run/refusals.hpp"

#include "seccomp/machine.hpp"
#include "sys/passing.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandbox::run {
namespace {

// A command can make calls up, by number. So many are told apart.
constexpr std::size_t most_kinds = 256;
const char* const the_others = "other calls";

std::string call_name(std::uint32_t machine, int number) {
    char* const name = seccomp_syscall_resolve_num_arch(machine, number);
    if (name == nullptr) {
        return "call " + std::to_string(number);
    }
    std::string text(name);
    std::free(name);
    return text;
}

/// What the kernel calls the process; empty where it is gone.
std::string program_name(std::uint32_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/comm";
    const sys::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char text[64];
    const ssize_t length = file ? ::read(file.get(), text, sizeof text) : 0;
    std::string name(text, length < 0 ? 0 : static_cast<std::size_t>(length));
    return name.ends_with('\n') ? name.substr(0, name.size() - 1) : name;
}

std::vector<std::uint64_t> room_for(std::size_t kernel, std::size_t headers) {
    const std::size_t bytes = std::max(kernel, headers);
    return std::vector<std::uint64_t>((bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
}

}  // namespace

int Refusals::open() noexcept {
    seccomp_notif_sizes sizes{};
    if (::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0) {
        return errno;
    }
    call_ = room_for(sizes.seccomp_notif, sizeof(seccomp_notif));
    answer_ = room_for(sizes.seccomp_notif_resp, sizeof(seccomp_notif_resp));
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        return errno;
    }
    socket_ = sys::above_streams(ends[0]);
    sender_ = sys::above_streams(ends[1]);
    return socket_ && sender_ ? 0 : errno;
}

pollfd Refusals::watched() const noexcept {
    return {received_ ? listener_.get() : socket_.get(), POLLIN, 0};
}

void Refusals::act(short events) {
    if (!received_) {
        (void)receive();  // where it fails, it is asked for again, and told, when the command runs
        if (!received_ && (events & POLLHUP) != 0) {
            socket_.reset();
        }
    } else if ((events & POLLIN) != 0) {
        answer();
    } else if (events != 0) {
        listener_.reset();  // nobody is under the filter any more
    }
}

int Refusals::receive() noexcept {
    if (received_) {
        return 0;
    }
    int passed[1];
    if (const int error = sys::receive_descriptors(socket_.get(), passed); error != 0) {
        return error;
    }
    listener_ = sys::above_streams(passed[0]);
    if (!listener_) {
        return errno;
    }
    received_ = true;
    socket_.reset();
    return 0;
}

void Refusals::stop() noexcept {
    received_ = true;
    socket_.reset();
    listener_.reset();
}

void Refusals::answer() {
    // The kernel takes nothing but zeros, and has written something there before.
    std::ranges::fill(call_, 0);
    std::ranges::fill(answer_, 0);
    auto* const call = reinterpret_cast<seccomp_notif*>(call_.data());
    auto* const answer = reinterpret_cast<seccomp_notif_resp*>(answer_.data());
    // It does not wait: there is a call, and where its maker was killed meanwhile this is ENOENT.
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, call) < 0) {
        return;
    }
    const std::optional<std::uint32_t> verdict = seccomp::run_filter(program_, call->data);
    const bool fails = verdict && (*verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
    // The same arguments gave this answer in the kernel, so it is one. If it were not: refused.
    const int error = fails ? static_cast<int>(*verdict & SECCOMP_RET_DATA) : EPERM;
    keep_account(*call, error);
    answer->id = call->id;
    answer->error = -error;
    // ENOENT: whoever made the call is gone, or was interrupted and makes it again.
    [[maybe_unused]] const int sent = ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, answer);
}

void Refusals::keep_account(const seccomp_notif& call, int error) {
    const auto count = [this](const std::string& name, int number) {
        const auto found =
            std::ranges::find_if(all_, [&](const Refusal& one) { return one.call == name && one.error == number; });
        if (found == all_.end()) {
            return false;
        }
        ++found->times;
        return true;
    };
    std::string name = call_name(call.data.arch, call.data.nr);
    if (count(name, error)) {
        return;
    }
    if (all_.size() >= most_kinds) {
        name = the_others;
        error = 0;
        if (count(name, error)) {
            return;
        }
    }
    std::string program = program_name(call.pid);
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &call.id) < 0) {
        program.clear();  // it was killed meanwhile, and the number may be another's
    }
    all_.push_back({std::move(name), error, 1, static_cast<pid_t>(call.pid), std::move(program)});
}

}  // namespace sandbox::run
