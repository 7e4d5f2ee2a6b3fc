// The launcher's own memory while it does nothing but wait.
#pragma once

namespace sandbox::run {

/// Gives back what the program's code and constants take: pages of its file, unchanged, that are in the page cache, and
/// are mapped again one by one when they are needed. Nothing of the state is touched (madvise(2), MADV_DONTNEED, of
/// private mappings of a file that are not writable). For a process that waits, as the rest of a wait takes a few
/// pages. Not for a library's caller, whose program it would be.
void give_back_code() noexcept;

}  // namespace sandbox::run
