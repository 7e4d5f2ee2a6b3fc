// What is not shown: how a view leaves things out. See view.hpp.
//
// In a read-only tree of the host nothing is masked: the kernel drops a mask when the host replaces what it covers. The
// directory that holds the entry, and all above it up to a mount, are rebuilt of scratch without it. That takes another
// round of planning, so here it is only learnt. In a writable tree a mask is all that can be had.
#include "plan/view.hpp"

#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>

namespace sandbox::plan {
namespace {

constexpr MountAttributes hidden_attributes{true, true, true, true};

std::string below(const std::string& base, const std::string& rest) {
    return rest.empty() || rest == "/" ? base : base == "/" ? rest : base + rest;
}

std::string rest_of(const std::string& path, const std::string& prefix) {
    return prefix == "/" ? path : path.substr(prefix.size());
}

}  // namespace

const HiddenEntry* View::known_hidden(const std::string& place) const {
    if (learnt_ == nullptr) {
        return nullptr;
    }
    const auto found = learnt_->hidden.find(place);
    return found == learnt_->hidden.end() ? nullptr : &found->second;
}

std::optional<std::string> View::host_path(const std::string& place) const {
    if (const HiddenEntry* known = known_hidden(place)) {
        return known->canonical;
    }
    const auto [prefix, area] = area_of(place);
    if (area == nullptr || !area->is_of_host()) {
        return std::nullopt;
    }
    return below(area->backing.canonical, rest_of(place, prefix));
}

bool View::hide(const std::string& path, bool left_out) {
    const Walk found = walk(path);
    std::string place = found.path;
    for (const std::string& part : found.missing) {
        if (part == "..") {
            throw Error("cannot hide " + path + ": `..` behind a directory that does not exist");
        }
        place = spec::join(place, part);
    }
    if (place == "/") {
        throw Error("cannot hide " + path + ": it is the root of the view").with_fix("--root DIR shows another tree");
    }
    const auto [prefix, area] = area_of(place);
    if (area != nullptr && area->kind == Area::Kind::special && !masked_.contains(prefix)) {
        // Only the child can look into it.
        if (place == prefix) {
            mask(place, S_IFDIR);
        } else {
            plan_.steps.push_back(Mask{place});
        }
        return true;
    }
    const std::optional<std::string> canonical = host_path(place);
    if (!canonical) {
        // Made inside, or of scratch with entries of the host bound in: nobody outside can replace what a mask covers.
        if (now_ != 0 && found.missing.empty() && holds_something(place, found.type)) {
            mask(place, found.type);
        }
        return false;
    }
    hide_at(place, *canonical, left_out);
    hide_host(*canonical, left_out, place);
    return true;
}

// Of what is not the host's: a file, or a directory in which something is shown. An empty one stays as it is.
bool View::holds_something(const std::string& place, mode_t type) const {
    if (!S_ISDIR(type)) {
        return true;
    }
    const auto has_below = [](const auto& map, const std::string& directory) {
        const auto entry = map.lower_bound(directory + "/");
        return entry != map.end() && entry->first.starts_with(directory + "/");
    };
    const auto [prefix, area] = area_of(place);
    return has_below(areas_, place) || (area != nullptr && area->kind != Area::Kind::special &&
                                        has_below(scratch_, below(area->backing.source, rest_of(place, prefix))));
}

// For --ro of what does not exist: below a writable directory its place is held, and it stays without content.
bool View::hold_missing(const std::string& path, bool directory) {
    const Walk found = walk(path);
    const Area* area = area_of(found.path).second;
    if (found.missing.empty() || !S_ISDIR(found.type) || area == nullptr || area->kind != Area::Kind::host ||
        !area->writable || std::find(found.missing.begin(), found.missing.end(), "..") != found.missing.end()) {
        return false;
    }
    const std::string place = hold_place(found, directory);
    if (directory) {
        mount_scratch(place, 0555, hidden_attributes);
    } else {
        mask(place, S_IFREG);
    }
    return true;
}

// Wherever else it is shown: by another bind of the user's, by another mount of the host.
void View::hide_host(const std::string& canonical, bool left_out, const std::string& done) {
    std::vector<std::string> names = {canonical};
    if (aliases_ != nullptr) {
        for (const Aliases::Alias& alias : aliases_->of(canonical)) {
            names.push_back(alias.path);
        }
    }
    for (const std::string& name : names) {
        hidden_places_.insert_or_assign(name, left_out);
        for (const std::string& prefix : shown_elsewhere()) {
            const std::string& shown = areas_.at(prefix).backing.canonical;
            if (spec::is_below_or_same(name, shown)) {
                hide_if_shown(below(prefix, rest_of(name, shown)), name, left_out);
            }
        }
        if (name != done) {
            hide_if_shown(name, name, left_out);
        }
    }
}

void View::hide_if_shown(const std::string& place, const std::string& canonical, bool left_out) {
    if (place != "/" && host_path(place) == canonical) {
        hide_at(place, canonical, left_out);
    }
}

const std::vector<std::string>& View::shown_elsewhere() {
    if (shown_elsewhere_stale_) {
        shown_elsewhere_stale_ = false;
        shown_elsewhere_.clear();
        for (const auto& [path, area] : areas_) {
            if (area.is_of_host() && area.backing.canonical != path) {
                shown_elsewhere_.push_back(path);
            }
        }
    }
    return shown_elsewhere_;
}

// What a bind has brought back, hidden before and not named by it.
void View::hide_below(const std::string& canonical, const std::string& place) {
    const std::string first = canonical == "/" ? "/" : canonical + "/";
    std::vector<std::pair<std::string, bool>> again;
    for (auto hidden = hidden_places_.upper_bound(first);
         hidden != hidden_places_.end() && hidden->first.starts_with(first); ++hidden) {
        again.emplace_back(*hidden);
    }
    for (const auto& [name, left_out] : again) {
        hide_at(below(place, rest_of(name, canonical)), name, left_out);
    }
}

void View::hide_at(const std::string& place, const std::string& canonical, bool left_out) {
    const auto [prefix, area] = area_of(place);
    if (area == nullptr || !area->is_of_host()) {
        return;  // private, or left out already
    }
    const Area* around = area_of(spec::parent(place)).second;
    if (prefix == place && (area->overlay || (around != nullptr && around->overlay))) {
        mask(place, walk(place).type);
        return;
    }
    if (prefix == place) {
        learn_hidden(place, canonical, left_out);  // a mount: it is not made in the next round
        return;
    }
    const Walk found = walk(place);
    if (!spec::is_below_or_same(found.path, prefix) || !spec::is_below_or_same(place, found.path)) {
        throw Error("cannot hide " + place + ": it was replaced while the sandbox started").with_fix("try again");
    }
    if (why_unknown(found) != 0) {
        hide_at(found.path, host_path(found.path).value_or(spec::parent(canonical)), false);
        return;
    }
    if (area->writable || area->overlay) {
        if (found.missing.empty()) {
            mask(found.path, found.type);
        } else if (!S_ISDIR(found.type)) {
            throw Error("cannot hide " + place + ": " + found.path + " is not a directory, and could become one")
                .with_fix("hide " + found.path + ", or leave it out");
        } else if (!left_out) {
            mask(hold_place(found, false), S_IFREG);
        }
        return;
    }
    const std::string above = found.missing.empty() ? spec::parent(place) : found.path;
    if (!can_be_rebuilt(above, prefix)) {
        if (found.missing.empty()) {
            mask(found.path, found.type);
        }
        return;
    }
    news_.skeletons.insert(above);
    missing_skeletons_.insert(above);
    learn_hidden(place, canonical, left_out);
}

// In a directory that the caller cannot search, everything seems to be missing. If it is the caller's own, root inside
// can search it.
int View::why_unknown(const Walk& found) const {
    if (found.missing.empty() || !S_ISDIR(found.type)) {
        return 0;
    }
    const auto [prefix, area] = area_of(found.path);
    if (area == nullptr || area->kind != Area::Kind::host) {
        return 0;
    }
    int error = 0;
    const std::string directory = below(area->backing.source, rest_of(found.path, prefix));
    const bool exists = tree_.follow(spec::join(directory, found.missing.front()), error).has_value();
    return exists || error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG ? 0 : error;
}

bool View::is_closed(const std::string& directory) const {
    const std::optional<std::string> there = source_of(directory);
    return there && is_closed_directory(tree_, *there);
}

std::optional<std::string> View::source_of(const std::string& path) const {
    const std::string place = resolve(path);
    const auto [prefix, area] = area_of(place);
    if (area == nullptr || area->kind != Area::Kind::host) {
        return std::nullopt;
    }
    return below(area->backing.source, rest_of(place, prefix));
}

// In the round in which it is learnt, it still stands there for all others.
bool View::is_hidden(const std::string& directory) const {
    const std::string place = resolve(directory);
    const auto below_it = areas_.lower_bound(place + "/");
    const bool shows_more = below_it != areas_.end() && below_it->first.starts_with(place + "/");
    return news_.hidden.contains(place) && !areas_.contains(place) && !shows_more;
}

bool is_closed_directory(const host::Tree& tree, const std::string& path) {
    int error = 0;
    const std::optional<FileId> there = tree.follow(spec::join(path, "."), error);
    return there ? S_ISDIR(there->type) && !tree.names(path) : error != ENOENT && error != ENOTDIR;
}

void View::learn_hidden(const std::string& place, const std::string& canonical, bool left_out) {
    news_.hidden[place] = {now_, canonical, left_out};
}

// A directory whose entries cannot be read cannot be made anew: there the mask has to do.
bool View::can_be_rebuilt(const std::string& directory, const std::string& prefix) {
    for (std::string up = directory;; up = spec::parent(up)) {
        const auto [known, fresh] = rebuildable_.emplace(up, false);
        if (!fresh && known->second) {
            return true;  // and so are those above
        }
        if (fresh) {
            const Area& area = *area_of(up).second;
            known->second = tree_.names(below(area.backing.source, rest_of(up, prefix))).has_value();
        }
        if (!known->second) {
            return false;
        }
        if (up == prefix || up == "/") {
            return true;
        }
    }
}

void View::mask(const std::string& place, mode_t type) {
    pin_parents(place);
    if (S_ISDIR(type)) {
        const std::string scratch = "hidden-" + std::to_string(counter_++);
        make_closed(scratch);
        plan_.steps.push_back(MountScratch{scratch, place, hidden_attributes});
        cover(place, {Area::Kind::scratch, {scratch, {}}, false});
    } else {
        plan_.steps.push_back(Hide{place});
        cover(place, {Area::Kind::special, {}, false});
    }
    masked_.insert(place);
}

// Nobody but root inside can look into it; it is opened when something is shown below it.
void View::make_closed(const std::string& scratch) {
    closed_[scratch] = plan_.steps.size();
    make_scratch_directory(scratch, 0);
}

void View::open_closed(const std::string& scratch) {
    if (const auto closed = closed_.find(scratch); closed != closed_.end()) {
        std::get<ScratchDirectory>(plan_.steps[closed->second]).mode = 0555;
        closed_.erase(closed);
    }
}

void View::leave_out(const std::string& scratch, mode_t type, bool left_out) {
    if (left_out) {
        return;
    }
    if (S_ISDIR(type)) {
        make_closed(scratch);
    } else if (!S_ISLNK(type)) {
        scratch_[scratch] = S_IFREG;
        plan_.steps.push_back(ScratchHidden{scratch});
    }
}

std::vector<std::string> View::list(const std::string& directory) const {
    const std::string place = resolve(directory);
    std::set<std::string> names;
    const auto [prefix, area] = area_of(place);
    if (area == nullptr || area->kind == Area::Kind::special) {
        return {};
    }
    const std::string rest = rest_of(place, prefix);
    if (area->kind == Area::Kind::host) {
        const std::optional<std::vector<std::string>> found = tree_.names(below(area->backing.source, rest));
        names = found ? std::set<std::string>(found->begin(), found->end()) : std::set<std::string>();
    }
    const auto add = [&](const auto& map, const std::string& parent) {
        const std::string first = parent == "/" ? "/" : parent + "/";
        for (auto entry = map.lower_bound(first); entry != map.end() && entry->first.starts_with(first); ++entry) {
            names.insert(entry->first.substr(first.size(), entry->first.find('/', first.size()) - first.size()));
        }
    };
    if (area->kind == Area::Kind::scratch) {
        add(scratch_, below(area->backing.source, rest));
        add(scratch_symlinks_, below(area->backing.source, rest));
    }
    add(areas_, place);
    add(held_, place);
    names.erase("");
    return {names.begin(), names.end()};
}

bool View::is_directory(const std::string& path) const {
    const std::optional<host::Entry> entry = entry_at(path);
    return entry && S_ISDIR(entry->id.type);
}

}  // namespace sandbox::plan
