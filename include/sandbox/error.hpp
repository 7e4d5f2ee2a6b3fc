// The one exception that launch() and explain() throw.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>

namespace sandbox {

/// The step of the plan that failed.
struct FailedStep {
    unsigned index = 0;   ///< position in the plan, as explain() numbers it
    std::string name;     ///< what kind of step, e.g. `bind`
    std::string subject;  ///< what it was about, e.g. the path
    int error = 0;        ///< errno
};

/// A sandbox that could not be had. what() is one line: `<what could not be done>: <cause>`.
class Error : public std::runtime_error {
  public:
    explicit Error(const std::string& what, int exit_status = 125)
        : std::runtime_error(what), exit_status_(exit_status) {}

    /// 125: set-up or usage; 126: found but not executable; 127: command not found.
    [[nodiscard]] int exit_status() const noexcept { return exit_status_; }
    /// Set when a step of the plan failed in the kernel.
    [[nodiscard]] const std::optional<FailedStep>& step() const noexcept { return step_; }
    /// What to do about it, where the cause is known; else empty. May have several lines.
    [[nodiscard]] const std::string& fix() const noexcept { return fix_; }

    Error&& at(FailedStep step) && {
        step_ = std::move(step);
        return std::move(*this);
    }
    Error&& with_fix(std::string fix) && {
        fix_ = std::move(fix);
        return std::move(*this);
    }

  private:
    int exit_status_;
    std::optional<FailedStep> step_;
    std::string fix_;
};

/// The text a person reads: `what()`, then indented `step:` and `fix:` lines where known, each ended by a newline, the
/// first one behind `sandbox: `. Control characters are escaped, so that a hostile file name cannot drive the terminal.
[[nodiscard]] std::string render(const Error& error);

}  // namespace sandbox
