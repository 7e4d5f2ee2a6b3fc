#include "changes/later.hpp"

#include "changes/tree.hpp"

namespace sandbox::changes {

bool is_later(const Entry& entry, const Timestamp& began, const Journal& journal) {
    return entry.changed > began && !journal.knows(entry);
}

std::optional<std::string> find_later(int directory, const std::string& name, const Timestamp& began,
                                      const Journal& journal) {
    return find_in_tree(directory, name, [&](const Found& found) {
        if (journal.is_left_over(found.directory, found.name)) {
            return Way::past;
        }
        const bool begun = found.entry.is(S_IFDIR) && journal.is_unfinished(found.entry);
        const bool later = found.elsewhere || (is_later(found.entry, began, journal) && !begun);
        return later ? Way::stop : Way::into;
    });
}

}  // namespace sandbox::changes
