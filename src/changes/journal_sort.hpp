// The records of a journal in the order in which they are looked for, in memory that does not grow with their number.
#pragma once

#include "changes/journal_file.hpp"

#include <cstddef>
#include <cstdint>

namespace sandbox::changes {

/// What is sorted in memory at a time.
constexpr std::size_t records_of_a_run = 65536;

/// Writes to `to` the first `count` records of `from`, sorted by file: of each file the latest, where that says
/// something; nothing of unfinished directories if all of the apply is done. Returns how many. Behind them `to` has
/// what is of no use any more, and its head is not written. Throws Error. `run` is at least 1.
[[nodiscard]] std::uint64_t sort_records(const Store& store, int from, std::uint64_t count, int to, bool complete,
                                         std::size_t run = records_of_a_run);

}  // namespace sandbox::changes
