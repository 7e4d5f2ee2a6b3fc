// The public functions about what runs have changed.
#include <sandbox/changes.hpp>
#include <sandbox/error.hpp>

#include "changes/applier.hpp"
#include "changes/differ.hpp"
#include "changes/in_user_namespace.hpp"
#include "changes/named.hpp"
#include "changes/patch.hpp"
#include "changes/remove.hpp"
#include "changes/store.hpp"

#include <array>
#include <numeric>

namespace sandbox {
namespace {

/// Passes on, and counts.
ChangeListener counting(const ChangeListener& listener, ChangeCounts& counts) {
    ChangeListener counted = listener;
    counted.change = [&](const Change& change) {
        counts.of.at(static_cast<std::size_t>(change.kind)) += 1;
        if (listener.change) {
            listener.change(change.patch.empty() ? change : changes::with_patch(change));
        }
    };
    return counted;
}

}  // namespace

const char* name_of(ChangeKind kind) {
    constexpr std::array<const char*, change_kinds> names = {"added", "modified", "deleted", "type",
                                                             "mode",  "symlink",  "unlinked"};
    return names.at(static_cast<std::size_t>(kind));
}

const char* name_of(FileType type) {
    constexpr std::array<const char*, 8> names = {"nothing", "file",   "directory",        "symlink",
                                                  "fifo",    "socket", "character device", "block device"};
    return names.at(static_cast<std::size_t>(type));
}

std::uint64_t ChangeCounts::all() const {
    return std::accumulate(of.begin(), of.end(), std::uint64_t{0});
}

ChangeCounts diff(const std::string& directory, const DiffOptions& options, const ChangeListener& listener) {
    const changes::Store store = changes::Store::open_for_reading(directory);
    const changes::Selection selection(options.paths, store.record());
    ChangeCounts counts;
    changes::with_ids_of(store.record(), counting(listener, counts), [&](const ChangeListener& inner) {
        changes::check_named(store, selection);
        changes::find_changes(store, selection, options.patch, inner);
    });
    return counts;
}

ChangeCounts apply(const std::string& directory, const ApplyOptions& options, const ChangeListener& listener) {
    const changes::Store store =
        options.dry_run ? changes::Store::open_for_reading(directory) : changes::Store::open_for_change(directory);
    const changes::Selection selection(options.paths, store.record());
    ChangeCounts counts;
    changes::with_ids_of(store.record(), counting(listener, counts), [&](const ChangeListener& inner) {
        changes::check_named(store, selection);
        changes::apply_changes(store, selection, options, inner);
    });
    return counts;
}

void discard(const std::string& directory, const ChangeListener& listener) {
    const changes::Store store = changes::Store::open_to_discard(directory);
    changes::with_ids_of(store.record(), listener, [&](const ChangeListener& inner) {
        ChangeProgress progress;
        const auto told = [&](std::uint64_t files) {
            progress.files += files;
            if (inner.progress) {
                inner.progress(progress);
            }
        };
        for (const std::string& tree : store.trees()) {
            try {
                changes::remove_tree(store.directory(), tree, told);
            } catch (const changes::Problem& problem) {
                throw Error("cannot discard " + directory + ": " + problem.what());
            }
        }
    });
    store.remove();
}

}  // namespace sandbox
