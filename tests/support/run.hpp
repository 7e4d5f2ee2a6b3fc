// Running a program, bounded in time, and keeping what it wrote.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/processes.hpp"

namespace sandbox_test {

/// How a program ended, and what it wrote.
struct Result {
    int exit_status = -1;  ///< -1 when a signal ended it
    int signal = 0;        ///< the signal that ended it, 0 otherwise
    std::string out;
    std::string err;
};

struct RunOptions {
    std::vector<std::string> sandbox = {};         ///< options of sandbox, before the `--`; inside() reads them
    std::optional<std::string> input = {};         ///< text for stdin, by a pipe; without it stdin is /dev/null
    bool keep_input_open = false;                  ///< for Running::write()
    std::map<int, int> descriptors = {};           ///< number in the program -> descriptor here; these win over pipes
    std::map<std::string, std::string> set = {};   ///< environment variables
    std::vector<std::string> unset = {};           ///< environment variables
    std::string directory = "/";                   ///< where it starts
    std::chrono::milliseconds timeout = patience;  ///< then it is killed and the test has failed
    /// Called in the new process as the last thing before the exec, with default signals and no other descriptors.
    std::function<void()> before_exec = {};
};

/// A program that runs. One that is neither waited for nor ended is killed by the destructor.
class Running {
  public:
    explicit Running(const std::vector<std::string>& command, const RunOptions& options = {});
    Running(Running&&) noexcept;
    Running& operator=(Running&&) = delete;
    ~Running();

    [[nodiscard]] pid_t pid() const;
    void send(int signal) const;
    void write(std::string_view text);
    void close_input();
    /// Waits until stdout has `text` (after what an earlier call found) and returns all up to its end. Fails the test
    /// when stdout ends before, or the time is up.
    std::string expect(std::string_view text);
    /// Waits for the end of the program and of its output: what it left behind may not keep its stdout and stderr.
    Result wait();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Runs a program to its end. A first word without a slash is looked for in PATH.
Result run(const std::vector<std::string>& command, const RunOptions& options = {});

/// Runs `sandbox OPTION... -- COMMAND...` to its end.
Result inside(const std::vector<std::string>& command, const RunOptions& options = {});
/// The same with `sh -c SCRIPT`.
Result inside_shell(const std::string& script, const RunOptions& options = {});
/// Starts `sandbox OPTION... -- COMMAND...`.
Running start_inside(const std::vector<std::string>& command, const RunOptions& options = {});

/// For failure messages.
std::ostream& operator<<(std::ostream& stream, const Result& result);

}  // namespace sandbox_test
