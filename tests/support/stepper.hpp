// Runs a program from one system call to the next, so that it can be killed at any chosen one.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sandbox_test {

/// A program under ptrace(2), halted at the entry and the exit of every system call; what it forks runs freely. Its
/// stdin, stdout and stderr are /dev/null. To be used by the thread that made it, one at a time.
class Stepper {
  public:
    enum class StartedBy {
        this_thread,
        a_thread_that_ends,  ///< before the program is executed
        a_parent,            ///< a process between the test and the program, to be killed by kill_parent()
    };

    explicit Stepper(const std::vector<std::string>& command, StartedBy by = StartedBy::this_thread);
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
    /// Lets it run freely from here.
    void let_go();

    void kill_program();
    /// With StartedBy::a_parent.
    void kill_parent();
    /// Waits for the end of the program. 128+N when signal N ended it.
    int wait();

  private:
    [[nodiscard]] pid_t start(const std::vector<std::string>& command, StartedBy by, int gate);
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
