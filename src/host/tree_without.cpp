#include "host/tree_without.hpp"

#include "spec/paths.hpp"

#include <cerrno>

namespace sandbox::host {

std::optional<Entry> TreeWithout::look(const std::string& path) const {
    std::optional<Entry> entry = tree_.look(path);
    return entry && is_absent_(entry->id, path, false) ? std::nullopt : entry;
}

std::optional<plan::FileId> TreeWithout::follow(const std::string& path, int& error) const {
    const std::optional<plan::FileId> id = tree_.follow(path, error);
    if (id && is_absent_(*id, path, true)) {
        error = ENOENT;
        return std::nullopt;
    }
    return id;
}

std::optional<std::string> TreeWithout::canonical(const std::string& path) const {
    int error = 0;
    return follow(path, error) ? tree_.canonical(path) : std::nullopt;
}

Resolution TreeWithout::resolve(const std::string& path, const LinkRule& rule) const {
    Resolution found = tree_.resolve(path, rule);
    if (found.end == Resolution::End::reached && is_absent_(found.id, path, true)) {
        found = Resolution();
        found.error = ENOENT;
    }
    return found;
}

std::optional<std::vector<Entry>> TreeWithout::list(const std::string& path) const {
    std::optional<std::vector<Entry>> entries = tree_.list(path);
    if (entries) {
        std::erase_if(*entries,
                      [&](const Entry& entry) { return is_absent_(entry.id, spec::join(path, entry.name), false); });
    }
    return entries;
}

std::string TreeWithout::read(const std::string& root, const std::string& path) const {
    return tree_.read(root, path);
}

}  // namespace sandbox::host
