// The one translation unit that includes Boost.Process: it takes seconds to compile.
#include "support/run.hpp"

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
#include <boost/process/search_path.hpp>
#include <boost/process/start_dir.hpp>
namespace process = boost::process;
#endif

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ostream>
#include <stdexcept>
#include <system_error>

#include <gtest/gtest.h>

#include "support/environment.hpp"
#include "support/fresh_process.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using Clock = std::chrono::steady_clock;
using sandbox::sys::UniqueFd;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

struct Pipe {
    UniqueFd reading;
    UniqueFd writing;
};

// Boost's own pipes are inherited by every program that is started meanwhile, which then never see their end.
Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        fail("pipe2");
    }
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void make_nonblocking(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

std::string find_program(const std::string& name) {
    std::string path = name.find('/') == std::string::npos ? process::search_path(name).string() : name;
    if (path.empty()) {
        throw std::runtime_error(name + ": not found");
    }
    return path;
}

}  // namespace

class Running::Impl {
  public:
    Impl(const std::vector<std::string>& command, const RunOptions& options);
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl();

    [[nodiscard]] pid_t pid() const { return child_.id(); }
    void send(int signal) const;
    void write(std::string_view text);
    void close_input() { close_input_when_written_ = true; }
    std::string expect(std::string_view text);
    Result wait();

  private:
    bool pump();
    void feed();
    void collect(UniqueFd& from, std::string& into);
    void out_of_time(const std::string& while_doing);

    std::string name_;
    Clock::time_point deadline_;
    process::child child_;
    UniqueFd pidfd_;
    UniqueFd input_;
    UniqueFd output_;
    UniqueFd errors_;
    std::string unwritten_;
    bool close_input_when_written_ = true;
    bool ended_ = false;
    std::size_t expected_ = 0;
    Result result_;
};

Running::Impl::Impl(const std::vector<std::string>& command, const RunOptions& options)
    : name_(joined(command)),
      deadline_(Clock::now() + options.timeout),
      unwritten_(options.input.value_or("")),
      close_input_when_written_(!options.keep_input_open) {
    Pipe in;
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    std::map<int, int> descriptors = options.descriptors;
    if (options.input || options.keep_input_open) {
        in = make_pipe();
    } else {
        in.reading = UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    // Does not replace what the options name.
    descriptors.insert({{0, in.reading.get()}, {1, out.writing.get()}, {2, err.writing.get()}});

    process::environment environment = boost::this_process::environment();
    for (const auto& [name, value] : options.set) {
        environment[name] = value;
    }
    for (const std::string& name : options.unset) {
        environment.erase(name);
    }
    // Not process::args: it stumbles over an empty word.
    std::vector<std::string> words = command;
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    std::error_code error;
    child_ = process::child(
        process::exe = find_program(command.at(0)), environment, process::start_dir = options.directory, error,
        process::extend::on_exec_setup = [&](auto& executor) {
            executor.cmd_line = argv.data();
            make_fresh(descriptors);
            if (options.before_exec) {
                options.before_exec();
            }
        });
    if (error) {
        throw std::system_error(error, name_);
    }
    pidfd_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, child_.id(), 0)));
    if (!pidfd_) {
        fail("pidfd_open");
    }
    input_ = std::move(in.writing);
    output_ = std::move(out.reading);
    errors_ = std::move(err.reading);
    for (const UniqueFd* end : {&input_, &output_, &errors_}) {
        if (*end) {
            make_nonblocking(end->get());
        }
    }
}

Running::Impl::~Impl() {
    if (!ended_ && child_.valid()) {
        send(SIGKILL);
        child_.wait();
    }
}

void Running::Impl::send(int signal) const {
    if (syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) != 0 && errno != ESRCH) {
        fail("pidfd_send_signal");
    }
}

void Running::Impl::write(std::string_view text) {
    unwritten_ += text;
}

std::string Running::Impl::expect(std::string_view text) {
    for (;;) {
        const std::size_t at = result_.out.find(text, expected_);
        if (at != std::string::npos) {
            const std::size_t begin = std::exchange(expected_, at + text.size());
            return result_.out.substr(begin, expected_ - begin);
        }
        if (!output_ || !pump()) {
            ADD_FAILURE() << name_ << "\nwrote no `" << text << "` but: " << result_.out
                          << "\nand on stderr: " << result_.err;
            return {};
        }
    }
}

Result Running::Impl::wait() {
    while (!ended_ || output_ || errors_) {
        if (!pump()) {
            out_of_time(ended_ ? "was over, but something kept its stdout or stderr open" : "was not over in time");
            break;
        }
    }
    return result_;
}

// Waits for one event and handles it. False when the time is up.
bool Running::Impl::pump() {
    if (input_ && unwritten_.empty() && close_input_when_written_) {
        input_.reset();
    }
    const auto remaining = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    std::array<pollfd, 4> events{{{output_.get(), POLLIN, 0},
                                  {errors_.get(), POLLIN, 0},
                                  {ended_ ? -1 : pidfd_.get(), POLLIN, 0},
                                  {unwritten_.empty() ? -1 : input_.get(), POLLOUT, 0}}};
    if (remaining <= 0 || poll(events.data(), events.size(), static_cast<int>(remaining)) == 0) {
        return false;
    }
    if (events[0].revents != 0) {
        collect(output_, result_.out);
    }
    if (events[1].revents != 0) {
        collect(errors_, result_.err);
    }
    if (events[2].revents != 0) {
        child_.wait();
        const int status = child_.native_exit_code();
        result_.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        result_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        ended_ = true;
    }
    if (events[3].revents != 0) {
        feed();
    }
    return true;
}

void Running::Impl::feed() {
    const WithoutSigpipe guard;
    const ssize_t written = ::write(input_.get(), unwritten_.data(), unwritten_.size());
    if (written >= 0) {
        unwritten_.erase(0, static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
        unwritten_.clear();
        input_.reset();
    }
}

void Running::Impl::collect(UniqueFd& from, std::string& into) {
    std::array<char, 65536> buffer;
    const ssize_t length = read(from.get(), buffer.data(), buffer.size());
    if (length > 0) {
        into.append(buffer.data(), static_cast<std::size_t>(length));
    } else if (length == 0) {
        from.reset();
    }
}

void Running::Impl::out_of_time(const std::string& while_doing) {
    std::string running;
    for (const ProcessState& process : descendants_of(getpid())) {
        running += "\n  " + std::to_string(process.pid) + " " + process.name + " " + process.state;
    }
    ADD_FAILURE() << name_ << "\n"
                  << while_doing << "; stdout: " << result_.out << "\nstderr: " << result_.err
                  << "\nrunning:" << running;
    if (!ended_) {
        send(SIGKILL);
        child_.wait();
        result_.signal = SIGKILL;
        ended_ = true;
    }
}

Running::Running(const std::vector<std::string>& command, const RunOptions& options)
    : impl_(std::make_unique<Impl>(command, options)) {}
Running::Running(Running&&) noexcept = default;
Running::~Running() = default;
pid_t Running::pid() const {
    return impl_->pid();
}
void Running::send(int signal) const {
    impl_->send(signal);
}
void Running::write(std::string_view text) {
    impl_->write(text);
}
void Running::close_input() {
    impl_->close_input();
}
std::string Running::expect(std::string_view text) {
    return impl_->expect(text);
}
Result Running::wait() {
    return impl_->wait();
}

Result run(const std::vector<std::string>& command, const RunOptions& options) {
    return Running(command, options).wait();
}

Result inside(const std::vector<std::string>& command, const RunOptions& options) {
    return run(sandbox_command(command, options.sandbox), options);
}

Result inside_shell(const std::string& script, const RunOptions& options) {
    return inside({"sh", "-c", script}, options);
}

Running start_inside(const std::vector<std::string>& command, const RunOptions& options) {
    return Running(sandbox_command(command, options.sandbox), options);
}

std::ostream& operator<<(std::ostream& stream, const Result& result) {
    return stream << "exit status " << result.exit_status << ", signal " << result.signal << ", stdout:\n"
                  << result.out << "stderr:\n"
                  << result.err;
}

}  // namespace sandbox_test
