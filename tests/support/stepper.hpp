// Runs a program from one system call to the next, so that it can be killed at any chosen one, or that call can fail.
#pragma once

#include <sys/types.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sandbox_test {

/// A system call that is about to be made.
struct SystemCall {
    long number = -1;
    std::array<std::uint64_t, 6> arguments{};
};

/// A program under ptrace(2), halted at the entry and the exit of every system call; what it forks runs freely. Its
/// stdin, stdout and stderr are /dev/null. To be used by the thread that made it, one at a time.
class Stepper {
  public:
    enum class StartedBy {
        this_thread,
        a_thread_that_ends,  ///< before the program is executed
        a_parent,            ///< a process between the test and the program, to be killed by kill_parent()
    };

    /// `output`: a file for its stdout and stderr.
    explicit Stepper(const std::vector<std::string>& command, StartedBy by = StartedBy::this_thread,
                     const std::string& output = "/dev/null");
    Stepper(const Stepper&) = delete;
    Stepper& operator=(const Stepper&) = delete;
    ~Stepper();

    /// Runs to the next stop. False when the program has ended instead.
    bool step();
    /// Runs through `count` stops, or fewer if the program ends before, or if `idle` holds: for a program that sleeps
    /// in a system call until something happens.
    void advance(unsigned count, const std::function<bool()>& idle = {});
    /// Runs until this system call has returned. False when the program ends before.
    bool advance_past(long system_call);
    /// Runs to the entry of the next call that is wanted. False when the program ends before.
    bool advance_to(const std::function<bool(const SystemCall&)>& wanted);
    /// At the entry of a call: it is not made, and returns this error.
    void fail_call(int error);
    /// Runs until it forks, with fork(2), and goes on with the child; the program itself runs freely, as a parent.
    /// False when it ends before.
    bool follow_child();
    /// Lets it run freely from here.
    void let_go();

    /// What is halted, or runs.
    [[nodiscard]] pid_t pid() const { return pid_; }

    void kill_program();
    /// With StartedBy::a_parent, or behind follow_child().
    void kill_parent();
    /// Waits for the end of the program. 128+N when signal N ended it.
    int wait();
    /// Lets it run to its end, and waits for that.
    int run_to_end();
    /// Behind follow_child(): waits for the end of the parent, when the child has ended.
    int wait_for_parent();

  private:
    [[nodiscard]] pid_t start(const std::vector<std::string>& command, StartedBy by, int gate, int output);
    std::optional<int> await_change(const std::function<bool()>& idle);
    int await_change();
    bool step(const std::function<bool()>& idle);
    void note_end(int status);

    sigset_t mask_before_{};
    pid_t pid_ = 0;
    pid_t parent_ = 0;
    int signal_to_deliver_ = 0;
    bool halted_ = true;
    bool ended_ = false;
    int exit_status_ = -1;
};

/// The number of stops in the life of a program.
unsigned count_stops(const std::vector<std::string>& command);

}  // namespace sandbox_test
