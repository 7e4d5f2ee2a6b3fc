#include "changes/names.hpp"

namespace sandbox::changes {

const Names::First* Names::first_of(const Item& item) const {
    const auto first = item.upper.links > 1 ? firsts_.find({item.upper.device, item.upper.inode}) : firsts_.end();
    return first != firsts_.end() ? &first->second : nullptr;
}

bool Names::is_of_another(const Item& item) const {
    const First* const first = first_of(item);
    return first != nullptr && item.host.exists && !item.host.is_same(first->file);
}

void Names::remember(const Item& item, const Entry& result, bool differs) {
    if (item.upper.links > 1) {
        firsts_.try_emplace({item.upper.device, item.upper.inode}, First{item.path, result, differs});
    }
}

}  // namespace sandbox::changes
