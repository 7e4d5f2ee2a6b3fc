// The one translation unit of the program that includes Boost.Process: it takes seconds to compile.
#include "sys/program.hpp"

#include "sys/fd.hpp"
#include "sys/killable.hpp"
#include "sys/syscalls.hpp"

#if __has_include(<boost/process/v1.hpp>)
#include <boost/process/v1.hpp>
namespace process = boost::process::v1;
#else
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
namespace process = boost::process;
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sandbox::sys {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds longest{30};
constexpr int patience_ms = 10000;
constexpr std::size_t most_text = std::size_t{1} << 20U;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

struct Pipe {
    UniqueFd reading;
    UniqueFd writing;
};

// Above 2, as they are put on 1 and 2 in the program.
Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) {
        fail("pipe2");
    }
    Pipe pipe;
    pipe.reading = above_streams(ends[0]);
    pipe.writing = above_streams(ends[1]);
    if (!pipe.reading || !pipe.writing) {
        fail("pipe2");
    }
    return pipe;
}

/// What a search goes through, and how far it has come, which both processes see.
struct Search {
    const std::vector<std::string>& candidates;
    std::size_t* at;
};

// As execvp(3) would find it. Returns 1 where there is one.
int go_through(const void* argument) noexcept {
    const auto* search = static_cast<const Search*>(argument);
    for (; *search->at < search->candidates.size(); ++*search->at) {
        const char* path = search->candidates[*search->at].c_str();
        struct stat found {};
        if (::stat(path, &found) == 0 && S_ISREG(found.st_mode) && ::faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0) {
            return 1;
        }
    }
    return 0;
}

// In a process of its own: PATH may lead into a file system that does not answer, where nothing is found then.
std::string search(const std::string& name) {
    const char* variable = std::getenv("PATH");
    const std::string path = variable == nullptr ? "" : variable;
    std::vector<std::string> candidates;
    for (std::size_t start = 0; start < path.size();) {
        const std::size_t end = std::min(path.find(':', start), path.size());
        candidates.push_back((end == start ? "." : path.substr(start, end - start)) + "/" + name);
        start = end + 1;
    }
    void* shared = ::mmap(nullptr, sizeof(std::size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        fail("mmap");
    }
    const std::unique_ptr<std::size_t, void (*)(std::size_t*)> at(
        new (shared) std::size_t(0), [](std::size_t* where) { ::munmap(where, sizeof *where); });
    const Search search{candidates, at.get()};
    while (*at < candidates.size()) {
        const std::optional<int> found = run_killable(patience_ms, go_through, &search);
        if (found && *found == 1) {
            return candidates[*at];
        }
        if (found) {
            return {};
        }
        ++*at;
    }
    return {};
}

// In the forked process, just before exec: what a program expects of whoever starts it, whatever our caller is like.
void settle(int input, const Pipe& out, const Pipe& err) noexcept {
    ::dup2(input, 0);
    ::dup2(out.writing.get(), 1);
    ::dup2(err.writing.get(), 2);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // Boost's own is close-on-exec, too, and still needed
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &plain, nullptr);
    ::sigaction(SIGPIPE, &plain, nullptr);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// False at the end of what there is to read, or where it is too much.
bool collect(int fd, std::string& text) {
    std::array<char, 4096> chunk;
    const ssize_t length = ::read(fd, chunk.data(), chunk.size());
    if (length > 0) {
        text.append(chunk.data(), static_cast<std::size_t>(length));
    }
    return length > 0 && text.size() < most_text;
}

// Whether the program has come to its own end.
bool listen(const UniqueFd& program, Pipe& out, Pipe& err, ProgramResult& result) {
    const Clock::time_point deadline = Clock::now() + longest;
    bool ended = false;
    while (!ended || out.reading || err.reading) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        std::array<pollfd, 3> events{
            {{out.reading.get(), POLLIN, 0}, {err.reading.get(), POLLIN, 0}, {ended ? -1 : program.get(), POLLIN, 0}}};
        if (left <= 0 || (::poll(events.data(), events.size(), static_cast<int>(left)) < 0 && errno != EINTR)) {
            return ended;
        }
        if (events[0].revents != 0 && !collect(out.reading.get(), result.output)) {
            out.reading.reset();
        }
        if (events[1].revents != 0 && !collect(err.reading.get(), result.errors)) {
            err.reading.reset();
        }
        ended = ended || events[2].revents != 0;
    }
    return true;
}

}  // namespace

std::optional<ProgramResult> run_program(const std::string& name, const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& variables) {
    const std::string path = search(name);
    if (path.empty()) {
        return std::nullopt;
    }
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    const UniqueFd input = above_streams(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!input) {
        fail("/dev/null");
    }
    const process::native_environment own = boost::this_process::environment();
    process::environment environment;
    environment["PATH"] = own.at("PATH").to_string();
    for (const std::string& variable : variables) {
        if (own.count(variable) != 0) {
            environment[variable] = own.at(variable).to_string();
        }
    }
    std::vector<std::string> words = {name};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    std::error_code error;
    process::child child(
        process::exe = path, environment, error, process::extend::on_exec_setup = [&](auto& executor) {
            executor.cmd_line = argv.data();
            settle(input.get(), out, err);
        });
    if (error) {
        throw std::system_error(error, name);
    }
    out.writing.reset();
    err.writing.reset();
    const UniqueFd program(pidfd_open(child.id(), 0));
    ProgramResult result;
    // Never by its number, which may be another's by now where the caller ignores SIGCHLD.
    if (!program || !listen(program, out, err, result)) {
        pidfd_send_signal(program.get(), SIGKILL);
    }
    // Where the caller ignores SIGCHLD there is no status any more.
    child.wait(error);
    const int status = child.native_exit_code();
    result.succeeded = !error && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return result;
}

}  // namespace sandbox::sys
