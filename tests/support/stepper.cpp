#include "support/stepper.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "support/fresh_process.hpp"
#include "support/processes.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using sandbox::sys::UniqueFd;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

std::array<UniqueFd, 2> make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        fail("pipe2");
    }
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// In the new process: waits at the gate, then becomes the program.
[[noreturn]] void pass_gate_and_exec(int gate, int output, char* const* argv) {
    char byte = 0;
    if (read(gate, &byte, 1) != 1) {
        _exit(127);
    }
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    make_fresh({{0, null}, {1, output}, {2, output}});
    // Where it is built with the sanitizers: the one for leaks traces, too, and beside another tracer it ends with 1.
    const char* const options = getenv("ASAN_OPTIONS");
    setenv("ASAN_OPTIONS", (std::string(options == nullptr ? "" : options) + ":detect_leaks=0").c_str(), 1);
    execv(argv[0], argv);
    _exit(127);
}

pid_t fork_program(int gate, int output, char* const* argv) {
    const pid_t pid = fork();
    if (pid == 0) {
        pass_gate_and_exec(gate, output, argv);
    }
    return pid;
}

bool is_system_call_stop(int status) {
    return WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80);
}

bool is_event(int status) {
    return status >> 16 != 0;
}

constexpr long trace_options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

#if defined(__x86_64__)
constexpr std::size_t number_register = offsetof(user, regs.orig_rax);
constexpr std::size_t result_register = offsetof(user, regs.rax);

bool set_call_number(pid_t pid, long number) {
    return ptrace(PTRACE_POKEUSER, pid, number_register, number) == 0;
}

bool set_result(pid_t pid, long result) {
    return ptrace(PTRACE_POKEUSER, pid, result_register, result) == 0;
}
#elif defined(__aarch64__)
bool set_call_number(pid_t pid, long number) {
    int value = static_cast<int>(number);
    iovec part{&value, sizeof value};
    return ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &part) == 0;
}

bool set_result(pid_t pid, long result) {
    user_regs_struct registers{};
    iovec part{&registers, sizeof registers};
    if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &part) != 0) {
        return false;
    }
    registers.regs[0] = static_cast<std::uint64_t>(result);
    return ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &part) == 0;
}
#endif

}  // namespace

Stepper::Stepper(const std::vector<std::string>& command, StartedBy by, const std::string& output) {
    // For await_change(), which waits for a signal with a bound. The new process gets a mask of its own.
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &child_signal, &mask_before_);

    const auto gate = make_pipe();
    const UniqueFd file(open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) {
        fail(output);
    }
    pid_ = start(command, by, gate[0].get(), file.get());
    if (ptrace(PTRACE_SEIZE, pid_, nullptr, trace_options) != 0) {
        fail("PTRACE_SEIZE");
    }
    if (write(gate[1].get(), "", 1) != 1) {
        fail("write");
    }
    const int status = await_change();
    if (!WIFSTOPPED(status) || status >> 16 != PTRACE_EVENT_EXEC) {
        throw std::runtime_error(command.at(0) + " was not executed");
    }
}

pid_t Stepper::start(const std::vector<std::string>& command, StartedBy by, int gate, int output) {
    std::vector<std::string> words = command;
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);

    if (by == StartedBy::this_thread) {
        return fork_program(gate, output, argv.data());
    }
    if (by == StartedBy::a_thread_that_ends) {
        pid_t pid = -1;
        std::thread([&] { pid = fork_program(gate, output, argv.data()); }).join();
        return pid;
    }
    const auto answer = make_pipe();
    parent_ = fork();
    if (parent_ == 0) {
        const pid_t pid = fork_program(gate, output, argv.data());
        if (write(answer[1].get(), &pid, sizeof pid) == sizeof pid) {
            waitpid(pid, nullptr, 0);
        }
        _exit(0);
    }
    pid_t pid = -1;
    if (read(answer[0].get(), &pid, sizeof pid) != sizeof pid) {
        fail("read");
    }
    return pid;
}

Stepper::~Stepper() {
    if (!ended_) {
        kill(pid_, SIGKILL);
        wait();
    }
    if (parent_ > 0) {
        kill_parent();
    }
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

// Waits until the program stops or ends, and returns what waitpid(2) says; or nothing, when it is idle. Kills it, and
// fails the test, when none of that comes for long.
std::optional<int> Stepper::await_change(const std::function<bool()>& idle) {
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        int status = 0;
        const pid_t changed = waitpid(pid_, &status, WNOHANG | __WALL);
        if (changed == pid_) {
            halted_ = WIFSTOPPED(status);
            return status;
        }
        if (changed < 0) {
            fail("waitpid");
        }
        constexpr timespec a_moment{0, 10'000'000};
        if (sigtimedwait(&child_signal, nullptr, &a_moment) >= 0) {
            continue;
        }
        if (idle && idle()) {
            return std::nullopt;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            ADD_FAILURE() << "the program neither makes a system call nor ends";
            kill(pid_, SIGKILL);
        }
    }
}

int Stepper::await_change() {
    return await_change({}).value();
}

void Stepper::note_end(int status) {
    ended_ = true;
    exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Stepper::step() {
    return step({});
}

bool Stepper::step(const std::function<bool()>& idle) {
    while (!ended_) {
        if (halted_ && ptrace(PTRACE_SYSCALL, pid_, nullptr, static_cast<long>(signal_to_deliver_)) != 0) {
            fail("PTRACE_SYSCALL");
        }
        halted_ = false;
        signal_to_deliver_ = 0;
        const std::optional<int> change = await_change(idle);
        if (!change) {
            return false;
        }
        const int status = *change;
        if (!WIFSTOPPED(status)) {
            note_end(status);
        } else if (is_system_call_stop(status)) {
            return true;
        } else if (!is_event(status)) {
            signal_to_deliver_ = WSTOPSIG(status);
        }
    }
    return false;
}

void Stepper::advance(unsigned count, const std::function<bool()>& idle) {
    while (count > 0 && step(idle)) {
        --count;
    }
}

bool Stepper::advance_past(long system_call) {
    bool entered = false;
    while (step()) {
        __ptrace_syscall_info info{};
        if (ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof info, &info) <= 0) {
            fail("PTRACE_GET_SYSCALL_INFO");
        }
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
            entered = info.entry.nr == static_cast<unsigned long>(system_call);
        } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && entered) {
            return true;
        }
    }
    return false;
}

bool Stepper::advance_to(const std::function<bool(const SystemCall&)>& wanted) {
    while (step()) {
        __ptrace_syscall_info info{};
        if (ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof info, &info) <= 0) {
            fail("PTRACE_GET_SYSCALL_INFO");
        }
        if (info.op != PTRACE_SYSCALL_INFO_ENTRY) {
            continue;
        }
        SystemCall call{static_cast<long>(info.entry.nr), {}};
        std::ranges::copy(info.entry.args, call.arguments.begin());
        if (wanted(call)) {
            return true;
        }
    }
    return false;
}

void Stepper::fail_call(int error) {
    if (!set_call_number(pid_, -1) || !step() || !set_result(pid_, -error)) {
        fail("a call cannot be made to fail");
    }
}

bool Stepper::follow_child() {
    if (ptrace(PTRACE_SETOPTIONS, pid_, nullptr, trace_options | PTRACE_O_TRACEFORK) != 0) {
        fail("PTRACE_SETOPTIONS");
    }
    while (!ended_) {
        if (ptrace(PTRACE_CONT, pid_, nullptr, static_cast<long>(signal_to_deliver_)) != 0) {
            fail("PTRACE_CONT");
        }
        signal_to_deliver_ = 0;
        const int status = await_change();
        if (!WIFSTOPPED(status)) {
            note_end(status);
        } else if (status >> 16 == PTRACE_EVENT_FORK) {
            unsigned long child = 0;
            if (ptrace(PTRACE_GETEVENTMSG, pid_, nullptr, &child) != 0 ||
                ptrace(PTRACE_DETACH, pid_, nullptr, nullptr) != 0) {
                fail("PTRACE_DETACH");
            }
            parent_ = pid_;
            pid_ = static_cast<pid_t>(child);
            (void)await_change();  // it is born halted
            return true;
        } else if (!is_event(status)) {
            signal_to_deliver_ = WSTOPSIG(status);
        }
    }
    return false;
}

void Stepper::let_go() {
    if (ended_) {
        return;
    }
    if (!halted_) {
        if (ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr) != 0) {
            fail("PTRACE_INTERRUPT");
        }
        const int status = await_change();
        if (!WIFSTOPPED(status)) {
            note_end(status);
            return;
        }
    }
    if (ptrace(PTRACE_DETACH, pid_, nullptr, static_cast<long>(signal_to_deliver_)) != 0) {
        fail("PTRACE_DETACH");
    }
}

void Stepper::kill_program() {
    if (!ended_) {
        kill(pid_, SIGKILL);
        wait();
    }
}

void Stepper::kill_parent() {
    kill(parent_, SIGKILL);
    waitpid(parent_, nullptr, 0);
    parent_ = 0;
}

int Stepper::wait() {
    while (!ended_) {
        const int status = await_change();
        if (!WIFSTOPPED(status)) {
            note_end(status);
        }
    }
    return exit_status_;
}

int Stepper::run_to_end() {
    while (!ended_) {
        if (halted_ && ptrace(PTRACE_CONT, pid_, nullptr, static_cast<long>(signal_to_deliver_)) != 0) {
            fail("PTRACE_CONT");
        }
        halted_ = false;
        signal_to_deliver_ = 0;
        const int status = await_change();
        if (!WIFSTOPPED(status)) {
            note_end(status);
        } else if (!is_event(status) && !is_system_call_stop(status)) {
            signal_to_deliver_ = WSTOPSIG(status);
        }
    }
    return exit_status_;
}

int Stepper::wait_for_parent() {
    pid_ = std::exchange(parent_, 0);
    ended_ = halted_ = false;
    return wait();
}

unsigned count_stops(const std::vector<std::string>& command) {
    Stepper stepper(command);
    unsigned count = 0;
    while (stepper.step()) {
        ++count;
    }
    return count;
}

}  // namespace sandbox_test
