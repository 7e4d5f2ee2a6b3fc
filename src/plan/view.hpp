// The tree that a plan is building, as the planner knows it: which path is backed by what. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/aliases.hpp"
#include "plan/learnt.hpp"
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
    void make_root(const std::string& base, const std::set<std::string>& replaced, int id_mapped = -1);
    /// One without entries, for what is shown over it.
    void make_empty_root();

    /// A directory of the scratch tmpfs at `target`. Returns its scratch name.
    std::string mount_scratch(const std::string& target, std::uint32_t mode, MountAttributes attributes);
    /// A directory of the sandbox's own belongs to the command, where that is another user than the caller.
    void hand_over(const std::string& target);
    /// A path of the host at `target`. `canonical` is the source's real path, for what lies below it.
    /// `id_mapped`: as id_mapped() returned it, for what keeps its owners.
    void bind(Source source, const std::string& canonical, const std::string& target, MountAttributes attributes,
              int id_mapped = -1);
    /// For a bind of what keeps its owners; -1 where the ids inside are the caller's anyway.
    int id_mapped(IdMapped owners);
    /// A directory of the host at `target`, or as the root of the view: writable, but what is written is not written
    /// there. What is mounted below it is not in it. `hollow`: none of its entries is, but what is made in it. False
    /// where a later option hides it.
    bool overlay(BindMount lower, const std::string& canonical, bool hollow, std::vector<BindMount> layers = {});
    /// What was hidden before below `canonical`, once all of that is shown at `place`.
    void hide_again(const std::string& canonical, const std::string& place) { hide_below(canonical, resolve(place)); }
    /// Whether this is one of the directories that are left out, as empty mount points.
    [[nodiscard]] bool is_left_out(const std::string& path) const { return hidden_.contains(path); }
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
    /// A place for a mount, of that type, in a directory of the sandbox's own.
    void make_mount_point(const std::string& path, mode_t type) { make_entry(path, mount_point(type)); }
    /// Entries of a scratch directory that is mounted at `target`.
    void symlink(const std::string& path, const std::string& text);

    /// What the rounds before have learnt, and where else the host shows a path. Without them nothing can be hidden.
    void know(const Learnt& learnt, const Aliases& aliases) {
        learnt_ = &learnt;
        aliases_ = &aliases;
    }
    /// The number of the user's mount that comes next, from 1, and how it is written on the command line.
    void at(unsigned number, const std::string& asked) {
        now_ = number;
        asked_ = asked;
        plan_.asked[plan_.steps.size()] = asked;
    }
    /// Hides what `path` leads to, here and wherever else the same of the host is shown, now and by later binds that do
    /// not name it: it is empty and cannot be read, or `left_out`. A path that is missing cannot be created.
    /// False where nothing of the host stands there.
    bool hide(const std::string& path, bool left_out);
    /// The same for a real path of the host.
    void hide_host(const std::string& canonical, bool left_out, const std::string& done = {});
    /// The same for later binds alone.
    void remember_hidden(const std::string& canonical, bool left_out = false) {
        hidden_places_.emplace(canonical, left_out);
    }
    /// Holds the place of a path that is missing below a writable directory: nothing can be created there, and nothing
    /// is in it. False, and nothing done, where it is not missing, or not there.
    bool hold_missing(const std::string& path, bool directory);
    [[nodiscard]] bool may_be_silent() const { return tree_.may_be_silent(); }
    /// Whether a directory of the inside is hidden with all that is in it.
    [[nodiscard]] bool is_hidden(const std::string& directory) const;
    /// Whether a real path of the host has been hidden by its name.
    [[nodiscard]] bool has_hidden(const std::string& canonical) const { return hidden_places_.contains(canonical); }
    /// Whether something of the host stands at another path than its own.
    [[nodiscard]] bool shows_elsewhere() { return !shown_elsewhere().empty(); }
    /// What this round has learnt for the next.
    [[nodiscard]] const Learnt& news() const { return news_; }
    [[nodiscard]] Learnt& news() { return news_; }
    /// The names in a directory of the inside; none where it cannot be read, or is the kernel's.
    [[nodiscard]] std::vector<std::string> list(const std::string& directory) const;
    /// Whether this is a directory of the host that the caller cannot look into. Root inside can, where it is the
    /// caller's own.
    [[nodiscard]] bool is_closed(const std::string& directory) const;
    /// Where the tree has what stands at a path of the inside; nothing where that is not the host's.
    [[nodiscard]] std::optional<std::string> source_of(const std::string& path) const;
    /// Whether this is a directory, and no symbolic link to one.
    [[nodiscard]] bool is_directory(const std::string& path) const;

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
    /// too, or its rule allows what that of the other one does not.
    void add_landlock_rule(const std::string& path) { writable_.push_back(path); }

  private:
    /// A place of the host: as the child reaches it, and its real path. Of the scratch tmpfs: the first alone.
    struct HostPlace {
        std::string source;
        std::string canonical;
        int id_mapped = -1;  ///< BindMount::id_mapped
    };
    struct Area {
        enum class Kind { scratch, host, tmpfs, special };
        Kind kind = Kind::scratch;
        HostPlace backing;
        bool writable = false;
        std::size_t step = 0;  ///< tmpfs, overlay: the step that mounts it
        FileId id = {};        ///< what is shown writable of the host: as it was found
        /// Over what is in `backing`, which nothing is written to. A hollow one is a tmpfs to the planner: it holds
        /// what is made in it.
        bool overlay = false;
        std::vector<std::string> layers = {};  ///< sources over that of `backing`, upwards
        [[nodiscard]] bool is_of_host() const { return kind == Kind::host || overlay; }
    };
    /// What is in a directory of the host inside, and not there: a placeholder, or what an overlay has of its own.
    struct Held {
        mode_t type = S_IFDIR;
        std::string link = {};
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
    [[nodiscard]] std::optional<host::Entry> entry_in(const std::string& prefix, const Area* area,
                                                      const std::string& path) const;
    /// What stands at a path below an area of several layers.
    [[nodiscard]] std::optional<host::Entry> entry_in_layers(const Area& area, const std::string& rest) const;
    void cover(const std::string& path, Area area);
    /// Makes `target` exist inside, as a mount point of that type, and returns its resolved path.
    std::string place_for(const std::string& target, mode_t type);
    [[nodiscard]] static New mount_point(mode_t type);
    /// Makes what is missing behind `found`, directories on the way included, and returns its path.
    std::string make_place(const std::string& target, const Walk& found, New last);
    std::string hold_place(const Walk& found, bool directory);
    std::string make_in_overlay(const Walk& found, New last);
    [[nodiscard]] std::optional<FileId> directory_id(const std::string& host_path) const;
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

    // view_hide.cpp
    [[nodiscard]] const HiddenEntry* known_hidden(const std::string& place) const;
    /// What of the host stands, or would stand, at a resolved path.
    [[nodiscard]] std::optional<std::string> host_path(const std::string& place) const;
    [[nodiscard]] bool holds_something(const std::string& place, mode_t type) const;
    void hide_if_shown(const std::string& place, const std::string& canonical, bool left_out);
    void hide_at(const std::string& place, const std::string& canonical, bool left_out);
    void hide_below(const std::string& canonical, const std::string& place);
    /// Why nothing can be said about the first missing component; 0 where it is missing indeed.
    [[nodiscard]] int why_unknown(const Walk& found) const;
    void learn_hidden(const std::string& place, const std::string& canonical, bool left_out);
    [[nodiscard]] bool can_be_rebuilt(const std::string& directory, const std::string& prefix);
    [[nodiscard]] const std::vector<std::string>& shown_elsewhere();
    void mask(const std::string& place, mode_t type);
    /// What stands in a rebuilt directory in place of a hidden entry.
    void leave_out(const std::string& scratch, mode_t type, bool left_out);
    void make_closed(const std::string& scratch);
    void open_closed(const std::string& scratch);

    Plan& plan_;
    const host::Tree& tree_;
    const std::set<std::string>& skeletons_;
    const std::set<std::string>& hidden_;
    std::set<std::string> missing_skeletons_;
    std::set<std::string> pinned_;
    std::map<std::string, Held> held_;                     ///< by inside path
    std::map<std::string, Area> areas_;                    ///< by inside path
    std::map<std::string, mode_t> scratch_;                ///< what was made in the scratch tmpfs
    std::map<std::string, std::string> scratch_symlinks_;  ///< scratch path to text
    /// The directory that a walk has reached last, without symbolic links on the way: a thousand paths in it walk there
    /// once.
    struct Entered {
        std::string directory;
        std::string prefix;
        const Area* area = nullptr;
    };
    mutable Entered entered_;
    std::vector<std::string> writable_;
    std::size_t scratch_step_ = 0;
    unsigned counter_ = 0;
    unsigned overlay_counter_ = 0;

    const Learnt* learnt_ = nullptr;
    const Aliases* aliases_ = nullptr;
    Learnt news_;
    unsigned now_ = 0;
    std::string asked_;
    std::map<std::string, bool> hidden_places_;  ///< real paths of the host, hidden so far; left out
    std::set<std::string> masked_;               ///< by inside path
    std::map<std::string, bool> rebuildable_;    ///< whether a directory's entries can be read
    std::map<std::string, std::size_t> closed_;  ///< scratch directories without permissions, and their steps
    std::vector<std::string> shown_elsewhere_;   ///< areas of the host that stand at another path
    bool shown_elsewhere_stale_ = true;
};

/// Whether a path of the host is a directory that the caller cannot look into.
[[nodiscard]] bool is_closed_directory(const host::Tree& tree, const std::string& path);

}  // namespace sandbox::plan
