#include "changes/selection.hpp"

#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>

#include <unistd.h>

namespace sandbox::changes {
namespace {

std::string current_directory() {
    const std::unique_ptr<char, void (*)(void*)> path(::getcwd(nullptr, 0), &::free);
    return path && *path == '/' ? std::string(path.get()) : "/";
}

// The directory that it is in may be reached by a link; it itself may be one, or be missing on the host.
std::string resolved(const std::string& path) {
    const std::string absolute = spec::absolute(current_directory(), path);
    for (std::string above = spec::parent(absolute);; above = spec::parent(above)) {
        const std::unique_ptr<char, void (*)(void*)> real(::realpath(above.c_str(), nullptr), &::free);
        if (real) {
            return spec::without_dots(spec::absolute(
                real.get(), absolute.substr(std::min(above.size() + (above == "/" ? 0U : 1U), absolute.size()))));
        }
        if (above == "/") {
            return spec::without_dots(absolute);
        }
    }
}

}  // namespace

Selection::Selection(const std::vector<std::string>& paths, const Record& record) {
    for (const std::string& path : paths) {
        if (path.empty()) {
            throw Error("'': not a path").with_fix("none for all changes");  // as of a variable that is not set
        }
        const std::string found = resolved(path);
        if (std::ranges::none_of(record.overlays, [&](const Overlay& overlay) {
                return spec::is_below_or_same(found, overlay.path) || spec::is_below_or_same(overlay.path, found);
            })) {
            throw Error(path + " is not part of what the runs could change")
                .with_fix("name a path below " + (record.overlays.empty() ? "one" : record.overlays.front().path));
        }
        paths_.push_back(found);
    }
}

bool Selection::has(const std::string& path) const {
    return paths_.empty() ||
           std::ranges::any_of(paths_, [&](const std::string& one) { return spec::is_below_or_same(path, one); });
}

bool Selection::leads_on(const std::string& path) const {
    return std::ranges::any_of(paths_, [&](const std::string& one) { return spec::is_below_or_same(one, path); });
}

std::vector<std::string> Selection::below(const std::string& path) const {
    std::vector<std::string> found;
    std::ranges::copy_if(paths_, std::back_inserter(found),
                         [&](const std::string& one) { return spec::is_below_or_same(one, path); });
    return found;
}

}  // namespace sandbox::changes
