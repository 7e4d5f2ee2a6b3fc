// What is made on the host for as long as a sandbox lives: mount points, and names that are to stay free, missing below
// a directory that the command may write. Inside, a mount or a mask stands on each, so that nobody there can create,
// rename or remove it; on the host it is an empty file without permissions, or an empty directory.
//
// Theory of operation. The launcher makes them before the clone and removes them when init is gone. What it is going to
// make stands in a record first, a file of the private directory of state.hpp; the identity of each is added when all
// are made. The launcher holds the record locked (flock(2)): one that can be locked belongs to a dead launcher, and any
// next start, or `sandbox gc`, removes its placeholders as soon as its init is gone, too. Nothing is ever removed but
// what is still exactly what was put there.
//
// Two sandboxes may need the same one: the second finds it in the first one's record and writes it in its own, and
// whoever ends last removes it. The lock of the directory keeps making, adopting and removing apart.
#pragma once

#include "placeholder/record.hpp"
#include "placeholder/sweep.hpp"
#include "plan/plan.hpp"
#include "sys/fd.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandbox::placeholder {

class Placeholders {
  public:
    /// Makes them all, or throws Error and leaves none.
    [[nodiscard]] static std::unique_ptr<Placeholders> make(const std::vector<plan::Placeholder>& wanted);
    Placeholders(const Placeholders&) = delete;
    Placeholders& operator=(const Placeholders&) = delete;
    /// Removes those that nobody else needs, and the record.
    ~Placeholders();

    /// Adds to the record by whose end all processes inside are gone, should the launcher be killed.
    void started(pid_t init) noexcept;

  private:
    Placeholders() = default;
    void collect(const std::vector<plan::Placeholder>& wanted);
    void open_state();
    void open_record();
    void note(const std::string& text);
    void adopt();
    void make_group(std::size_t group);
    int make_one(int directory, Entry& entry);
    void remove() noexcept;

    struct Origin {
        std::vector<const plan::Placeholder*> wanted;  ///< by entry, while they are made
        sys::UniqueFd directory;
    };
    Record record_;
    std::vector<Origin> origins_;  ///< by group
    std::string state_path_;
    sys::UniqueFd state_;
    std::string name_;  ///< of the record
    sys::UniqueFd file_;
    Timestamp noted_;
    std::optional<Identities> others_;
};

}  // namespace sandbox::placeholder
