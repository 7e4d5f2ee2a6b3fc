// Who writes in a directory that overlays are written to: noted in a file there, and waited for by who comes next.
#pragma once

#include <optional>

#include <sys/types.h>

namespace sandbox::changes {

/// Notes init, with which everything ends that writes there. False, with errno, where that cannot be written.
[[nodiscard]] bool note_holder(int file, pid_t init);

/// Waits until whoever is noted has ended: the kernel takes a moment to end what a launcher that was killed has left.
/// Returns the process where it does not end in time.
[[nodiscard]] std::optional<pid_t> await_holder(int file, int patience_ms);

}  // namespace sandbox::changes
