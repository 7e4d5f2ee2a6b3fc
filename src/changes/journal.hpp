// What `sandbox apply` has written on the host, so that it does not take its own work for somebody else's, whenever it
// was killed.
//
// `DIR/journal` is a head and entries of one size. An entry is added when a file is in its place, with the identity
// that it has there; a file that is there and is the one of the upper directory needs none. At the next start the
// entries are sorted in a file of their own, which takes the place of the old one; there they are looked for. What is
// looked for in memory are the files of this start which have several names: that of one changes what the others look
// like.
//
// `DIR/pending` names the directory in which a temporary file may stand. There is one at a time.
#pragma once

#include "changes/entry.hpp"
#include "changes/journal_file.hpp"
#include "changes/store.hpp"
#include "sys/fd.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sandbox::changes {

/// What an apply that was killed has left on the host.
struct LeftOver {
    std::string directory;
    std::string name;
};

class Journal {
  public:
    /// `looking`: nothing is written nor made, and there is nothing to note in it.
    enum class Use : std::uint8_t { noting, looking };

    using Key = std::pair<std::uint64_t, std::uint64_t>;  ///< device and inode
    [[nodiscard]] static Key key_of(const Entry& entry) { return {entry.device, entry.inode}; }

    /// Throws Error.
    explicit Journal(const Store& store, Use use = Use::noting);
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    ~Journal();

    /// Whether that is as it was left by an apply.
    [[nodiscard]] bool knows(const Entry& entry) const;
    /// Whether an apply has begun to work in that directory and has not come to its end.
    [[nodiscard]] bool is_unfinished(const Entry& directory) const;

    /// `now`: also should this process be killed next. A file that is the upper's needs no entry to be known.
    void note(const Entry& entry, bool now);
    void note_unfinished(const Entry& directory);
    /// Before a name of a file with several ones goes: the others look changed then, also where nobody lives to note
    /// how.
    void note_name_goes(const Entry& file);
    /// The same where nobody will have looked at the file when it comes to the others: with a whole directory.
    void note_name_goes_unseen(const Entry& file);
    /// Those are gone, the last one at that time of their file system: what the others show later is not from that.
    void note_names_gone(const std::set<Key>& files, const Timestamp& when);

    /// What was noted is written.
    void flush();

    /// The name of the temporary file of this DIR.
    [[nodiscard]] const std::string& temporary() const { return temporary_; }
    /// Before one is made: in which directory.
    void enter(const std::string& directory);
    /// The directory in which one may stand of an apply that was killed; empty for none.
    [[nodiscard]] std::string pending() const;
    /// What may be in it, where that is only looked at: else it is cleared first.
    [[nodiscard]] std::optional<LeftOver> left_over() const;
    [[nodiscard]] bool is_left_over(int directory, const std::string& name) const;

    /// All of an apply is done, if `complete`.
    void finish(bool complete);

  private:
    using Kind = JournalRecord::Kind;

    void open();
    void start_new();
    void sort();
    void look_into();
    void sort_aside();
    void map();
    [[nodiscard]] std::uint64_t count_records() const;
    void check(int file, const char* name) const;
    [[nodiscard]] sys::UniqueFd find_file(const char* name) const;
    void add(const Key& key, Kind kind, const Timestamp& time, bool now);
    /// Whether what was noted of it still holds.
    [[nodiscard]] static bool is_as(const Entry& entry, Kind kind, const Timestamp& time);
    [[nodiscard]] const JournalRecord* find(const Entry& entry) const;
    [[nodiscard]] int make(const char* name) const;

    const Store& store_;
    sys::UniqueFd file_;
    sys::UniqueFd place_;
    JournalHead head_{};
    std::string temporary_;
    std::string entered_;
    Entry left_in_;  ///< the directory of what is left over
    std::uint64_t sequence_ = 0;
    std::uint64_t unsynced_ = 0;
    std::vector<JournalRecord> waiting_;  ///< to be written
    void* mapped_ = nullptr;
    std::size_t mapped_size_ = 0;
    std::span<const JournalRecord> sorted_;
    std::map<Key, std::pair<Kind, Timestamp>> linked_;
};

}  // namespace sandbox::changes
