// Does nothing, and keeps in mind what the host would be like by then, as far as that decides about what comes later:
// which directories there would be, and what the other names of a file would show. Memory grows with the number of
// those files alone.
#pragma once

#include "changes/executor.hpp"
#include "changes/journal.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace sandbox::changes {

class DryExecutor : public Executor {
  public:
    explicit DryExecutor(const Journal& journal) : journal_(journal) {}

    void clear_pending() override;
    void finish(bool) override {}
    void meet(Item& item) override;
    void remove(const Item& item) override;
    void make_directory(Item& item, const Look& look) override;
    Placed replace(const Item& item, const Look& look, const Names::First* first) override;
    void join(const Item& item, const Names::First& first) override;
    bool change_file(const Item& item, const Look& look, const Difference& difference) override;
    bool change_directory(const Item&, const Look&, const Difference&) override { return true; }
    bool change_top(const std::string&, Level&, const Look&, const Difference&) override { return true; }
    void leave(Level&) override {}

  private:
    /// A file of the host's with several names.
    struct Linked {
        std::uint64_t gone = 0;  ///< so many of its names would be
        std::optional<Look> look = {};
    };

    Linked& linked(const Entry& file) { return files_[{file.device, file.inode}]; }
    /// What the host has there, if anything, and all below it.
    void take_away(const Item& item);
    void take_away_tree(int directory, const std::string& name);

    const Journal& journal_;
    std::map<std::pair<dev_t, ino_t>, Linked> files_;
};

}  // namespace sandbox::changes
