// LinkRule, see facts.hpp. Pure.
#include "host/facts.hpp"
#include "spec/paths.hpp"

#include <algorithm>

namespace sandbox::host {

bool LinkRule::trusts(uid_t owner) const {
    return owner == 0 || owner == uid || (unmapped && owner == *unmapped);
}

void LinkRule::enter(const std::string& where, std::vector<std::string>& entered, std::string& link) const {
    for (const std::string& fence : fences) {
        if (spec::is_below_or_same(where, fence) && std::ranges::find(entered, fence) == entered.end()) {
            entered.push_back(fence);
            link = link.empty() ? where : link;
        }
    }
}

std::string LinkRule::left(const std::vector<std::string>& entered, const std::string& canonical) {
    const auto found = std::ranges::find_if(
        entered, [&](const std::string& fence) { return !spec::is_below_or_same(canonical, fence); });
    return found == entered.end() ? std::string() : *found;
}

}  // namespace sandbox::host
