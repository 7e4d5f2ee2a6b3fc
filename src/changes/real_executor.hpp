// Does it. Whatever it is about to change is noted before, so that neither a later step nor another process takes it
// for somebody else's change, wherever this one is killed.
#pragma once

#include "changes/executor.hpp"
#include "changes/host_changes.hpp"
#include "changes/journal.hpp"
#include "changes/telling.hpp"
#include "sys/fd.hpp"

#include <set>

namespace sandbox::changes {

class RealExecutor : public Executor {
  public:
    RealExecutor(Journal& journal, const HostChanges& host, Telling& telling);

    void clear_pending() override;
    void finish(bool complete) override;
    void meet(Item&) override {}
    void remove(const Item& item) override;
    void make_directory(Item& item, const Look& look) override;
    Placed replace(const Item& item, const Look& look, const Names::First* first) override;
    void join(const Item& item, const Names::First& first) override;
    bool change_file(const Item& item, const Look& look, const Difference& difference) override;
    bool change_directory(const Item& item, const Look& look, const Difference& difference) override;
    bool change_top(const std::string& path, Level& level, const Look& look, const Difference& difference) override;
    void leave(Level& level) override;

  private:
    bool change_in_place(const Item& item, int file, const Look& wanted, const Difference& difference);
    bool place_name(const Item& item, const Names::First& first);
    /// Before something is made, replaced or removed in a directory.
    void begin_in(Level& level);
    /// Of what loses a name: a file that is held, or those that were noted in a directory.
    struct OtherNames {
        sys::UniqueFd file;
        std::set<Journal::Key> unseen;
    };
    /// Before one name of a file goes: the others look changed then. Of a directory: before all below it goes.
    [[nodiscard]] OtherNames hold_other_names(const Item& item);
    [[nodiscard]] std::set<Journal::Key> note_names_below(const Item& item);
    void note_other_names(const Item& item, const OtherNames& others);

    Journal& journal_;
    const HostChanges& host_;
    Placer placer_;
};

}  // namespace sandbox::changes
