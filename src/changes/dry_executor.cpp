#include "changes/dry_executor.hpp"

#include "changes/tree.hpp"

#include <algorithm>

#include <sys/stat.h>

namespace sandbox::changes {

// What was left is there, and counts as gone.
void DryExecutor::clear_pending() {
    if (const std::optional<LeftOver> left = journal_.left_over()) {
        if (const sys::UniqueFd directory = open_canonical(left->directory)) {
            take_away_tree(directory.get(), left->name);
        }
    }
}

void DryExecutor::meet(Item& item) {
    if (item.host.exists && journal_.is_left_over(item.level.host.get(), item.name)) {
        item.host = {};
    }
    if (!item.host.exists || item.host.is(S_IFDIR) || item.host.links < 2) {
        return;
    }
    const auto found = files_.find({item.host.device, item.host.inode});
    if (found == files_.end()) {
        return;
    }
    item.host.links -= std::min(found->second.gone, item.host.links - 1);
    if (const std::optional<Look>& look = found->second.look) {
        item.host.mode = item.host.type() | look->mode;
        item.host.uid = look->uid;
        item.host.gid = look->gid;
        item.host.modified = look->modified;
        item.host.changed = {};  // by apply
        item.foreseen_attributes = &look->attributes;
    }
}

void DryExecutor::take_away(const Item& item) {
    if (item.host.is(S_IFDIR)) {
        take_away_tree(item.level.host.get(), item.name);
    } else if (item.host.exists && item.host.links > 1) {
        ++linked(item.host).gone;
    }
}

void DryExecutor::take_away_tree(int directory, const std::string& name) {
    const auto take = [&](const Found& found) {
        if (found.name != name && journal_.is_left_over(found.directory, found.name)) {
            return Way::past;  // gone already
        }
        if (!found.elsewhere && !found.entry.is(S_IFDIR) && found.entry.links > 1) {
            ++linked(found.entry).gone;
        }
        return Way::into;
    };
    try {
        (void)find_in_tree(directory, name, take);
    } catch (const Problem&) {
        return;  // what cannot be listed, and is forced
    }
}

void DryExecutor::remove(const Item& item) {
    take_away(item);
}

void DryExecutor::make_directory(Item& item, const Look& look) {
    take_away(item);
    Entry made;
    made.exists = true;
    made.mode = S_IFDIR | look.mode;
    made.uid = look.uid;
    made.gid = look.gid;
    item.foreseen = made;
}

Placed DryExecutor::replace(const Item& item, const Look&, const Names::First* first) {
    if (first == nullptr && item.upper.is(S_IFREG)) {
        (void)open_file(item.level.upper.get(), item.name);  // to be read
    }
    take_away(item);
    return {};
}

// The other file has one name more, and is no less one with several.
void DryExecutor::join(const Item& item, const Names::First&) {
    take_away(item);
}

bool DryExecutor::change_file(const Item& item, const Look& look, const Difference&) {
    if (item.host.links > 1) {
        linked(item.host).look = look;
    }
    return true;
}

}  // namespace sandbox::changes
