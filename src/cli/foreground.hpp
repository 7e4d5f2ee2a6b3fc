// A sandbox from its launch to the exit status of this program, whose whole job it is.
#pragma once

#include "cli/status.hpp"

#include <sandbox/process.hpp>

#include <functional>
#include <optional>

namespace sandbox::cli {

/// Descriptors that launch() opens must not land on 0, 1 or 2, where a message would be written into them.
void open_missing_standard_descriptors();

/// Launches, and says to --status-fd how that went.
[[nodiscard]] Process launch_and_tell(const std::optional<StatusLines>& status, const std::function<Process()>& launch);

/// Waits for the end, says what was asked for and what `last_words` has to say, and exits with the command's status.
/// Throws Error where that is lost.
[[noreturn]] void finish(Process& process, const std::optional<StatusLines>& status,
                         const std::function<void(const Outcome&)>& last_words);

}  // namespace sandbox::cli
