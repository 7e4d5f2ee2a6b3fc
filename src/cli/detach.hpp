// --detach: the launcher in the background.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sandbox::cli {

/// The launcher as a process of its own, without a terminal, whose 0 is /dev/null and whose 1 and 2 are a log. Whoever
/// called waits until it says how the start went.
class Background {
  public:
    /// Returns in the new process alone; the calling one prints what that says, and exits. Throws Error in the calling
    /// one.
    /// Of the caller's descriptors from 3 up the new process holds `kept` alone, those that are not open passed over.
    Background(const std::optional<std::string>& log, std::vector<int> kept);

    /// The command runs: `name` is printed, the status is 0.
    void ready(const std::string& name);
    /// It does not: `message` goes to stderr.
    [[noreturn]] void failed(const std::string& message, int exit_status);

  private:
    int answer_ = -1;
};

}  // namespace sandbox::cli
