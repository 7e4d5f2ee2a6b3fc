// A piece of work that may never come to an end, in a process of its own that can be killed: nobody can interrupt a
// system call that waits for a file system which does not answer, but whoever waits in it can be killed.
#pragma once

#include <optional>

namespace sandbox::sys {

/// Runs `work(argument)` in a copy of this process and returns the low eight bits of what it returns; nothing where it
/// took longer than `milliseconds` and was killed, -1 where there can be no further process. `work` is to make system
/// calls alone: the caller may have threads, whose locks the copy has, too. What it writes to `argument` is lost.
[[nodiscard]] std::optional<int> run_killable(int milliseconds, int (*work)(const void*) noexcept,
                                              const void* argument);

}  // namespace sandbox::sys
