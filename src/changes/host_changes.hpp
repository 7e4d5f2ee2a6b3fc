// What on the host is somebody else's work since the first run began, and what is apply's own, which changes times,
// too.
#pragma once

#include "changes/journal.hpp"
#include "changes/later.hpp"
#include "changes/record.hpp"
#include "changes/walk.hpp"

namespace sandbox::changes {

/// What throws throws a Problem that is a conflict.
class HostChanges {
  public:
    /// `force`: nothing is a conflict.
    HostChanges(const Timestamp& began, bool force, const Journal& journal)
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

    /// Whether nobody else's change is hidden by one of the directory itself: its time is apply's then, also when it
    /// comes to what is in it.
    [[nodiscard]] bool is_free_to_change(const Entry& directory) const;

  private:
    const Timestamp began_;
    const bool force_;
    const Journal& journal_;
};

}  // namespace sandbox::changes
