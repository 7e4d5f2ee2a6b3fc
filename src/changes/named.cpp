#include "changes/named.hpp"

#include "changes/entry.hpp"
#include "changes/upper.hpp"
#include "spec/paths.hpp"
#include "sys/fd.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <sys/stat.h>

namespace sandbox::changes {
namespace {

/// What the runs have left of a path.
struct Left {
    bool nothing = false;
    std::string opaque;     ///< nothing in that directory, which hides what the host had in its own
    std::string gone;       ///< what is above it, and no directory any more
    bool replaced = false;  ///< that is something else, and not gone
};

Left find_in(sys::UniqueFd directory, const Overlay& overlay, const std::string& path) {
    Marks marks = read_top_marks(directory.get());
    bool opaque = marks.opaque;
    for (std::size_t start = overlay.path == "/" ? 1 : overlay.path.size() + 1; directory;) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        const std::string name = path.substr(start, end - start);
        const Entry entry = look(directory.get(), name);
        if (!entry.exists) {
            return {true, opaque ? path.substr(0, start - 1) : "",
                    opaque && end < path.size() ? path.substr(0, end) : "", false};
        }
        if (end == path.size()) {
            break;
        }
        marks = read_marks(directory.get(), name, entry, marks.whiteouts);
        if (marks.whiteout || !entry.is(S_IFDIR)) {
            return {false, {}, path.substr(0, end), !marks.whiteout};
        }
        opaque = opaque || marks.opaque;
        directory = open_path(directory.get(), name);
        start = end + 1;
    }
    return {};
}

// Of those that it is in, the one that is not above another.
const Overlay* overlay_of(const Record& record, const std::string& path) {
    const Overlay* found = nullptr;
    for (const Overlay& overlay : record.overlays) {
        if (overlay.path != path && spec::is_below_or_same(path, overlay.path) &&
            (found == nullptr || found->path.size() < overlay.path.size())) {
            found = &overlay;
        }
    }
    return found;
}

bool is_on_host(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool is_directory_on_host(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

// What is not on the host may have been there until an earlier apply.
bool may_be_applied(const Left& left) {
    if (left.nothing) {
        return !left.opaque.empty() && is_on_host(left.opaque);
    }
    return left.replaced ? is_on_host(left.gone) && !is_directory_on_host(left.gone) : !is_on_host(left.gone);
}

void check(const Store& store, const std::string& path) {
    const Overlay* const overlay = overlay_of(store.record(), path);
    if (overlay == nullptr) {
        return;  // the top of one, or above it
    }
    sys::UniqueFd upper = store.upper(overlay->number);
    if (!upper && errno != ENOENT) {
        return;
    }
    const Left left = upper ? find_in(std::move(upper), *overlay, path) : Left{true, {}, {}, false};
    const bool on_host = is_on_host(path);
    if ((left.nothing || !left.gone.empty()) && !on_host && !may_be_applied(left)) {
        throw Error(path + ": there is nothing of that name, neither on the host nor among the changes")
            .with_fix("sandbox diff DIR shows what has changed");
    }
    if (!left.gone.empty() && on_host) {
        throw Error(path + ": the runs have deleted or replaced " + left.gone + ", and it with that")
            .with_fix("name " + left.gone);
    }
}

}  // namespace

void check_named(const Store& store, const Selection& selection) {
    for (const std::string& path : selection.below("/")) {
        try {
            check(store, path);
        } catch (const Problem&) {
            continue;  // whoever walks there says so
        }
    }
}

}  // namespace sandbox::changes
