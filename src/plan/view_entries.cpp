// What a view is given of its own: directories, links, files. See view.hpp.
#include "plan/view.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

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
    if (area->kind != Area::Kind::tmpfs) {
        make_in_scratch(here, std::move(entry));
        return;
    }
    if (S_ISLNK(entry.type)) {
        scratch_symlinks_[here] = entry.text;
    } else {
        scratch_[here] = entry.type;
    }
    // Before it is attached, where nobody else can be.
    std::get<MountTmpfs>(plan_.steps[area->step])
        .entries.push_back(
            {path.substr(prefix.size() + 1), entry.type, entry.mode, std::move(entry.text), std::move(entry.content)});
}

bool View::is_writable_host(const std::string& path) const {
    const Area* area = area_of(path).second;
    return area->kind == Area::Kind::host && area->writable;
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
