// Directories that are writable without being written to: which overlays that takes. Pure.
//
// overlayfs does not see what is mounted below its lower directory: each such mount has an overlay of its own. And a
// user namespace may not have a directory of the host as a lower one without what is mounted below it, as that could
// uncover what a mount hides. There, the directories on the way to a mount are hollow overlays: of mount points, one
// for each entry.
#pragma once

#include "host/facts.hpp"
#include "plan/view.hpp"

#include <string>
#include <vector>

namespace sandbox::plan {

/// Thrown where an overlay would show the directory in which one is to be made that it is written to.
struct PlaceIsShown {};

class Overlays {
  public:
    Overlays(const host::Facts& facts, const host::Tree& tree, View& view, Plan& plan)
        : facts_(facts), tree_(tree), view_(view), plan_(plan) {}

    /// The directory `source`, which is really `canonical`, writable at `target`; `/` is the root of the view, of which
    /// the sandbox's own places stay what they are.
    void show(const Source& source, const std::string& canonical, const std::string& target);

    struct Place {
        Source source;
        std::string canonical;
        std::string target = "/";
    };
    /// The root of the view made of `base` and trees over it, upwards.
    void show_layers(const Place& base, const std::vector<Place>& layers, bool writable);

  private:
    void show_tree(const Place& place);
    void show_hollow(const Place& place);
    void show_mount(const Place& place, const host::MountEntry& mount);
    void show_read_only(const Place& place);
    void note_owners() const;
    [[nodiscard]] std::vector<const host::MountEntry*> mounts_below(const std::string& canonical) const;
    [[nodiscard]] const host::MountEntry* mount_at(const std::string& canonical) const;
    [[nodiscard]] bool is_passed_over(const std::string& canonical, const std::string& target) const;
    [[nodiscard]] bool is_above_written(const Place& place) const;
    void check_written(const Place& top) const;

    const host::Facts& facts_;
    const host::Tree& tree_;
    View& view_;
    Plan& plan_;
    std::string top_ = "/";  ///< canonical: of the overlay that is being shown
    std::string base_;       ///< what the root of the view is made of, if it is an overlay
    bool whole_ = false;     ///< that one
    int id_mapped_ = -1;
};

}  // namespace sandbox::plan
