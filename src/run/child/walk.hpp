// Reaching a path inside the new root without ever leaving it.
#pragma once

#include "plan/step.hpp"

namespace sandbox::run {

/// An O_PATH descriptor of `path` below `root`, -1 and errno otherwise. Symbolic links are followed as if `root` were
/// `/` (openat2(2) RESOLVE_IN_ROOT); where openat2 is refused by an outer filter (ENOSYS), component by component, and
/// a symbolic link is ELOOP then.
[[nodiscard]] int open_inside(int root, const char* path) noexcept;

/// The same where no symbolic link is followed: for what somebody may have put there meanwhile. ELOOP; without openat2
/// ENOTDIR, and the last one is what is opened.
[[nodiscard]] int open_without_links(int root, const char* path) noexcept;

/// What an open descriptor is; a file system that does not answer is not asked. Returns an errno.
[[nodiscard]] int identify(int fd, plan::FileId& id) noexcept;

/// Writes all of `text` to the file at `path` below `directory` in one write(2). Returns an errno.
[[nodiscard]] int write_file(int directory, const char* path, const char* text) noexcept;

}  // namespace sandbox::run
