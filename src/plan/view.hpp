// The tree that a plan is building, as the planner knows it: which path is backed by what. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/plan.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace sandbox::plan {

/// Adds steps to a plan and keeps track of what each path of the inside is.
///
/// A mount point that is missing in a read-only tree of the host is made to exist inside only: its nearest existing
/// parent is replaced by a directory of the scratch tmpfs on which the parent's entries are bound again. The root
/// itself is such a directory from the start. One that is missing in a writable tree of the host is made on the host,
/// for as long as the sandbox lives (Plan::placeholders).
class View {
  public:
    /// `skeletons`: directories of the inside that are to be made that way from the start. `hidden`: directories that
    /// are left out of one, as empty mount points.
    View(Plan& plan, const host::Tree& tree, const std::set<std::string>& skeletons,
         const std::set<std::string>& hidden)
        : plan_(plan), tree_(tree), skeletons_(skeletons), hidden_(hidden) {}

    /// The new root: every entry of `base` (a canonical path of the host) bound read-only, but for the names in
    /// `replaced`, which become empty mount points (unless they are symbolic links, which stay).
    void make_root(const std::string& base, const std::set<std::string>& replaced);

    /// A directory of the scratch tmpfs at `target`. Returns its scratch name.
    std::string mount_scratch(const std::string& target, std::uint32_t mode, MountAttributes attributes);
    /// A path of the host at `target`. `canonical` is the source's real path, for what lies below it.
    void bind(Source source, const std::string& canonical, const std::string& target, MountAttributes attributes);
    void mount_tmpfs(const std::string& target, std::string size, std::string mode, std::string asked);
    /// An empty directory, where there is none yet.
    void make_directory(const std::string& target, std::uint32_t mode);
    void make_symlink(const std::string& target, const std::string& text);
    /// A file with content; one that exists is covered by it.
    void make_file(const std::string& target, std::uint32_t mode, Content content);
    /// A mount that has its own content: proc, sysfs...; nothing can be made below it.
    template <class Mount>
    void mount_special(const std::string& target) {
        const std::string place = place_for(target, S_IFDIR);
        plan_.steps.push_back(Mount{place});
        cover(place, {Area::Kind::special, {}, false});
    }
    /// Entries of a scratch directory that is mounted at `target`.
    void symlink(const std::string& path, const std::string& text);

    /// Where a path of the inside leads, symbolic links followed as far as they are known.
    [[nodiscard]] std::string resolve(const std::string& path) const;
    [[nodiscard]] bool exists(const std::string& path) const;
    /// Whether something private, not the host's, stands there.
    [[nodiscard]] bool is_private(const std::string& path) const;
    /// Whether the command may write there, as far as the mounts are concerned.
    [[nodiscard]] bool is_writable(const std::string& path) const;
    /// The nearest directory on the way to `path` that exists inside.
    [[nodiscard]] std::string nearest_existing(const std::string& path) const;

    /// Paths below which the plan lets the command write, for Landlock.
    [[nodiscard]] const std::vector<std::string>& writable() const { return writable_; }
    /// Every area of the view: inside path to what the host has there; empty for what is private.
    [[nodiscard]] std::map<std::string, std::string> areas() const;
    /// Directories that turned out to lack a mount point. What was mounted below them before is lost in this plan: it
    /// has to be made again with these as skeletons.
    [[nodiscard]] const std::set<std::string>& missing_skeletons() const { return missing_skeletons_; }
    void add_writable(const std::string& path);
    /// A path that needs a rule of its own although it lies below a writable one: its inode is reached by other ways,
    /// too.
    void add_landlock_rule(const std::string& path) { writable_.push_back(path); }

  private:
    /// A place of the host: as the child reaches it, and its real path. Of the scratch tmpfs: the first alone.
    struct HostPlace {
        std::string source;
        std::string canonical;
    };
    struct Area {
        enum class Kind { scratch, host, tmpfs, special };
        Kind kind = Kind::scratch;
        HostPlace backing;
        bool writable = false;
        std::size_t step = 0;  ///< tmpfs: the step that mounts it
    };
    struct Walk {
        std::string path;                  ///< resolved as far as it exists
        std::vector<std::string> missing;  ///< components that do not exist
        mode_t type = 0;                   ///< of `path`
    };
    /// What is to be made where nothing is.
    struct New {
        mode_t type = S_IFDIR;
        std::uint32_t mode = 0755;
        std::string text = {};
        std::optional<Content> content = {};
    };

    [[nodiscard]] std::pair<std::string, const Area*> area_of(const std::string& path) const;
    [[nodiscard]] Walk walk(const std::string& path) const;
    [[nodiscard]] std::optional<host::Entry> entry_at(const std::string& path) const;
    void cover(const std::string& path, Area area);
    /// Makes `target` exist inside, as a mount point of that type, and returns its resolved path.
    std::string place_for(const std::string& target, mode_t type);
    [[nodiscard]] static New mount_point(mode_t type);
    /// Makes what is missing behind `found`, directories on the way included, and returns its path.
    std::string make_place(const std::string& target, const Walk& found, New last);
    std::string hold_place(const Walk& found, bool directory);
    /// Whether something new there would be made on the host, where the command could make it itself.
    [[nodiscard]] bool is_writable_host(const std::string& path) const;
    void make_entry(const std::string& path, New entry);
    void make_in_scratch(const std::string& path, New entry);
    /// Shows a directory of the host as a scratch directory with its entries bound.
    void show_skeleton(const std::string& directory, const HostPlace& from);
    void want_skeleton(const std::string& directory);
    [[nodiscard]] bool wants_skeleton(const std::string& path) const;
    /// A directory on the way from a writable mount to one below it must not be renamed: bound onto itself it cannot
    /// be.
    void pin_parents(const std::string& place);
    void show_entries(const std::string& scratch, const std::string& inside, const HostPlace& from,
                      const std::set<std::string>& replaced);
    void make_scratch_directory(const std::string& path, std::uint32_t mode);

    Plan& plan_;
    const host::Tree& tree_;
    const std::set<std::string>& skeletons_;
    const std::set<std::string>& hidden_;
    std::set<std::string> missing_skeletons_;
    std::set<std::string> pinned_;
    std::map<std::string, mode_t> held_;                   ///< placeholders on the host, by inside path
    std::map<std::string, Area> areas_;                    ///< by inside path
    std::map<std::string, mode_t> scratch_;                ///< what was made in the scratch tmpfs
    std::map<std::string, std::string> scratch_symlinks_;  ///< scratch path to text
    std::vector<std::string> writable_;
    std::size_t scratch_step_ = 0;
    unsigned counter_ = 0;
};

}  // namespace sandbox::plan
