// A program on a terminal of its own, and the person in front of it.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/processes.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {

class Terminal {
  public:
    struct Size {
        unsigned short rows = 24;
        unsigned short columns = 80;
    };

    /// Starts the program as leader of a new session, with the terminal as its controlling one and as 0, 1 and 2.
    explicit Terminal(const std::vector<std::string>& command, const std::map<std::string, std::string>& set = {});
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    /// Hangs up, and kills the program if it is still there.
    ~Terminal();

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// What a person types.
    void type(std::string_view text);
    /// Waits until the screen has shown `text`, after what an earlier call found, and returns all up to its end. Fails
    /// the test when it does not come; later calls then return at once.
    std::string expect(std::string_view text);
    /// All that was shown so far, also what expect() has passed.
    [[nodiscard]] const std::string& shown() const { return shown_; }

    void resize(Size size);
    [[nodiscard]] termios modes() const;
    /// The process group in the foreground.
    [[nodiscard]] pid_t foreground() const;
    /// Waits until the foreground is (not) this group.
    void await_foreground(pid_t group);
    void await_foreground_other_than(pid_t group);

    /// Waits for the end of the program. Its exit status, or 128+N for signal N.
    int wait();

  private:
    bool read_more(std::chrono::steady_clock::time_point deadline);
    void await_foreground_that(const char* relation, pid_t group, const std::function<bool()>& condition);

    sandbox::sys::UniqueFd master_;
    pid_t pid_ = 0;
    bool ended_ = false;
    bool hung_up_ = false;
    bool in_vain_ = false;
    int status_ = -1;
    std::string shown_;
    std::size_t expected_ = 0;
};

/// For comparing: all that stty -a would show.
std::string describe(const termios& modes);

/// `bash`, the person's own shell, outside of any sandbox, with job control. Its prompt is `host> `, and $SANDBOX
/// starts the binary.
class HostShell : public Terminal {
  public:
    HostShell();
    /// Types a line.
    void run(const std::string& line) { type(line + "\n"); }
    /// Waits for the prompt.
    void expect_prompt() { expect("host> "); }
    /// The status of the line before, which must be over.
    int last_status();
};

}  // namespace sandbox_test
