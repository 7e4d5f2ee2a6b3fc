// Where overlays are written to on a disk, for one run alone: nothing of it is kept.
//
// It is a directory of random digits, the caller's own and closed to others, in one that others may write to as well
// (/var/tmp): so it is made, opened and removed by descriptors, and what belongs to somebody else is not touched. In it
// are `ids`, a record of the ids that may own something there, `holder`, the process with which everything that writes
// there ends, and for each overlay of number N `N/upper` and `N/work`. The launcher holds a lock of the directory
// (flock(2)) for as long as it lives, which keeps systemd-tmpfiles(8) away, too. What a launcher that was killed has
// left is recognised by its name, its owner and its lock, and removed by the next one that makes one there.
#pragma once

#include "changes/record.hpp"
#include "sys/fd.hpp"

#include <string>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

namespace sandbox::changes {

/// Not thread-safe.
class ThrownAway {
  public:
    /// Makes one in the directory `place`, an absolute path without links. Throws Error, and leaves nothing.
    ThrownAway(const std::string& place, std::vector<IdRange> users, std::vector<IdRange> groups);
    ThrownAway(const ThrownAway&) = delete;
    ThrownAway& operator=(const ThrownAway&) = delete;
    /// Removes it, with what was written there.
    ~ThrownAway();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] int directory() const noexcept { return directory_.get(); }
    /// Makes `number/upper`, which has that mode and those owners, who may be among the ids, and times, and
    /// `number/work`. Throws Error.
    void make_layers(unsigned number, const struct stat& like) const;
    /// The process with which everything that writes there ends. Throws Error.
    void held_by(pid_t init) const;

  private:
    void make_directory();
    void write_ids() const;

    Record ids_;
    std::string place_;
    sys::UniqueFd above_;
    std::string name_;
    std::string path_;
    sys::UniqueFd directory_;
    sys::UniqueFd holder_;
};

/// Removes what launchers of the caller's that were killed have left in `place`. Adds a line for a person to `problems`
/// for what could not be removed. Throws nothing: a next start must not fail for it.
void sweep_thrown_away(const std::string& place, std::vector<std::string>& problems) noexcept;

}  // namespace sandbox::changes
