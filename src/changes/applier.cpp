#include "changes/applier.hpp"

#include "changes/differ.hpp"
#include "changes/host_changes.hpp"
#include "changes/journal.hpp"
#include "changes/names.hpp"
#include "changes/place.hpp"
#include "changes/wanted.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <optional>
#include <utility>

namespace sandbox::changes {
namespace {

unsigned count(const Difference& difference) {
    unsigned parts = 0;
    for (const bool part : {difference.mode, difference.owner, difference.time, difference.attributes}) {
        parts += part ? 1 : 0;
    }
    return parts;
}

class Applier : public Visitor {
  public:
    Applier(const Store& store, const Selection& selection, const ApplyOptions& options, const ChangeListener& listener)
        : selection_(selection),
          options_(options),
          listener_(listener),
          journal_(store),
          host_(store.record().began, options.force, journal_),
          placer_(
              journal_,
              [this](const std::string& path, const std::string& why) { tell(ChangeNote::Kind::limited, path, why); },
              [this](std::uint64_t bytes) { add_bytes(bytes); }) {}

    void clear_pending() {
        const std::string path = journal_.pending();
        if (const sys::UniqueFd directory = path.empty() ? sys::UniqueFd() : open_canonical(path)) {
            placer_.clear(directory.get());
        }
    }
    void finish() { journal_.finish(selection_.is_all() && !left_); }

    bool visit(Item& item) override {
        if (++progress_.files % 256 == 0) {
            tell_progress();
        }
        if (!item.level.host) {
            throw Problem("its directory was replaced meanwhile", 0, ChangeNote::Kind::conflict);
        }
        if (!item.chosen) {
            return visit_on_the_way(item);
        }
        if (!item.upper.exists || item.marks.whiteout) {
            remove(item);
            return false;
        }
        if (item.upper.is(S_IFDIR)) {
            return visit_directory(item);
        }
        if (item.upper.is(S_IFCHR) || item.upper.is(S_IFBLK)) {
            throw Problem("device nodes are not put on the host", 0, ChangeNote::Kind::refused);
        }
        visit_other(item);
        return false;
    }

    void begin(const Level& level, const Overlay& overlay) override {
        host_.check_elsewhere(level.host_entry, overlay);
    }

    void visit_top(const std::string& path, Level& level, const Overlay& overlay) override {
        constexpr mode_t id_bits = S_ISUID | S_ISGID;
        const Difference difference = compare_top(level, overlay);
        const std::optional<Change> change = change_of_top(path, level, difference);
        if (!change) {
            return;
        }
        host_.check_directory_unchanged(level.host_entry);
        Look look;
        look.mode = (level.upper_entry.permissions() & ~id_bits) | (level.host_entry.mode & id_bits);
        look.uid = level.upper_entry.uid;
        look.gid = level.upper_entry.gid;
        if ((level.upper_entry.mode & id_bits & ~level.host_entry.mode) != 0) {
            tell(ChangeNote::Kind::dropped, path, "put on the host without set-id bits");
        }
        const bool moded = difference.mode && look.mode != level.host_entry.permissions();
        if (!moded && !difference.owner) {
            return;
        }
        level.own = host_.begin_to_change(level.host_entry);
        level.changed = level.own;
        const bool owned = difference.owner && placer_.change_owner(path, level.host.get(), look);
        if (moded) {
            placer_.change_mode(level.host.get(), look.mode);
        }
        if (!level.own) {
            journal_.note(changes::look(level.host.get()), true);
        }
        if (owned || moded) {
            tell(*change);
        }
    }

    // Whatever was put into it has given it a time of its own.
    void leave(const std::string&, Level& level) override {
        if (!level.host || !(level.changed || journal_.is_unfinished(level.host_entry))) {
            return;
        }
        Look look;
        look.accessed = level.upper_entry.accessed;
        look.modified = level.upper_entry.modified;
        placer_.change_times(level.host.get(), look);
        if (!host_.is_changed(level)) {
            journal_.note(changes::look(level.host.get()), true);
        }
    }

    void problem(const std::string& path, const Problem& problem) override {
        if (is_full(problem.error())) {
            throw Error("cannot apply " + path + ": " + problem.what())
                .with_fix("make room, and run it again: it goes on from there");
        }
        left_ = true;
        tell(problem.kind(), path, problem.what());
    }

  private:
    void tell(ChangeNote::Kind kind, const std::string& path, const std::string& text) {
        if (listener_.note) {
            listener_.note({kind, path, text});
        }
    }
    void tell(const Change& change) {
        if (listener_.change) {
            listener_.change(change);
        }
    }
    void tell_progress() {
        if (listener_.progress) {
            listener_.progress(progress_);
        }
    }
    void add_bytes(std::uint64_t bytes) {
        constexpr std::uint64_t step = std::uint64_t{16} << 20U;
        progress_.bytes += bytes;
        if (progress_.bytes / step != (progress_.bytes - bytes) / step) {
            tell_progress();
        }
    }

    void remove(const Item& item) {
        if (!item.host.exists) {
            return;
        }
        const std::optional<Change> change = change_of(item);
        host_.check_unchanged(item);
        host_.begin_in(item.level);
        const sys::UniqueFd others = host_.hold_other_names(item);
        placer_.remove(item);
        host_.note_other_names(others);
        tell(*change);
    }

    void tell_dropped(const Item& item, const Wish& wish) {
        if (!wish.dropped.empty()) {
            tell(ChangeNote::Kind::dropped, item.path, "put on the host without " + wish.dropped);
        }
    }

    // Only what it leads to was asked for.
    bool visit_on_the_way(Item& item) {
        if (item.host.is(S_IFDIR)) {
            return true;
        }
        return leads_to_something(item) && visit_directory(item);
    }

    bool leads_to_something(const Item& item) {
        for (const std::string& wanted : selection_.below(item.path)) {
            sys::UniqueFd at(open_path(item.level.upper.get(), item.name));
            const std::vector<std::string> names = spec::components(wanted.substr(item.path.size()));
            for (std::size_t i = 0; at && i + 1 < names.size(); ++i) {
                at = open_path(at.get(), names[i]);
            }
            if (at && !names.empty() && look(at.get(), names.back()).exists) {
                return true;
            }
        }
        return false;
    }

    bool visit_directory(Item& item) {
        if (item.host.is(S_IFDIR)) {
            change_directory(item);
            return true;
        }
        const std::optional<Change> change = change_of(item);
        if (item.host.exists) {
            host_.check_unchanged(item);
        } else {
            host_.check_not_gone(item);
        }
        const Wish wish = wish_for(item, options_, nullptr);
        host_.begin_in(item.level);
        const sys::UniqueFd others = host_.hold_other_names(item);
        placer_.make_directory(item, wish.look);
        host_.note_other_names(others);
        item.own = true;
        tell_dropped(item, wish);
        tell(*change);
        return true;
    }

    void change_directory(Item& item) {
        Difference difference = compare(item);
        const Wish wish = wish_for(item, options_, &difference);
        if (!difference.any()) {
            tell_dropped(item, wish);
            return;
        }
        const std::optional<Change> change = change_of(item, difference);
        try {
            host_.check_directory_unchanged(item.host);
        } catch (const Problem& changed) {
            problem(item.path, changed);  // what is in it is another question
            return;
        }
        tell_dropped(item, wish);
        const sys::UniqueFd directory = open_path(item.level.host.get(), item.name);
        if (!directory || !look(directory.get()).is_same(item.host)) {
            throw Problem("it was replaced meanwhile", 0, ChangeNote::Kind::conflict);
        }
        item.own = host_.begin_to_change(item.host);
        if (change_in_place(item, directory.get(), wish.look, difference)) {
            tell(*change);
        }
    }

    bool change_in_place(const Item& item, int file, const Look& wanted, const Difference& difference) {
        bool changed = false;
        // The first part makes it look changed; its time comes last.
        if (!item.host.is(S_IFDIR) && count(difference) > 1 && !host_.is_changed(item.host)) {
            journal_.note_name_goes(item.host);
        }
        if (difference.owner) {
            changed = placer_.change_owner(item.path, file, wanted);
        }
        if (difference.attributes) {
            placer_.change_attributes(item.path, file, wanted);
            changed = true;
        }
        // A change of the owner takes set-id bits.
        if (difference.mode || (changed && item.host.is(S_IFREG))) {
            placer_.change_mode(file, wanted.mode);
            changed = true;
        }
        if (difference.time) {
            placer_.change_times(file, wanted);
            changed = true;
        }
        if (!item.own) {
            journal_.note(look(file), true);
        }
        return changed;
    }

    void visit_other(Item& item) {
        std::optional<Difference> difference;
        if (item.host.exists) {
            difference = compare(item);
        }
        const bool same_type = difference && !difference->type;
        const Wish wish = wish_for(item, options_, same_type ? &*difference : nullptr);
        if (difference && !difference->any()) {
            tell_dropped(item, wish);
            join_names(item);
            names_.remember(item, item.host, false);
            return;
        }
        if (item.host.exists) {
            host_.check_unchanged(item);
        } else {
            host_.check_not_gone(item);
        }
        tell_dropped(item, wish);
        const std::optional<Change> change = difference ? change_of(item, *difference) : change_of(item);
        if (same_type && changes_in_place(item, *difference) && !names_.is_of_another(item)) {
            const bool changed = change_open(item, wish.look, *difference);
            names_.remember(item, item.host, true);
            if (!changed) {
                return;
            }
        } else {
            replace(item, wish.look);
        }
        tell(*change);
    }

    // One thing at once, as a new file would be; of a file with several names all.
    static bool changes_in_place(const Item& item, const Difference& difference) {
        return !difference.content && !difference.target && (count(difference) == 1 || item.host.links > 1);
    }

    bool change_open(const Item& item, const Look& wanted, const Difference& difference) {
        const sys::UniqueFd file(
            sys::above_streams(::openat(item.level.host.get(), item.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)));
        if (!file || !look(file.get()).is_same(item.host)) {
            throw Problem("it was replaced meanwhile", 0, ChangeNote::Kind::conflict);
        }
        return change_in_place(item, file.get(), wanted, difference);
    }

    void replace(const Item& item, const Look& wanted) {
        host_.begin_in(item.level);
        const sys::UniqueFd others = host_.hold_other_names(item);
        if (!place_name(item)) {
            if (item.upper.is(S_IFREG)) {
                placer_.make_file(item, wanted);
            } else if (item.upper.is(S_IFLNK)) {
                placer_.make_link(item, wanted);
            } else {
                placer_.make_special(item, wanted);
            }
        }
        host_.note_other_names(others);
        const Entry result = look(item.level.host.get(), item.name);
        journal_.note(result, placer_.was_limited());
        names_.remember(item, result, placer_.was_limited());
    }

    bool place_name(const Item& item) {
        const Names::First* const first = names_.first_of(item);
        if (first != nullptr && first->differs) {
            journal_.note_name_goes(first->file);  // one that comes changes its time, too
        }
        return first != nullptr && placer_.make_name(item, first->path, first->file);
    }

    // Nothing else of it differs: where it cannot be, all is well, too.
    void join_names(const Item& item) {
        if (!names_.is_of_another(item) || host_.is_changed(item.host)) {
            return;
        }
        host_.begin_in(item.level);
        const sys::UniqueFd others = host_.hold_other_names(item);
        if (place_name(item)) {
            host_.note_other_names(others);
            journal_.note(look(item.level.host.get(), item.name), false);
        }
    }

    const Selection& selection_;
    const ApplyOptions& options_;
    const ChangeListener& listener_;
    Journal journal_;
    HostChanges host_;
    Placer placer_;
    ChangeProgress progress_;
    bool left_ = false;
    Names names_;
};

}  // namespace

void apply_changes(const Store& store, const Selection& selection, const ApplyOptions& options,
                   const ChangeListener& listener) {
    Applier applier(store, selection, options, listener);
    applier.clear_pending();
    walk(store, selection, applier);
    applier.finish();
}

}  // namespace sandbox::changes
