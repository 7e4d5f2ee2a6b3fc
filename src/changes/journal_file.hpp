// What stands in the file of a journal, and how it is read and written there.
#pragma once

#include "changes/store.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sandbox::changes {

struct JournalRecord {
    enum class Kind : std::uint32_t { none, result, unfinished, name_goes, name_gone };
    std::uint64_t device;
    std::uint64_t inode;
    std::int64_t seconds;
    std::uint64_t sequence;  ///< the later one has the greater
    std::uint32_t nanoseconds;
    Kind kind;

    friend bool operator==(const JournalRecord&, const JournalRecord&) = default;
};
static_assert(sizeof(JournalRecord) == 40);

/// In front of the records.
struct JournalHead {
    std::array<char, 16> magic;
    std::array<char, 32> id;
    std::uint64_t sorted;  ///< so many of the first records are
    std::uint64_t complete;
};
static_assert(sizeof(JournalHead) == 64);

/// Where in the file that record begins.
[[nodiscard]] constexpr std::uint64_t place_of_record(std::uint64_t number) {
    return sizeof(JournalHead) + number * sizeof(JournalRecord);
}

/// Throws Error: what could not be noted, and why.
[[noreturn]] void fail_to_note(const Store& store, int error);
/// All of it, or an Error.
void write_at(const Store& store, int file, const void* data, std::size_t size, std::uint64_t at);
/// The records from that one on, as many as there is room for, or an Error.
void read_records(const Store& store, int file, std::span<JournalRecord> records, std::uint64_t first);

}  // namespace sandbox::changes
