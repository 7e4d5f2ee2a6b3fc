// What a view is given of its own: directories, links, files. See view.hpp.
#include "plan/view.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <utility>

#include <sys/stat.h>

namespace sandbox::plan {

int View::id_mapped(IdMapped owners) {
    if (!plan_.private_ids) {
        return -1;
    }
    plan_.id_mapped.push_back(std::move(owners));
    return static_cast<int>(plan_.id_mapped.size()) - 1;
}

void View::make_entry(const std::string& path, New entry) {
    const auto [prefix, area] = area_of(path);
    const std::string here = area->backing.source + (prefix == "/" ? path : path.substr(prefix.size()));
    if (area->kind != Area::Kind::tmpfs && !area->overlay) {
        make_in_scratch(here, std::move(entry));
        return;
    }
    if (area->kind == Area::Kind::host) {
        held_.emplace(path, Held{entry.type, entry.text});
    } else if (S_ISLNK(entry.type)) {
        scratch_symlinks_[here] = entry.text;
    } else {
        scratch_[here] = entry.type;
    }
    // Before it is attached, where nobody else can be.
    Step& step = plan_.steps[area->step];
    auto& entries = area->overlay ? std::get<MountOverlay>(step).entries : std::get<MountTmpfs>(step).entries;
    const std::string name = path.substr(prefix == "/" ? 1 : prefix.size() + 1);
    if (area->kind == Area::Kind::host) {
        // Below a directory of the host it lies in one of the same name, of which nothing else is seen.
        for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
            const std::string above = name.substr(0, slash);
            if (std::ranges::find(entries, above, &MountTmpfs::Entry::path) == entries.end()) {
                entries.push_back({above, S_IFDIR, 0755, {}, {}});
            }
        }
    }
    entries.push_back({name, entry.type, entry.mode, std::move(entry.text), std::move(entry.content)});
}

std::optional<FileId> View::directory_id(const std::string& host_path) const {
    const std::optional<host::Entry> entry = tree_.look(host_path);
    return entry && S_ISDIR(entry->id.type) ? std::optional(entry->id) : std::nullopt;
}

// Below what the host has there, which wins where it has such a thing by then. Changes do not name it, as nobody has
// written it.
std::string View::make_in_overlay(const Walk& found, New last) {
    std::string path = found.path;
    for (std::size_t i = 0; i + 1 < found.missing.size(); ++i) {
        path = spec::join(path, found.missing[i]);
        make_entry(path, {});
    }
    path = spec::join(path, found.missing.back());
    make_entry(path, std::move(last));
    pin_parents(path);
    return path;
}

// On the host, and only there where the command could make it itself: as an empty entry that is removed at the end.
std::string View::hold_place(const Walk& found, bool directory) {
    if (area_of(found.path).second->overlay) {
        return make_in_overlay(found, mount_point(directory ? S_IFDIR : S_IFREG));
    }
    std::string base = found.path;
    while (held_.contains(base)) {
        base = spec::parent(base);
    }
    const auto [prefix, area] = area_of(base);
    const std::string rest = prefix == "/" ? base : base.substr(prefix.size());
    const auto below = [&](const std::string& place) {
        return rest.empty() || rest == "/" ? place : place == "/" ? rest : place + rest;
    };
    // Never looked for by its path again: that may lead elsewhere by now.
    const std::string source = below(area->backing.source);
    const Source root{area->backing.source, area->id, asked_};
    const std::string way = rest.empty() || rest == "/" ? std::string() : rest.substr(1);
    const std::optional<FileId> id = way.empty() ? std::optional(area->id) : directory_id(source);
    if (!id) {
        throw Error("cannot make a mount point in " + found.path + ": it was replaced while the sandbox started")
            .with_fix("try again");
    }
    std::string path = found.path;
    for (std::size_t i = 0; i < found.missing.size(); ++i) {
        path = spec::join(path, found.missing[i]);
        const bool is_directory = directory || i + 1 < found.missing.size();
        plan_.placeholders.push_back({{source, *id, asked_},
                                      below(area->backing.canonical),
                                      path.substr(base == "/" ? 1 : base.size() + 1),
                                      is_directory,
                                      path,
                                      root,
                                      way});
        held_.emplace(path, Held{is_directory ? mode_t{S_IFDIR} : mode_t{S_IFREG}});
    }
    pin_parents(path);
    return path;
}

bool View::overlay(BindMount lower, const std::string& canonical, bool hollow, std::vector<BindMount> layers) {
    const std::string place = lower.target == "/" ? lower.target : place_for(lower.target, S_IFDIR);
    if (const HiddenEntry* hidden = known_hidden(place); hidden != nullptr && hidden->order > now_) {
        mask(place, S_IFDIR);
        return false;
    }
    const bool writable = !lower.attributes.read_only;
    MountOverlay step{std::move(lower), hollow, "overlay-" + std::to_string(overlay_counter_++), canonical};
    step.lower.target = place;
    Area area{hollow ? Area::Kind::tmpfs : Area::Kind::host,
              {hollow ? step.scratch : step.lower.source.path, canonical, step.lower.id_mapped},
              writable,
              plan_.steps.size(),
              step.lower.source.expected,
              true};
    for (const BindMount& layer : layers) {
        area.layers.push_back(layer.source.path);
        const std::size_t number = area.layers.size();
        step.names.insert(0, (number < 10 ? "layer-0" : "layer-") + std::to_string(number) + ":");
    }
    step.layers = std::move(layers);
    if (plan_.written && writable) {
        const Plan::Written& written = *plan_.written;
        step.written = BindMount{{written.canonical, {}, written.asked}, place, {}, step.lower.id_mapped};
        step.thrown_away_in = written.thrown_away_in;
    }
    scratch_[step.scratch] = S_IFDIR;
    cover(place, std::move(area));
    plan_.steps.push_back(std::move(step));
    if (writable) {
        add_writable(place);
    }
    return true;
}

// As overlayfs merges them: a directory with those of the same name below it, up to one that is something else.
std::optional<host::Entry> View::entry_in_layers(const Area& area, const std::string& rest) const {
    std::vector<std::string> roots(area.layers.rbegin(), area.layers.rend());
    roots.push_back(area.backing.source);
    std::string path;
    std::optional<host::Entry> found;
    for (const std::string& part : spec::components(rest)) {
        path += "/" + part;
        found.reset();
        std::vector<std::string> merged;
        for (const std::string& root : roots) {
            std::optional<host::Entry> entry = tree_.look(root == "/" ? path : root + path);
            if (!entry) {
                continue;
            }
            const bool directory = S_ISDIR(entry->id.type);
            if (!found && !entry->whiteout) {
                found = std::move(entry);
            }
            if (!directory) {
                break;
            }
            merged.push_back(root);
        }
        if (!found) {
            return std::nullopt;
        }
        roots = std::move(merged);
    }
    return found;
}

bool View::is_writable_host(const std::string& path) const {
    const Area* area = area_of(path).second;
    return area->kind == Area::Kind::host && area->writable && !area->overlay;
}

void View::make_directory(const std::string& target, std::uint32_t mode) {
    const Walk found = walk(target);
    if (!found.missing.empty() && is_writable_host(found.path)) {
        mount_scratch(target, mode, {false, true, true, false});
        return;
    }
    if (!found.missing.empty()) {
        make_place(target, found, {.type = S_IFDIR, .mode = mode});
        return;
    }
    const auto [prefix, area] = area_of(found.path);
    if (area->kind == Area::Kind::special && found.path != prefix) {
        throw Error("cannot make a directory at " + target + ": nothing can be made below " + prefix);
    }
    if (!S_ISDIR(found.type)) {
        throw Error("cannot make a directory at " + target + ": something else is there");
    }
}

void View::make_symlink(const std::string& target, const std::string& text) {
    const std::vector<std::string> parts = spec::components(target);
    if (parts.empty() || parts.back() == "..") {
        throw Error("cannot make a symbolic link at " + target + ": it has no name");
    }
    Walk found = walk(spec::parent(target));
    if (found.missing.empty()) {
        const std::optional<host::Entry> there = entry_at(spec::join(found.path, parts.back()));
        if (there && S_ISLNK(there->id.type) && there->link == text) {
            return;
        }
        if (there) {
            throw Error("cannot make a symbolic link at " + target + ": something is there, and a link covers nothing");
        }
    }
    found.missing.push_back(parts.back());
    if (S_ISDIR(found.type) && is_writable_host(found.path)) {
        throw Error("cannot make a symbolic link at " + target + ": " + found.path +
                    " is writable, and the link would be made on the host")
            .with_fix("make it there yourself");
    }
    make_place(target, found, {.type = S_IFLNK, .mode = 0777, .text = text});
}

void View::make_file(const std::string& target, std::uint32_t mode, Content content) {
    const Walk found = walk(target);
    New file{.type = S_IFREG, .mode = mode, .content = std::move(content)};
    if (!found.missing.empty() && !is_writable_host(found.path)) {
        make_place(target, found, std::move(file));
        return;
    }
    const std::string place = place_for(target, S_IFREG);
    const Area* below = area_of(place).second;
    const bool writable = below->writable;
    if (below->kind == Area::Kind::special) {
        throw Error("cannot make a file at " + target + ": it is an interface of the kernel");
    }
    std::string scratch = "file-" + std::to_string(counter_++);
    make_in_scratch(scratch, std::move(file));
    plan_.steps.push_back(MountScratch{scratch, place, {!writable, true, true, false}});
    cover(place, {Area::Kind::scratch, {scratch, {}}, writable});
    if (writable) {
        add_writable(place);
    }
}

}  // namespace sandbox::plan
