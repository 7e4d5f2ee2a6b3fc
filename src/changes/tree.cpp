#include "changes/tree.hpp"

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
    Search(int directory, const std::function<Way(const Found&)>& met)
        : top_(directory), mount_(look(directory).mount), met_(met) {}

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

    // True where it is to stop.
    bool take(const std::string& name) {
        path_.resize(levels_.empty() ? 0 : levels_.back().path);
        path_ += path_.empty() ? name : "/" + name;
        const Entry entry = look(here(), name);
        if (!entry.exists) {
            return false;
        }
        const bool elsewhere = entry.mount != mount_;
        const Way way = met_({here(), name, entry, elsewhere});
        if (way == Way::into && entry.is(S_IFDIR) && !elsewhere) {
            go_into(name);
        }
        return way == Way::stop;
    }

    void go_into(const std::string& name) {
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
    const std::function<Way(const Found&)>& met_;
    std::string path_;
    std::vector<Level> levels_;
};

}  // namespace

std::optional<std::string> find_in_tree(int directory, const std::string& name,
                                        const std::function<Way(const Found&)>& met) {
    return Search(directory, met).run(name);
}

void for_each_with_other_names(int directory, const std::string& name, const std::function<void(const Entry&)>& met) {
    const auto take = [&](const Found& found) {
        if (!found.elsewhere && !found.entry.is(S_IFDIR) && found.entry.links > 1) {
            met(found.entry);
        }
        return Way::into;
    };
    try {
        (void)find_in_tree(directory, name, take);
    } catch (const Problem&) {
        return;  // whoever removes it says what is wrong
    }
}

}  // namespace sandbox::changes
