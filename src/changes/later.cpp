#include "changes/later.hpp"

#include <cerrno>
#include <utility>
#include <vector>

namespace sandbox::changes {
namespace {

constexpr std::size_t levels_with_descriptors = 64;

struct Level {
    sys::UniqueFd directory;
    Entry entry;
    std::vector<std::string> names;
    std::size_t path = 0;
};

class Search {
  public:
    Search(int directory, const Timestamp& began, const Journal& journal)
        : top_(directory), mount_(look(directory).mount), began_(began), journal_(journal) {}

    std::optional<std::string> run(const std::string& name) {
        if (take(name)) {
            return path_;
        }
        while (!levels_.empty()) {
            if (levels_.back().names.empty()) {
                go_back();
                continue;
            }
            const std::string next = std::move(levels_.back().names.back());
            levels_.back().names.pop_back();
            if (take(next)) {
                return path_;
            }
        }
        return std::nullopt;
    }

  private:
    [[nodiscard]] int here() const { return levels_.empty() ? top_ : levels_.back().directory.get(); }

    // True where it is later.
    bool take(const std::string& name) {
        path_.resize(levels_.empty() ? 0 : levels_.back().path);
        path_ += path_.empty() ? name : "/" + name;
        const Entry entry = look(here(), name);
        const bool begun = entry.is(S_IFDIR) && journal_.is_unfinished(entry);
        if (entry.mount != mount_ || (is_later(entry, began_, journal_) && !begun)) {
            return entry.exists;
        }
        if (!entry.is(S_IFDIR)) {
            return false;
        }
        Level level;
        level.directory = open_directory(here(), name);
        if (!level.directory) {
            throw Problem(path_ + " cannot be listed", errno);
        }
        level.entry = look(level.directory.get());
        level.names = names_in(level.directory.get());
        level.path = path_.size();
        levels_.push_back(std::move(level));
        if (levels_.size() > levels_with_descriptors) {
            levels_[levels_.size() - 1 - levels_with_descriptors].directory.reset();
        }
        return false;
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
    }

    int top_;
    std::uint64_t mount_;
    const Timestamp& began_;
    const Journal& journal_;
    std::string path_;
    std::vector<Level> levels_;
};

}  // namespace

bool is_later(const Entry& entry, const Timestamp& began, const Journal& journal) {
    return entry.changed > began && !journal.knows(entry);
}

std::optional<std::string> find_later(int directory, const std::string& name, const Timestamp& began,
                                      const Journal& journal) {
    return Search(directory, began, journal).run(name);
}

}  // namespace sandbox::changes
