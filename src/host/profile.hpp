// The file of --seccomp FILE.
#pragma once

#include <string>

namespace sandbox::host {

/// The text of a regular file of at most 1 MiB. Nothing else is opened: a FIFO would wait for ever, a device do
/// something. Throws Error.
[[nodiscard]] std::string read_profile(const std::string& path);

}  // namespace sandbox::host
