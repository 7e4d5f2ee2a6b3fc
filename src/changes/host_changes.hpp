// What on the host is somebody else's work since the first run began, and what is apply's own, which changes times,
// too: whatever it is about to change is noted before, so that neither a later step nor another process takes it for
// the host's, wherever this one is killed.
#pragma once

#include "changes/journal.hpp"
#include "changes/later.hpp"
#include "changes/record.hpp"
#include "changes/walk.hpp"
#include "sys/fd.hpp"

namespace sandbox::changes {

/// What throws throws a Problem that is a conflict. Not thread-safe.
class HostChanges {
  public:
    /// `force`: nothing is a conflict.
    HostChanges(const Timestamp& began, bool force, Journal& journal)
        : began_(began), force_(force), journal_(journal) {}

    /// Of a thing for itself.
    [[nodiscard]] bool is_changed(const Entry& entry) const { return is_later(entry, began_, journal_); }
    /// Things have come or gone in it, by somebody else's hand. What is done here must not hide that.
    [[nodiscard]] bool is_changed(const Level& level) const;

    /// Throws if the top of an overlay is not the directory that the runs saw, as something was mounted or unmounted.
    void check_elsewhere(const Entry& host, const Overlay& overlay) const;
    /// Throws if it is not as the first run found it; of a directory, if something in it is not.
    void check_unchanged(const Item& item) const;
    /// Of a directory whose attributes alone are changed.
    void check_directory_unchanged(const Entry& host) const;
    void check_not_gone(const Item& item) const;

    /// Before something is made, replaced or removed in a directory.
    void begin_in(Level& level);
    /// Before a directory itself is changed: its time is, then, which is nobody else's change when it comes to what is
    /// in it. False where somebody else has changed it before.
    bool begin_to_change(const Entry& directory);

    /// Before one name of a file goes: the others look changed then. The file, where that is so. Of a directory: before
    /// all below it goes.
    [[nodiscard]] sys::UniqueFd hold_other_names(const Item& item);
    void note_other_names(const sys::UniqueFd& file);

  private:
    void note_names_below(const Item& item);

    const Timestamp began_;
    const bool force_;
    Journal& journal_;
};

}  // namespace sandbox::changes
