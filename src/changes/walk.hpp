// Goes through upper directories, with what the host has under the same names: by descriptors, on both sides, and never
// along a link. What it holds is the names of the directories on the way, and a bounded number of descriptors.
#pragma once

#include "changes/entry.hpp"
#include "changes/selection.hpp"
#include "changes/store.hpp"
#include "changes/upper.hpp"
#include "sys/fd.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sandbox::changes {

/// A directory on the way.
struct Level {
    sys::UniqueFd upper;
    sys::UniqueFd host;     ///< empty where the host has none
    bool foreseen = false;  ///< the host has none, and host_entry is what the visitor would have made
    Entry upper_entry;
    Entry host_entry;
    bool opaque = false;  ///< it shows nothing of the host's
    bool whiteouts = false;
    std::vector<std::string> names;
    std::size_t next = 0;
    std::size_t path = 0;  ///< the length of its path
    bool own = false;      ///< the host's one has been changed by the visitor, and had nobody else's change
    bool changed = false;  ///< for the visitor
    std::optional<bool> gives_attributes = {};  ///< likewise: what is made in the host's one is born with some
};

/// A name in a directory.
struct Item {
    const std::string& path;  ///< of the host
    const std::string& name;
    Level& level;  ///< the directory
    const Overlay& overlay;
    bool chosen;  ///< else something below it is
    Entry upper;  ///< does not exist where an opaque directory hides what the host has
    Entry host;
    Marks marks;
    bool own = false;  ///< by the visitor: what the host has there is its work, and had nobody else's change
    // By a visitor that does nothing:
    std::optional<Entry> foreseen = {};  ///< an empty directory that it would have made there
    const std::map<std::string, std::string>* foreseen_attributes = nullptr;  ///< those of the host's side by then
};

class Visitor {
  public:
    Visitor() = default;
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;
    virtual ~Visitor() = default;
    /// Whether to go into it, where it is a directory. May throw Problem.
    virtual bool visit(Item& item) = 0;
    /// Before anything of an overlay is visited, which is not where that throws Problem.
    virtual void begin(const Level& level, const Overlay& overlay) {
        static_cast<void>(level), static_cast<void>(overlay);
    }
    /// The top of an overlay, if chosen. May throw Problem.
    virtual void visit_top(const std::string& path, Level& level, const Overlay& overlay) = 0;
    /// Behind all of a directory that was gone into. May throw Problem.
    virtual void leave(const std::string& path, Level& level) = 0;
    virtual void problem(const std::string& path, const Problem& problem) = 0;
};

/// What is chosen, overlay after overlay; in each directory in the order of the names, and what is below a name behind
/// it.
void walk(const Store& store, const Selection& selection, Visitor& visitor);

}  // namespace sandbox::changes
