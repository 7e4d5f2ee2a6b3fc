#include "changes/applier.hpp"

#include "changes/differ.hpp"
#include "changes/dry_executor.hpp"
#include "changes/host_changes.hpp"
#include "changes/journal.hpp"
#include "changes/names.hpp"
#include "changes/real_executor.hpp"
#include "changes/telling.hpp"
#include "changes/wanted.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <optional>

namespace sandbox::changes {
namespace {

// What is told is what the host gets: of what is dropped nothing.
Change as_put(Change change, const Wish& wish) {
    change.after.mode = wish.look.mode;
    if (!wish.look.attributes.contains(capability_attribute)) {
        change.after.capabilities.clear();
    }
    return change;
}

class Applier : public Visitor {
  public:
    Applier(const HostChanges& host, Executor& executor, const Selection& selection, const ApplyOptions& options,
            Telling& telling)
        : host_(host), executor_(executor), selection_(selection), options_(options), telling_(telling) {}

    void run(const Store& store) {
        executor_.clear_pending();
        walk(store, selection_, *this);
        executor_.finish(selection_.is_all() && !left_);
    }

    bool visit(Item& item) override {
        telling_.add_file();
        if (!item.level.host && !item.level.foreseen) {
            throw Problem("its directory was replaced meanwhile", 0, ChangeNote::Kind::conflict);
        }
        executor_.meet(item);
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
        Difference difference = compare_top(level, overlay);
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
            telling_.note(ChangeNote::Kind::dropped, path, "put on the host without set-id bits");
        }
        difference.mode = difference.mode && look.mode != level.host_entry.permissions();
        if (!difference.any()) {
            return;
        }
        level.own = host_.is_free_to_change(level.host_entry);
        if (executor_.change_top(path, level, look, difference)) {
            telling_.change(as_put(*change, {look, {}}));
        }
    }

    void leave(const std::string&, Level& level) override { executor_.leave(level); }

    void problem(const std::string& path, const Problem& problem) override {
        if (is_full(problem.error())) {
            throw Error("cannot apply " + path + ": " + problem.what())
                .with_fix("make room, and run it again: it goes on from there");
        }
        left_ = true;
        telling_.note(problem.kind(), path, problem.what());
    }

  private:
    void remove(const Item& item) {
        if (!item.host.exists) {
            return;
        }
        const std::optional<Change> change = change_of(item);
        host_.check_unchanged(item);
        executor_.remove(item);
        telling_.change(*change);
    }

    void tell_dropped(const Item& item, const Wish& wish) {
        if (!wish.dropped.empty()) {
            telling_.note(ChangeNote::Kind::dropped, item.path, "put on the host without " + wish.dropped);
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
        executor_.make_directory(item, wish.look);
        item.own = true;
        tell_dropped(item, wish);
        telling_.change(as_put(*change, wish));
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
        item.own = host_.is_free_to_change(item.host);
        if (executor_.change_directory(item, wish.look, difference)) {
            telling_.change(as_put(*change, wish));
        }
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
            // Nothing else of it differs: where it cannot be, all is well, too.
            if (names_.is_of_another(item) && !host_.is_changed(item.host)) {
                executor_.join(item, *names_.first_of(item));
            }
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
            const bool changed = executor_.change_file(item, wish.look, *difference);
            names_.remember(item, item.host, true);
            if (!changed) {
                return;
            }
        } else {
            const Placed placed = executor_.replace(item, wish.look, names_.first_of(item));
            names_.remember(item, placed.file, placed.limited);
        }
        telling_.change(as_put(*change, wish));
    }

    // One thing at once, as a new file would be; of a file with several names all.
    static bool changes_in_place(const Item& item, const Difference& difference) {
        return !difference.content && !difference.target && (difference.parts() == 1 || item.host.links > 1);
    }

    const HostChanges& host_;
    Executor& executor_;
    const Selection& selection_;
    const ApplyOptions& options_;
    Telling& telling_;
    bool left_ = false;
    Names names_;
};

}  // namespace

void apply_changes(const Store& store, const Selection& selection, const ApplyOptions& options,
                   const ChangeListener& listener) {
    Telling telling(listener);
    const auto apply = [&](const HostChanges& host, Executor& executor) {
        Applier(host, executor, selection, options, telling).run(store);
    };
    if (options.dry_run) {
        const Journal journal(store, Journal::Use::looking);
        DryExecutor executor(journal);
        apply(HostChanges(store.record().began, options.force, journal), executor);
    } else {
        Journal journal(store);
        const HostChanges host(store.record().began, options.force, journal);
        RealExecutor executor(journal, host, telling);
        apply(host, executor);
    }
}

}  // namespace sandbox::changes
