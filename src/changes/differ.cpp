#include "changes/differ.hpp"

#include "changes/patch.hpp"
#include "spec/file_capabilities.hpp"

#include <utility>

namespace sandbox::changes {
namespace {

ChangedFile side_of(const Entry& entry) {
    ChangedFile side;
    side.type = type_of(entry);
    if (entry.exists) {
        side.mode = entry.permissions();
        side.uid = entry.uid;
        side.gid = entry.gid;
        side.size = entry.is(S_IFREG) ? entry.size : 0;
    }
    return side;
}

std::string host_capabilities(const Item& item) {
    if (item.foreseen_attributes == nullptr) {
        return capabilities_of(proc_path(item.level.host.get(), item.name));
    }
    const auto found = item.foreseen_attributes->find(capability_attribute);
    return found == item.foreseen_attributes->end() ? std::string() : spec::file_capabilities_text(found->second);
}

Change sides_of(const Item& item) {
    Change change;
    change.path = item.path;
    change.before = side_of(item.host);
    if (item.host.is(S_IFREG)) {
        change.before.capabilities = host_capabilities(item);
    }
    if (item.host.is(S_IFLNK)) {
        change.before.target = read_link(item.level.host.get(), item.name);
    }
    if (item.upper.exists && !item.marks.whiteout) {
        change.after = side_of(item.upper);
        if (item.upper.is(S_IFLNK)) {
            change.after.target = read_link(item.level.upper.get(), item.name);
        }
        if (item.upper.is(S_IFREG) && item.marks.attributes) {
            change.after.capabilities = capabilities_of(proc_path(item.level.upper.get(), item.name));
        }
    }
    return change;
}

ChangeKind kind_of(const Item& item, const Difference& difference) {
    if (difference.type) {
        return ChangeKind::type;
    }
    if (difference.content) {
        return item.host.links > 1 ? ChangeKind::unlinked : ChangeKind::modified;
    }
    if (difference.target) {
        return item.upper.is(S_IFLNK) ? ChangeKind::symlink : ChangeKind::type;
    }
    return ChangeKind::mode;
}

void take(Change& change, const Difference& difference) {
    change.content = difference.content;
    change.mode = difference.mode;
    change.owner = difference.owner;
    change.time = difference.time;
    change.attributes = difference.attributes;
}

class Differ : public Visitor {
  public:
    Differ(bool patch, const ChangeListener& listener) : patch_(patch), listener_(listener) {}

    bool visit(Item& item) override {
        told_.files += 1;
        if (std::optional<Change> change = item.chosen ? change_of(item) : std::nullopt) {
            if (patch_) {
                change->patch = patch_material(item, *change);
            }
            tell(*change);
        }
        if (told_.files % 256 == 0 && listener_.progress) {
            listener_.progress(told_);
        }
        return true;
    }

    void visit_top(const std::string& path, Level& level, const Overlay& overlay) override {
        if (const std::optional<Change> change = change_of_top(path, level, compare_top(level, overlay))) {
            tell(*change);
        }
    }

    void leave(const std::string&, Level&) override {}

    void problem(const std::string& path, const Problem& problem) override {
        if (listener_.note) {
            listener_.note({problem.kind(), path, problem.what()});
        }
    }

  private:
    void tell(const Change& change) {
        if (listener_.change) {
            listener_.change(change);
        }
    }

    bool patch_;
    const ChangeListener& listener_;
    ChangeProgress told_;
};

}  // namespace

std::optional<Change> change_of(const Item& item, const Difference& difference) {
    if (!difference.any()) {
        return std::nullopt;
    }
    Change change = sides_of(item);
    change.kind = kind_of(item, difference);
    take(change, difference);
    return change;
}

std::optional<Change> change_of(const Item& item) {
    const bool after = item.upper.exists && !item.marks.whiteout;
    if (after && item.host.exists) {
        return change_of(item, compare(item));
    }
    if (!after && !item.host.exists) {
        return std::nullopt;  // made and deleted inside, or gone on the host
    }
    Change change = sides_of(item);
    change.kind = after ? ChangeKind::added : ChangeKind::deleted;
    return change;
}

std::optional<Change> change_of_top(const std::string& path, const Level& level, const Difference& difference) {
    if (!difference.any()) {
        return std::nullopt;
    }
    Change change;
    change.kind = ChangeKind::mode;
    change.path = path;
    change.before = side_of(level.host_entry);
    change.after = side_of(level.upper_entry);
    take(change, difference);
    return change;
}

void find_changes(const Store& store, const Selection& selection, bool patch, const ChangeListener& listener) {
    Differ differ(patch, listener);
    walk(store, selection, differ);
}

}  // namespace sandbox::changes
