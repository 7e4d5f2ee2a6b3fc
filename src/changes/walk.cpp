#include "changes/walk.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

namespace sandbox::changes {
namespace {

constexpr std::size_t levels_with_descriptors = 64;
constexpr std::size_t longest_path = 65536;

class Walk {
  public:
    Walk(const Overlay& overlay, const Selection& selection, Visitor& visitor)
        : overlay_(overlay), selection_(selection), visitor_(visitor), path_(overlay.path) {}

    void run(sys::UniqueFd upper) {
        guarded([&] { start(std::move(upper)); });
        while (!levels_.empty()) {
            Level& level = levels_.back();
            if (level.next == level.names.size()) {
                go_back();
                continue;
            }
            const std::string name = level.names[level.next++];
            path_ += path_ == "/" ? name : "/" + name;
            bool below = false;
            guarded([&] { below = take(level, name); });
            if (!below) {
                path_.resize(level.path);
            }
        }
    }

  private:
    template <class Work>
    void guarded(Work work) {
        try {
            work();
        } catch (const Problem& problem) {
            visitor_.problem(path_, problem);
        }
    }

    void start(sys::UniqueFd upper) {
        Level level;
        level.upper = std::move(upper);
        level.host = open_canonical(overlay_.path);
        if (!level.host) {
            throw Problem("the directory is not there any more, or a link leads to it", errno);
        }
        level.upper_entry = look(level.upper.get());
        level.host_entry = look(level.host.get());
        visitor_.begin(level, overlay_);
        const Marks marks = read_top_marks(level.upper.get());
        mount_ = level.host_entry.mount;
        if (selection_.has(path_)) {
            guarded([&] { visitor_.visit_top(path_, level, overlay_); });
        }
        enter(std::move(level), marks);
    }

    void enter(Level level, const Marks& marks) {
        level.opaque = marks.opaque;
        level.whiteouts = marks.whiteouts;
        level.path = path_.size();
        level.names = changes::names_in(level.upper.get());
        if (level.opaque && level.host) {
            const std::vector<std::string> hidden = changes::names_in(level.host.get());
            std::vector<std::string> both;
            std::ranges::set_union(level.names, hidden, std::back_inserter(both));
            level.names = std::move(both);
        }
        levels_.push_back(std::move(level));
        if (levels_.size() > levels_with_descriptors) {
            Level& far = levels_[levels_.size() - 1 - levels_with_descriptors];
            far.upper.reset();
            // The last one that the host has cannot be found again from below.
            if (levels_[levels_.size() - levels_with_descriptors].host) {
                far.host.reset();
            }
        }
    }

    // True where the next level is in place.
    bool take(Level& level, const std::string& name) {
        const bool chosen = selection_.has(path_);
        if (!chosen && !selection_.leads_on(path_)) {
            return false;
        }
        Item item{path_, name, level, overlay_, chosen, look(level.upper.get(), name), {}, {}};
        if (level.host) {
            item.host = look(level.host.get(), name);
        }
        if (item.upper.exists) {
            item.marks = read_marks(level.upper.get(), name, item.upper, level.whiteouts);
        }
        if (item.host.exists && item.host.mount != mount_) {
            throw Problem("another file system is mounted there", 0, ChangeNote::Kind::conflict);
        }
        const bool directory = item.upper.is(S_IFDIR);
        if (!chosen && !directory) {
            return false;
        }
        if (!visitor_.visit(item) || !directory) {
            return false;
        }
        if (path_.size() > longest_path) {
            throw Problem("its path is too long", 0, ChangeNote::Kind::refused);
        }
        go_into(level, item);
        return true;
    }

    void go_into(const Level& above, const Item& item) {
        Level level;
        level.upper = open_directory(above.upper.get(), item.name);
        if (!level.upper) {
            throw Problem("it cannot be listed", errno);
        }
        level.upper_entry = look(level.upper.get());
        level.foreseen = item.foreseen.has_value();
        if (item.foreseen) {
            level.host_entry = *item.foreseen;
        } else if (above.host) {
            level.host = open_path(above.host.get(), item.name);
            if (!level.host && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
                throw Problem("the host's directory cannot be opened", errno);
            }
        }
        if (level.host) {
            level.host_entry = look(level.host.get());
        }
        level.own = item.own;
        level.changed = item.own;
        enter(std::move(level), item.marks);
    }

    void go_back() {
        Level last = std::move(levels_.back());
        levels_.pop_back();
        guarded([&] { visitor_.leave(path_, last); });
        if (!levels_.empty()) {
            Level& level = levels_.back();
            path_.resize(level.path);
            open_again(level.upper, level.upper_entry, last.upper.get(), open_directory);
            if (!level.foreseen) {
                open_again(level.host, level.host_entry, last.host.get(), open_path);
            }
        }
    }

    // The way back is the way here, or there is none.
    void open_again(sys::UniqueFd& directory, const Entry& entry, int below,
                    sys::UniqueFd (*open)(int, const std::string&) noexcept) const {
        if (directory || !entry.exists) {
            return;
        }
        directory = open(below, "..");
        if (!directory || !look(directory.get()).is_same(entry)) {
            throw Error("cannot go on at " + path_ + ": it was moved meanwhile");
        }
    }

    const Overlay& overlay_;
    const Selection& selection_;
    Visitor& visitor_;
    std::string path_;
    std::uint64_t mount_ = 0;
    std::vector<Level> levels_;
};

}  // namespace

void walk(const Store& store, const Selection& selection, Visitor& visitor) {
    for (const Overlay& overlay : store.record().overlays) {
        if (!selection.has(overlay.path) && !selection.leads_on(overlay.path)) {
            continue;
        }
        // Where there is none, that overlay has not been mounted yet.
        if (sys::UniqueFd upper = store.upper(overlay.number)) {
            Walk(overlay, selection, visitor).run(std::move(upper));
        }
    }
}

}  // namespace sandbox::changes
