#include "changes/real_executor.hpp"

#include "changes/tree.hpp"

#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace sandbox::changes {
namespace {

[[noreturn]] void was_replaced() {
    throw Problem("it was replaced meanwhile", 0, ChangeNote::Kind::conflict);
}

}  // namespace

RealExecutor::RealExecutor(Journal& journal, const HostChanges& host, Telling& telling)
    : journal_(journal),
      host_(host),
      placer_(
          journal,
          [&telling](const std::string& path, const std::string& why) {
              telling.note(ChangeNote::Kind::limited, path, why);
          },
          [&telling](std::uint64_t bytes) { telling.add_bytes(bytes); }) {}

void RealExecutor::clear_pending() {
    const std::string path = journal_.pending();
    if (const sys::UniqueFd directory = path.empty() ? sys::UniqueFd() : open_canonical(path)) {
        placer_.clear(directory.get());
    }
}

void RealExecutor::finish(bool complete) {
    journal_.finish(complete);
}

void RealExecutor::remove(const Item& item) {
    begin_in(item.level);
    const OtherNames others = hold_other_names(item);
    placer_.remove(item);
    note_other_names(item, others);
}

void RealExecutor::make_directory(Item& item, const Look& look) {
    begin_in(item.level);
    const OtherNames others = hold_other_names(item);
    placer_.make_directory(item, look);
    note_other_names(item, others);
}

Placed RealExecutor::replace(const Item& item, const Look& look, const Names::First* first) {
    begin_in(item.level);
    const OtherNames others = hold_other_names(item);
    if (first == nullptr || !place_name(item, *first)) {
        if (item.upper.is(S_IFREG)) {
            placer_.make_file(item, look);
        } else if (item.upper.is(S_IFLNK)) {
            placer_.make_link(item, look);
        } else {
            placer_.make_special(item, look);
        }
    }
    note_other_names(item, others);
    const Placed placed{changes::look(item.level.host.get(), item.name), placer_.was_limited()};
    journal_.note(placed.file, placed.limited);
    return placed;
}

bool RealExecutor::place_name(const Item& item, const Names::First& first) {
    if (first.differs) {
        journal_.note_name_goes(first.file);  // one that comes changes its time, too
    }
    return placer_.make_name(item, first.path, first.file);
}

void RealExecutor::join(const Item& item, const Names::First& first) {
    begin_in(item.level);
    const OtherNames others = hold_other_names(item);
    if (place_name(item, first)) {
        note_other_names(item, others);
        journal_.note(look(item.level.host.get(), item.name), false);
    }
}

bool RealExecutor::change_file(const Item& item, const Look& look, const Difference& difference) {
    const sys::UniqueFd file(
        sys::above_streams(::openat(item.level.host.get(), item.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)));
    if (!file || !changes::look(file.get()).is_same(item.host)) {
        was_replaced();
    }
    // The first part makes it look changed; its time comes last.
    if (difference.parts() > 1 && !host_.is_changed(item.host)) {
        journal_.note_name_goes(item.host);
    }
    return change_in_place(item, file.get(), look, difference);
}

bool RealExecutor::change_directory(const Item& item, const Look& look, const Difference& difference) {
    const sys::UniqueFd directory = open_path(item.level.host.get(), item.name);
    if (!directory || !changes::look(directory.get()).is_same(item.host)) {
        was_replaced();
    }
    if (item.own) {
        journal_.note_unfinished(item.host);
    }
    return change_in_place(item, directory.get(), look, difference);
}

bool RealExecutor::change_in_place(const Item& item, int file, const Look& wanted, const Difference& difference) {
    bool changed = false;
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

bool RealExecutor::change_top(const std::string& path, Level& level, const Look& look, const Difference& difference) {
    if (level.own) {
        journal_.note_unfinished(level.host_entry);
    }
    level.changed = level.own;
    const bool owned = difference.owner && placer_.change_owner(path, level.host.get(), look);
    if (difference.mode) {
        placer_.change_mode(level.host.get(), look.mode);
    }
    if (!level.own) {
        journal_.note(changes::look(level.host.get()), true);
    }
    return owned || difference.mode;
}

void RealExecutor::leave(Level& level) {
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

void RealExecutor::begin_in(Level& level) {
    if (!std::exchange(level.changed, true) && !host_.is_changed(level)) {
        journal_.note_unfinished(level.host_entry);
    }
}

RealExecutor::OtherNames RealExecutor::hold_other_names(const Item& item) {
    if (item.host.is(S_IFDIR)) {
        return {{}, note_names_below(item)};
    }
    if (!item.host.exists || item.host.links < 2 || host_.is_changed(item.host)) {
        return {};
    }
    journal_.note_name_goes(item.host);
    return {sys::UniqueFd(sys::above_streams(
                ::openat(item.level.host.get(), item.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC))),
            {}};
}

// What a whole directory holds may have names elsewhere: too many to keep a descriptor of each.
std::set<Journal::Key> RealExecutor::note_names_below(const Item& item) {
    std::set<Journal::Key> noted;
    for_each_with_other_names(item.level.host.get(), item.name, [&](const Entry& file) {
        if (!host_.is_changed(file) && noted.insert(Journal::key_of(file)).second) {
            journal_.note_name_goes_unseen(file);
        }
    });
    journal_.flush();
    return noted;
}

void RealExecutor::note_other_names(const Item& item, const OtherNames& others) {
    if (others.file) {
        Entry entry = look(others.file.get());
        entry.links = 2;
        journal_.note(entry, true);
    }
    if (!others.unseen.empty()) {
        // That of the directory above, which the last one to go has given it.
        journal_.note_names_gone(others.unseen, look(item.level.host.get()).changed);
    }
}

}  // namespace sandbox::changes
