#include "plan/view.hpp"

#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include <sys/stat.h>

namespace sandbox::plan {
namespace {

constexpr MountAttributes read_only_attributes{true, true, true, false};
constexpr int most_links = 40;  // as path_resolution(7) has it

// Whether `path` is an entry of the directory, by name alone.
bool lies_in(const std::string& path, const std::string& directory) {
    if (directory.size() < 2 || path.size() < directory.size() + 2 || !path.starts_with(directory) ||
        path[directory.size()] != '/') {
        return false;
    }
    const std::string_view leaf = std::string_view(path).substr(directory.size() + 1);
    return leaf.find('/') == std::string_view::npos && leaf != "." && leaf != "..";
}

}  // namespace

std::pair<std::string, const View::Area*> View::area_of(const std::string& path) const {
    for (std::string prefix = path;; prefix = spec::parent(prefix)) {
        if (const auto found = areas_.find(prefix); found != areas_.end()) {
            return {prefix, &found->second};
        }
        if (prefix == "/") {
            return {prefix, nullptr};
        }
    }
}

std::optional<host::Entry> View::entry_at(const std::string& path) const {
    const auto [prefix, area] = area_of(path);
    return entry_in(prefix, area, path);
}

std::optional<host::Entry> View::entry_in(const std::string& prefix, const Area* area, const std::string& path) const {
    if (area == nullptr) {
        return std::nullopt;
    }
    const std::string rest = path.substr(prefix == "/" ? 0 : prefix.size());
    host::Entry directory{path, {0, 0, S_IFDIR}, {}};
    switch (area->kind) {
        case Area::Kind::host: {
            if (rest.empty() || rest == "/") {
                int error = 0;
                const std::optional<FileId> id = tree_.follow(area->backing.source, error);
                return id ? std::optional(host::Entry{path, *id, {}}) : std::nullopt;
            }
            if (const auto held = held_.find(path); held != held_.end()) {
                directory.id.type = held->second.type;
                directory.link = held->second.link;
                return directory;
            }
            if (!area->layers.empty()) {
                return entry_in_layers(*area, rest);
            }
            return tree_.look(area->backing.source == "/" ? rest : area->backing.source + rest);
        }
        case Area::Kind::scratch:
        case Area::Kind::tmpfs: {
            const std::string name = rest == "/" ? area->backing.source : area->backing.source + rest;
            if (const auto link = scratch_symlinks_.find(name); link != scratch_symlinks_.end()) {
                return host::Entry{path, {0, 0, S_IFLNK}, link->second};
            }
            if (const auto made = scratch_.find(name); made != scratch_.end()) {
                directory.id.type = made->second;
                return directory;
            }
            return std::nullopt;
        }
        case Area::Kind::special:
            return directory;
    }
    return std::nullopt;
}

View::Walk View::walk(const std::string& path) const {
    Walk result{"/", {}, S_IFDIR};
    std::vector<std::string> todo;  // the next one last
    // Not looked for anew for every component: a deep path would cost the square of its depth.
    std::pair<std::string, const Area*> area;
    if (lies_in(path, entered_.directory)) {
        result.path = entered_.directory;
        area = {entered_.prefix, entered_.area};
        todo.push_back(path.substr(entered_.directory.size() + 1));
    } else {
        todo = spec::components(path);
        std::reverse(todo.begin(), todo.end());
        area = area_of("/");
    }
    bool plain = true;
    for (int links = 0; !todo.empty();) {
        const std::string part = std::move(todo.back());
        todo.pop_back();
        if (part == "..") {
            result.path = spec::parent(result.path);
            area = area_of(result.path);
            plain = false;
            continue;
        }
        if (todo.empty() && plain && S_ISDIR(result.type) && lies_in(path, result.path)) {
            entered_ = {result.path, area.first, area.second};
        }
        const std::string next = spec::join(result.path, part);
        const auto mounted = areas_.find(next);
        const std::optional<host::Entry> entry =
            mounted == areas_.end() ? entry_in(area.first, area.second, next) : entry_in(next, &mounted->second, next);
        if (!entry) {
            result.missing.push_back(part);
            result.missing.insert(result.missing.end(), todo.rbegin(), todo.rend());
            return result;
        }
        if (!S_ISLNK(entry->id.type)) {
            if (mounted != areas_.end()) {
                area = {next, &mounted->second};
            }
            result.path = next;
            result.type = entry->id.type;
            continue;
        }
        if (++links > most_links) {
            throw Error("cannot follow " + path + ": too many levels of symbolic links");
        }
        plain = false;
        const std::vector<std::string> target = spec::components(entry->link);
        todo.insert(todo.end(), target.rbegin(), target.rend());
        if (entry->link.starts_with('/')) {
            result.path = "/";
            area = area_of("/");
        }
        result.type = S_IFDIR;
    }
    return result;
}

std::string View::resolve(const std::string& path) const {
    const Walk found = walk(path);
    std::string result = found.path;
    for (const std::string& part : found.missing) {
        result = spec::join(result, part);
    }
    return result;
}

void View::hand_over(const std::string& target) {
    if (plan_.command_ids.foreign) {
        plan_.steps.push_back(
            ChangeOwner{resolve(target), plan_.command_ids.setup_user, plan_.command_ids.setup_group});
    }
}

bool View::exists(const std::string& path) const {
    return walk(path).missing.empty();
}

bool View::is_private(const std::string& path) const {
    const Area* area = area_of(resolve(path)).second;
    return area != nullptr && !area->is_of_host();
}

bool View::is_writable(const std::string& path) const {
    const Area* area = area_of(resolve(path)).second;
    return area != nullptr && area->writable;
}

std::string View::nearest_existing(const std::string& path) const {
    const std::string place = walk(path).path;
    // Nobody knows what a special area has inside, least of all below the pid of somebody outside.
    const auto [prefix, area] = area_of(place);
    return area != nullptr && area->kind == Area::Kind::special ? prefix : place;
}

std::map<std::string, std::string> View::areas() const {
    std::map<std::string, std::string> result;
    for (const auto& [path, area] : areas_) {
        result.emplace(path, area.is_of_host() ? area.backing.canonical : std::string());
    }
    return result;
}

void View::add_writable(const std::string& path) {
    const bool known = std::any_of(writable_.begin(), writable_.end(),
                                   [&](const std::string& above) { return spec::is_below_or_same(path, above); });
    if (!known) {
        writable_.push_back(path);
    }
}

void View::cover(const std::string& path, Area area) {
    // Whatever was mounted below is out of sight now.
    const auto stands_elsewhere = [](const std::string& place, const Area& what) {
        return what.is_of_host() && what.backing.canonical != place;
    };
    shown_elsewhere_stale_ = shown_elsewhere_stale_ || stands_elsewhere(path, area);
    if (spec::is_below_or_same(entered_.directory, path)) {
        entered_ = {};
    }
    for (auto below = areas_.lower_bound(path); below != areas_.end() && below->first.starts_with(path);) {
        if (!spec::is_below_or_same(below->first, path)) {
            ++below;
            continue;
        }
        shown_elsewhere_stale_ = shown_elsewhere_stale_ || stands_elsewhere(below->first, below->second);
        below = areas_.erase(below);
    }
    std::erase_if(writable_, [&](const std::string& place) { return spec::is_below_or_same(place, path); });
    for (auto below = held_.lower_bound(path); below != held_.end() && below->first.starts_with(path);) {
        below = spec::is_below_or_same(below->first, path) ? held_.erase(below) : std::next(below);
    }
    masked_.erase(path);
    areas_[path] = std::move(area);
}

void View::make_scratch_directory(const std::string& path, std::uint32_t mode) {
    if (scratch_.emplace(path, S_IFDIR).second) {
        plan_.steps.push_back(ScratchDirectory{path, mode});
    }
}

void View::make_in_scratch(const std::string& path, New entry) {
    if (S_ISDIR(entry.type)) {
        make_scratch_directory(path, entry.mode);
    } else if (S_ISLNK(entry.type)) {
        scratch_symlinks_[path] = entry.text;
        plan_.steps.push_back(ScratchSymlink{path, std::move(entry.text)});
    } else {
        scratch_[path] = S_IFREG;
        plan_.steps.push_back(ScratchFile{path, entry.mode, std::move(entry.content)});
    }
}

View::New View::mount_point(mode_t type) {
    return S_ISDIR(type) ? New{} : New{.type = S_IFREG, .mode = 0444};
}

bool View::wants_skeleton(const std::string& path) const {
    if (path == "/" || skeletons_.contains(path)) {
        return !skeletons_.empty();
    }
    const auto below = skeletons_.lower_bound(path + "/");
    return below != skeletons_.end() && below->starts_with(path + "/");
}

void View::show_entries(const std::string& scratch, const std::string& inside, const HostPlace& from,
                        const std::set<std::string>& replaced) {
    const std::optional<std::vector<host::Entry>> entries = tree_.list(from.source);
    if (!entries) {
        throw Error("cannot show " + from.source + ": its entries cannot be read, and a mount point is missing in it")
            .with_fix("choose a target that exists, or change the permissions of the directory");
    }
    int error = 0;
    const std::optional<FileId> directory = tree_.follow(from.source, error);
    for (const host::Entry& entry : *entries) {
        const std::string here = scratch + "/" + entry.name;
        const std::string target = spec::join(inside, entry.name);
        if (replaced.contains(entry.name) || hidden_.contains(target)) {
            make_in_scratch(here, mount_point(S_IFDIR));
            continue;
        }
        if (const HiddenEntry* hidden = known_hidden(target)) {
            leave_out(here, entry.id.type, hidden->left_out);
            continue;
        }
        if (S_ISLNK(entry.id.type)) {
            make_in_scratch(here, {.type = S_IFLNK, .text = entry.link});
            continue;
        }
        make_in_scratch(here, mount_point(entry.id.type));
        const HostPlace place{spec::join(from.source, entry.name), spec::join(from.canonical, entry.name),
                              from.id_mapped};
        if (S_ISDIR(entry.id.type) && wants_skeleton(target)) {
            show_entries(here, target, place, {});
            continue;
        }
        plan_.steps.push_back(
            BindMount{{place.source, entry.id}, target, read_only_attributes, place.id_mapped, directory});
        cover(target, {Area::Kind::host, place, false});
    }
}

void View::make_empty_root() {
    scratch_step_ = plan_.steps.size();
    plan_.steps.push_back(MakeScratch{});
    make_scratch_directory("root", 0755);
    plan_.steps.push_back(MountRoot{"root"});
    cover("/", {Area::Kind::scratch, {"root", {}}, false});
}

void View::make_root(const std::string& base, const std::set<std::string>& replaced, int id_mapped) {
    make_empty_root();
    show_entries("root", "/", {base, base, id_mapped}, replaced);
}

void View::show_skeleton(const std::string& directory, const HostPlace& from) {
    const std::string scratch = "rebuilt-" + std::to_string(counter_++);
    make_scratch_directory(scratch, 0755);
    plan_.steps.push_back(MountScratch{scratch, directory, read_only_attributes});
    cover(directory, {Area::Kind::scratch, {scratch, {}}, false});
    show_entries(scratch, directory, from, {});
}

void View::want_skeleton(const std::string& directory) {
    const auto [prefix, area] = area_of(directory);
    const std::string rest = prefix == "/" ? directory : directory.substr(prefix.size());
    const auto below = [&](const std::string& base) { return base == "/" ? rest : base + rest; };
    missing_skeletons_.insert(directory);
    show_skeleton(directory, {below(area->backing.source), below(area->backing.canonical), area->backing.id_mapped});
}

void View::pin_parents(const std::string& place) {
    std::vector<std::string> between;
    std::string directory = spec::parent(place);
    const auto [prefix, area] = area_of(directory);
    if (area == nullptr || area->kind != Area::Kind::host || !area->writable) {
        return;
    }
    for (; directory != prefix; directory = spec::parent(directory)) {
        between.push_back(directory);
    }
    for (auto next = between.rbegin(); next != between.rend(); ++next) {
        if (pinned_.insert(*next).second) {
            plan_.steps.push_back(Pin{*next});
        }
    }
}

std::string View::place_for(const std::string& target, mode_t type) {
    const Walk found = walk(target);
    if (!found.missing.empty()) {
        return make_place(target, found, mount_point(type));
    }
    if (found.path == "/") {
        throw Error("cannot mount at /: the root of the view is not a mount point").with_fix("--root DIR");
    }
    pin_parents(found.path);
    const Area* area = area_of(found.path).second;
    if (area != nullptr && area->kind != Area::Kind::special && S_ISDIR(found.type) != S_ISDIR(type)) {
        throw Error(
            "cannot mount at " + target + ": " +
            (S_ISDIR(type) ? "a directory cannot be shown over a file" : "a file cannot be shown over a directory"));
    }
    return found.path;
}

std::string View::make_place(const std::string& target, const Walk& found, New last) {
    if (std::find(found.missing.begin(), found.missing.end(), "..") != found.missing.end()) {
        throw Error("cannot mount at " + target + ": `..` behind a directory that does not exist");
    }
    if (!S_ISDIR(found.type)) {
        throw Error("cannot mount at " + target + ": " + found.path + " is not a directory");
    }
    if (const Area* area = area_of(found.path).second; area->kind == Area::Kind::host) {
        if (area->overlay) {
            return make_in_overlay(found, std::move(last));
        }
        if (area->writable) {
            return hold_place(found, S_ISDIR(last.type));
        }
        want_skeleton(found.path);
    }
    const auto [prefix, area] = area_of(found.path);
    if (area->kind == Area::Kind::special) {
        throw Error("cannot mount at " + target + ": nothing can be made below " + prefix);
    }
    if (area->kind == Area::Kind::scratch) {
        open_closed(area->backing.source + (prefix == "/" ? found.path : found.path.substr(prefix.size())));
    }
    std::string path = found.path;
    for (std::size_t i = 0; i + 1 < found.missing.size(); ++i) {
        path = spec::join(path, found.missing[i]);
        make_entry(path, {});
    }
    path = spec::join(path, found.missing.back());
    make_entry(path, std::move(last));
    return path;
}

std::string View::mount_scratch(const std::string& target, std::uint32_t mode, MountAttributes attributes) {
    const std::string place = place_for(target, S_IFDIR);
    std::string scratch = "private-" + std::to_string(counter_++);
    make_scratch_directory(scratch, mode);
    plan_.steps.push_back(MountScratch{scratch, place, attributes});
    cover(place, {Area::Kind::scratch, {scratch, {}}, !attributes.read_only});
    if (!attributes.read_only) {
        add_writable(place);
    }
    return scratch;
}

void View::bind(Source source, const std::string& canonical, const std::string& target, MountAttributes attributes,
                int id_mapped) {
    const std::string place = place_for(target, source.expected.type);
    if (source.path == "/" && id_mapped < 0) {
        ++std::get<MakeScratch>(plan_.steps[scratch_step_]).root_copies;
    }
    if (const HiddenEntry* hidden = known_hidden(place); hidden != nullptr && hidden->order > now_) {
        // A later option hides it: as what of the host is there anyway, or what is made for this.
        if (const auto [prefix, area] = area_of(place);
            area == nullptr || area->kind != Area::Kind::host ||
            spec::join(area->backing.canonical,
                       place.substr(prefix == "/" ? 1 : std::min(place.size(), prefix.size() + 1))) != canonical) {
            mask(place, source.expected.type);
        }
        return;
    }
    if (attributes.read_only && S_ISDIR(source.expected.type) && wants_skeleton(place)) {
        show_skeleton(place, {source.path, canonical, id_mapped});
    } else {
        cover(place,
              {Area::Kind::host, {source.path, canonical, id_mapped}, !attributes.read_only, 0, source.expected});
        plan_.steps.push_back(BindMount{std::move(source), place, attributes, id_mapped});
        if (!attributes.read_only) {
            add_writable(place);
        }
    }
    hide_below(canonical, place);
}

void View::mount_tmpfs(const std::string& target, std::string size, std::string mode, std::string asked) {
    const std::string place = place_for(target, S_IFDIR);
    const std::string name = "tmpfs-of-step-" + std::to_string(plan_.steps.size());
    scratch_[name] = S_IFDIR;
    plan_.steps.push_back(MountTmpfs{place, std::move(size), std::move(mode), {}, std::move(asked)});
    cover(place, {Area::Kind::tmpfs, {name, {}}, true, plan_.steps.size() - 1});
    add_writable(place);
}

void View::symlink(const std::string& path, const std::string& text) {
    make_entry(path, {.type = S_IFLNK, .mode = 0777, .text = text});
}

}  // namespace sandbox::plan
