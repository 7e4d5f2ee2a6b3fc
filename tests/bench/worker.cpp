#include "worker.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr int worked = 0;
constexpr int threw = 1;
// No part of the benchmark takes half as long, or it calls go_on(). What hangs shall be seen, and not be waited for.
constexpr unsigned longest_seconds = 120;

void must(int result, const char* what) {
    if (result < 0) {
        throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
    }
}

void become(const Caller& caller) {
    if (::geteuid() == 0) {
        must(::setgroups(0, nullptr), "setgroups");
        must(::setresgid(caller.gid, caller.gid, caller.gid), "setresgid");
        must(::setresuid(caller.uid, caller.uid, caller.uid), "setresuid");
    }
}

void use_null_streams() {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    must(null, "/dev/null");
    for (int fd = 0; fd <= 2; ++fd) {
        must(::dup2(null, fd), "dup2");
    }
}

// The same few variables whoever runs the benchmark: what a sandbox has to pass on is part of what it costs.
void use_plain_environment() {
    ::clearenv();
    ::setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    ::setenv("HOME", "/root", 1);
    ::setenv("LANG", "C.UTF-8", 1);
    ::setenv("TERM", "dumb", 1);
}

void write_all(int fd, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t length = ::write(fd, text.data() + done, text.size() - done);
        must(static_cast<int>(length), "write");
        done += static_cast<std::size_t>(length);
    }
}

[[noreturn]] void be_worker(int output, const Caller& caller, const std::string& directory,
                            const std::function<void()>& prepare, const Work& work) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // A group of its own, so that its processes can be ended together.
    ::setpgid(0, 0);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::signal(signal, SIG_DFL);
    }
    go_on();
    try {
        prepare();
        become(caller);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // the change of ids cleared it
        must(::chdir(directory.c_str()), directory.c_str());
        use_plain_environment();
        use_null_streams();
        write_all(output, work());
        ::_exit(worked);
    } catch (const std::exception& error) {
        write_all(output, error.what());
        ::_exit(threw);
    }
}

}  // namespace

void go_on() {
    ::alarm(longest_seconds);
}

std::string run_as(const Caller& caller, const std::string& directory, const std::function<void()>& prepare,
                   const Work& work) {
    int output[2];
    must(::pipe2(output, O_CLOEXEC), "pipe2");
    const pid_t pid = ::fork();
    must(pid, "fork");
    if (pid == 0) {
        be_worker(output[1], caller, directory, prepare, work);
    }
    ::setpgid(pid, pid);
    ::close(output[1]);
    std::string text;
    char buffer[65536];
    ssize_t length = 0;
    while ((length = ::read(output[0], buffer, sizeof buffer)) > 0) {
        text.append(buffer, static_cast<std::size_t>(length));
    }
    // A signal to the runner ends the read early.
    const bool interrupted = length < 0;
    ::close(output[0]);
    // The worker, if interrupted; and whatever it leaves behind. At the end of the pipe its own status is settled.
    ::kill(-pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == worked) {
        return text;
    }
    if (interrupted) {
        throw std::runtime_error("interrupted");
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        throw std::runtime_error("a measurement hung: it was ended after " + std::to_string(longest_seconds) + " s");
    }
    throw std::runtime_error(text.empty() ? "a measuring process was lost" : text);
}

}  // namespace bench
