#include "changes/remove.hpp"

#include "changes/entry.hpp"

#include <cerrno>
#include <utility>
#include <vector>

namespace sandbox::changes {
namespace {

constexpr std::size_t levels_with_descriptors = 64;
constexpr std::uint64_t told_at_once = 256;

struct Level {
    sys::UniqueFd directory;
    Entry entry;
    std::string name;  ///< in the one above
    std::vector<std::string> names;
};

// One that its owner may not write is made so. A directory of nobody's permissions is what overlayfs works in.
sys::UniqueFd open_to_empty(int directory, const std::string& name, std::uint64_t mount) {
    const sys::UniqueFd path = open_path(directory, name);
    if (!path) {
        throw Problem("it cannot be opened", errno);
    }
    const Entry entry = look(path.get());
    if (entry.mount != mount) {
        throw Problem("another file system is mounted there");
    }
    if ((entry.mode & S_IRWXU) != S_IRWXU) {
        ::chmod(proc_path(path.get()).c_str(), entry.permissions() | S_IRWXU);
    }
    sys::UniqueFd opened = open_directory(path.get(), ".");
    if (!opened) {
        throw Problem("it cannot be listed", errno);
    }
    return opened;
}

class Removal {
  public:
    Removal(int directory, std::uint64_t mount, const std::function<void(std::uint64_t)>& told)
        : top_(directory), mount_(mount), told_(told) {}

    void run(const std::string& name) {
        take(name);
        while (!levels_.empty()) {
            Level& level = levels_.back();
            if (level.names.empty()) {
                go_back();
            } else {
                const std::string next = std::move(level.names.back());
                level.names.pop_back();
                take(next);
            }
        }
    }

  private:
    [[nodiscard]] int here() const { return levels_.empty() ? top_ : levels_.back().directory.get(); }

    void take(const std::string& name) {
        if (::unlinkat(here(), name.c_str(), 0) == 0 || errno == ENOENT) {
            count();
            return;
        }
        const int error = errno;
        if (error != EISDIR && !(error == EPERM && look(here(), name).is(S_IFDIR))) {
            throw Problem(name + " cannot be removed", error);
        }
        Level level;
        level.directory = open_to_empty(here(), name, mount_);
        level.entry = look(level.directory.get());
        level.name = name;
        level.names = names_in(level.directory.get());
        levels_.push_back(std::move(level));
        if (levels_.size() > levels_with_descriptors) {
            levels_[levels_.size() - 1 - levels_with_descriptors].directory.reset();
        }
    }

    void count() {
        if (++gone_ % told_at_once == 0 && told_) {
            told_(told_at_once);
        }
    }

    void go_back() {
        const Level last = std::move(levels_.back());
        levels_.pop_back();
        if (!levels_.empty() && !levels_.back().directory) {
            sys::UniqueFd above = open_directory(last.directory.get(), "..");
            if (!above || !look(above.get()).is_same(levels_.back().entry)) {
                throw Problem("it was moved meanwhile");
            }
            levels_.back().directory = std::move(above);
        }
        if (::unlinkat(here(), last.name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT) {
            throw Problem(last.name + " cannot be removed", errno);
        }
        count();
    }

    int top_;
    std::uint64_t mount_;
    const std::function<void(std::uint64_t)>& told_;
    std::uint64_t gone_ = 0;
    std::vector<Level> levels_;
};

}  // namespace

void remove_tree(int directory, const std::string& name, const std::function<void(std::uint64_t)>& told) {
    Removal(directory, look(directory).mount, told).run(name);
}

}  // namespace sandbox::changes
