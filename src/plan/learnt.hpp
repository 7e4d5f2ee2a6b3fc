// What one round of planning tells the next. A view is built from the root down; what a later option needs further up -
// a directory made of scratch, an entry left out - is learnt first and built in the round after.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sandbox::plan {

/// An entry that is not shown.
struct HiddenEntry {
    unsigned order = 0;     ///< 0: the default view's; else the number of the user's mount that hides it
    std::string canonical;  ///< what of the host is hidden
    bool left_out = false;  ///< not even a name is left
};

struct Learnt {
    std::set<std::string> skeletons;                        ///< directories of the inside that are made of scratch
    std::map<std::string, HiddenEntry> hidden;              ///< by inside path
    std::map<unsigned, std::vector<std::string>> expanded;  ///< patterns, by the number of the user's mount

    /// Adds what a round has found. Whether any of it is news.
    bool add(const Learnt& found) {
        bool news = false;
        for (const std::string& directory : found.skeletons) {
            news = skeletons.insert(directory).second || news;
        }
        for (const auto& [path, entry] : found.hidden) {
            const auto [known, fresh] = hidden.emplace(path, entry);
            if (!fresh && known->second.order < entry.order) {
                known->second = entry;
                news = true;
            }
            news = news || fresh;
        }
        expanded.insert(found.expanded.begin(), found.expanded.end());
        return news;
    }
};

}  // namespace sandbox::plan
