// The directory that `--changes DIR` keeps: made, opened, locked.
//
// In it stand `sandbox.json` (record.hpp), `lock`, and for each overlay of number N `N/upper` and `N/work`, which
// belong to the kernel. It is the caller's own and closed to others. What is below `upper` was written by the command:
// nothing of it is believed. What the command cannot write, the record, may come from elsewhere with a copy of DIR: so
// it is read as if anybody had written it.
#pragma once

#include "changes/record.hpp"
#include "sys/fd.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sandbox::changes {

/// An overlay that a run wants.
struct WantedOverlay {
    std::string path;          ///< canonical: see is_canonical()
    std::optional<uid_t> uid;  ///< of the new tree's top; that of `path` for root, else the caller's own
    std::optional<gid_t> gid;  ///< likewise
};

struct Wanted {
    std::vector<IdRange> users;  ///< what the ids of the inside are in the caller's user namespace
    std::vector<IdRange> groups;
    std::vector<WantedOverlay> overlays;
};

class Store {
  public:
    /// For a run, locked against everybody: makes DIR where it is missing or empty, and in it what `wanted` asks for.
    /// What is there of an earlier run stays; `check` sees what that was before anything is changed, and may throw.
    /// Throws Error, which names DIR.
    [[nodiscard]] static Store open_for_run(
        const std::string& path, const Wanted& wanted,
        const std::function<void(const Record&)>& check = [](const Record&) {});
    /// For a verb that changes something, locked against everybody. Throws Error.
    [[nodiscard]] static Store open_for_change(const std::string& path);
    /// For the verb that removes it, who may have been killed before: nobody else takes it for one from then on. Throws
    /// Error, also where there is something in it that is not of this format.
    [[nodiscard]] static Store open_to_discard(const std::string& path);
    /// For one that looks, locked against those; nothing is made in DIR, which may be read-only. Throws Error.
    [[nodiscard]] static Store open_for_reading(const std::string& path);

    /// As it was given.
    [[nodiscard]] const std::string& name() const { return name_; }
    /// Absolute, without links.
    [[nodiscard]] std::string path() const;
    [[nodiscard]] int directory() const { return directory_.get(); }
    [[nodiscard]] const Record& record() const { return record_; }
    /// The process with which everything that writes there ends. Until it has ended nobody else opens DIR, also where
    /// the lock is gone, as the launcher was killed. Throws Error.
    void held_by(pid_t init) const;
    /// `N/upper` and `N/work`, opened for reading. Empty, with errno, where that is missing or no directory.
    [[nodiscard]] sys::UniqueFd upper(unsigned number) const;
    [[nodiscard]] sys::UniqueFd work(unsigned number) const;
    /// The names in it that are directories of overlays.
    [[nodiscard]] std::vector<std::string> trees() const;
    /// Removes DIR, when the trees are gone. Throws Error.
    void remove() const;

  private:
    Store() = default;
    void take_lock(int operation);
    void await_holder() const;
    [[nodiscard]] bool read_record(const char* file);
    void write_record();
    void check_wanted(const Wanted& wanted) const;
    void add_overlay(const WantedOverlay& wanted);
    void make_directories(const Overlay& overlay) const;
    static Store open_existing(const std::string& path, int operation);

    std::string name_;
    sys::UniqueFd directory_;
    sys::UniqueFd lock_;
    Record record_;
};

}  // namespace sandbox::changes
