#include "cli/detach.hpp"

#include "cli/quote.hpp"
#include "sys/fd.hpp"
#include "sys/syscalls.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/stat.h>
#include <sys/wait.h>

namespace sandbox::cli {
namespace {

Error cannot(const std::string& what, int error) {
    return Error("--detach: cannot " + what + ": " + std::strerror(error));
}

sys::UniqueFd open_log(const std::optional<std::string>& log) {
    const char* const path = log ? log->c_str() : "/dev/null";
    // A fifo would wait for its reader; a directory or a device is no log.
    sys::UniqueFd file(
        sys::above_streams(::open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600)));
    struct stat entry {};
    if (!file || ::fstat(file.get(), &entry) < 0) {
        const int error = errno;
        throw Error("--log " + quoted(path) + ": " + std::strerror(error)).with_fix("a file that can be written to");
    }
    if (log && !S_ISREG(entry.st_mode)) {
        throw Error("--log " + quoted(path) + ": not a regular file").with_fix("a file that can be written to");
    }
    ::fcntl(file.get(), F_SETFL, O_APPEND);
    return file;
}

// How the start went: a status, and for 0 the name, otherwise a message.
[[noreturn]] void answer_for(int answer, pid_t child) {
    std::string text;
    char chunk[4096];
    for (ssize_t got = 0; (got = ::read(answer, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR);) {
        text.append(chunk, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    if (text.empty()) {
        ::waitpid(child, nullptr, WNOHANG);
        std::fputs("sandbox: --detach: the process in the background was killed\n", stderr);
        std::_Exit(125);
    }
    const int status = static_cast<std::uint8_t>(text.front());
    std::FILE* const out = status == 0 ? stdout : stderr;
    const bool written = std::fwrite(text.data() + 1, 1, text.size() - 1, out) == text.size() - 1;
    std::_Exit(std::fflush(out) == 0 && written ? status : 125);
}

// A pipe of the caller's that stayed open here would keep its reader waiting for as long as the sandbox lives.
void close_all_but(std::vector<int> kept) {
    std::ranges::sort(kept);
    int next = 3;
    for (const int fd : kept) {
        if (fd > next) {
            sys::close_range(static_cast<unsigned>(next), static_cast<unsigned>(fd) - 1, 0);
        }
        next = std::max(next, fd + 1);
    }
    sys::close_range(static_cast<unsigned>(next), ~0U, 0);
}

}  // namespace

Background::Background(const std::optional<std::string>& log, std::vector<int> kept) {
    sys::UniqueFd out = open_log(log);
    sys::UniqueFd in(sys::above_streams(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
    int ends[2];
    if (!in || ::pipe2(ends, O_CLOEXEC) < 0) {
        throw cannot("make a pipe", errno);
    }
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) {
        throw cannot("make a process", errno);
    }
    if (child > 0) {
        ::close(ends[1]);
        answer_for(ends[0], child);
    }
    ::close(ends[0]);
    answer_ = ends[1];
    ::setsid();
    if (::dup2(in.get(), 0) < 0 || ::dup2(out.get(), 1) < 0 || ::dup2(out.get(), 2) < 0) {
        failed("sandbox: --detach: cannot replace the standard descriptors\n", 125);
    }
    in.reset();
    out.reset();
    kept.push_back(answer_);
    close_all_but(std::move(kept));
}

void Background::ready(const std::string& name) {
    const std::string text = '\0' + name + '\n';
    // Whoever waited may be gone.
    struct sigaction ignored {};
    struct sigaction former {};
    ignored.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignored, &former);
    [[maybe_unused]] const ssize_t written = ::write(answer_, text.data(), text.size());
    ::sigaction(SIGPIPE, &former, nullptr);
    ::close(answer_);
    answer_ = -1;
    [[maybe_unused]] const int moved = ::chdir("/");  // the caller's directory can be unmounted
}

void Background::failed(const std::string& message, int exit_status) {
    std::string text(1, static_cast<char>(exit_status));
    text += message;
    [[maybe_unused]] const ssize_t written = ::write(answer_, text.data(), text.size());
    std::_Exit(exit_status);
}

}  // namespace sandbox::cli
