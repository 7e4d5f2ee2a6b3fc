#include "support/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iomanip>
#include <sstream>
#include <system_error>

#include <gtest/gtest.h>

#include "support/environment.hpp"
#include "support/fresh_process.hpp"

namespace sandbox_test {
namespace {

using Clock = std::chrono::steady_clock;

int remaining_until(Clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return left > 0 ? static_cast<int>(left) : 0;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

Terminal::Terminal(const std::vector<std::string>& command, const std::map<std::string, std::string>& set) {
    std::vector<std::string> words = command;
    const std::vector<char*> argv = pointers(words);
    const Size initial;
    const winsize size{initial.rows, initial.columns, 0, 0};
    int master = -1;
    pid_ = forkpty(&master, nullptr, nullptr, &size);
    if (pid_ < 0) {
        throw std::system_error(errno, std::generic_category(), "forkpty");
    }
    if (pid_ == 0) {
        make_fresh({});
        for (const auto& [name, value] : set) {
            setenv(name.c_str(), value.c_str(), 1);
        }
        execvp(argv[0], argv.data());
        _exit(127);
    }
    master_ = sandbox::sys::UniqueFd(master);
    fcntl(master, F_SETFD, FD_CLOEXEC);
    fcntl(master, F_SETFL, O_NONBLOCK);
}

Terminal::~Terminal() {
    master_.reset();
    if (!ended_) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
}

void Terminal::type(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(master_.get(), text.data(), text.size());
        if (written > 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd writable{master_.get(), POLLOUT, 0};
            poll(&writable, 1, 1000);
        } else {
            throw std::system_error(errno, std::generic_category(), "write to the terminal");
        }
    }
}

std::string Terminal::expect(std::string_view text) {
    if (in_vain_) {
        return {};
    }
    const auto deadline = Clock::now() + patience;
    for (;;) {
        const std::size_t at = shown_.find(text, expected_);
        if (at != std::string::npos) {
            const std::size_t begin = std::exchange(expected_, at + text.size());
            return shown_.substr(begin, expected_ - begin);
        }
        if (!read_more(deadline)) {
            in_vain_ = true;
            ADD_FAILURE() << "`" << text << "` did not appear; after what was expected before came:\n"
                          << shown_.substr(expected_) << "\nand all in all:\n"
                          << shown_;
            return {};
        }
    }
}

// False when the time is up, or when nobody has the terminal open any more.
bool Terminal::read_more(Clock::time_point deadline) {
    pollfd readable{master_.get(), POLLIN, 0};
    if (poll(&readable, 1, remaining_until(deadline)) <= 0) {
        return false;
    }
    std::array<char, 4096> buffer;
    const ssize_t length = read(master_.get(), buffer.data(), buffer.size());
    if (length <= 0) {
        return length < 0 && errno == EAGAIN;
    }
    shown_.append(buffer.data(), static_cast<std::size_t>(length));
    return true;
}

void Terminal::resize(Size size) {
    const winsize kernel_size{size.rows, size.columns, 0, 0};
    if (ioctl(master_.get(), TIOCSWINSZ, &kernel_size) != 0) {
        throw std::system_error(errno, std::generic_category(), "TIOCSWINSZ");
    }
}

termios Terminal::modes() const {
    termios modes{};
    if (tcgetattr(master_.get(), &modes) != 0) {
        throw std::system_error(errno, std::generic_category(), "tcgetattr");
    }
    return modes;
}

pid_t Terminal::foreground() const {
    pid_t group = -1;
    ioctl(master_.get(), TIOCGPGRP, &group);
    return group;
}

void Terminal::await_foreground(pid_t group) {
    await_foreground_that("is", group, [&] { return foreground() == group; });
}

void Terminal::await_foreground_other_than(pid_t group) {
    await_foreground_that("is not", group, [&] { return foreground() != group; });
}

// Says, too, what the terminal shows, as that tells what went on instead.
void Terminal::await_foreground_that(const char* relation, pid_t group, const std::function<bool()>& condition) {
    const std::string what =
        std::string("that the process group in the foreground ") + relation + ' ' + std::to_string(group);
    if (!wait_until(condition, what)) {
        read_more(Clock::now());
        ADD_FAILURE() << "meanwhile the terminal showed:\n" << shown_.substr(expected_);
    }
}

int Terminal::wait() {
    const auto deadline = Clock::now() + patience;
    const sandbox::sys::UniqueFd pidfd(ended_ ? -1 : static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    while (!ended_) {
        // What it writes is read meanwhile. Without a writer the terminal is always readable: then only the end counts.
        std::array<pollfd, 2> events{{{pidfd.get(), POLLIN, 0}, {master_.get(), POLLIN, 0}}};
        if (hung_up_) {
            events[1].fd = -1;
        }
        if (poll(events.data(), events.size(), remaining_until(deadline)) <= 0) {
            ADD_FAILURE() << "the program on the terminal did not end; shown:\n" << shown_;
            kill(pid_, SIGKILL);
            poll(&events[0], 1, -1);
        }
        if (events[1].revents != 0) {
            hung_up_ = !read_more(deadline);
        } else if (events[0].revents != 0) {
            int status = 0;
            waitpid(pid_, &status, 0);
            status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            ended_ = true;
        }
    }
    return status_;
}

std::string describe(const termios& modes) {
    std::ostringstream text;
    text << std::hex << "iflag " << modes.c_iflag << " oflag " << modes.c_oflag << " cflag " << modes.c_cflag
         << " lflag " << modes.c_lflag << " cc";
    for (const cc_t key : modes.c_cc) {
        text << ' ' << static_cast<unsigned>(key);
    }
    return text.str();
}

HostShell::HostShell()
    : Terminal(
          {"bash", "--norc", "--noprofile", "--noediting", "-i"},
          {{"PS1", "host> "}, {"TERM", "dumb"}, {"SANDBOX", sandbox_binary()}, {"PROBES", given("SANDBOX_PROBES")}}) {
    expect_prompt();
    run("cd /");
    expect_prompt();
}

int HostShell::last_status() {
    run("echo status=$?.");
    // The line that was typed is shown as well.
    expect("status=$?.");
    expect("status=");
    return std::atoi(expect(".").c_str());
}

}  // namespace sandbox_test
