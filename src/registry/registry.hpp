// The registry: which sandboxes of the calling user have a name, and run.
//
// Theory of operation. It is a directory of the caller's alone, `named` in the state directory (state.hpp), with a file
// for each name. The launcher makes the file before it starts anything, and holds it locked (flock(2)) for as long as
// it lives; it adds a line when the command runs and one when all has ended, and removes it. Whoever reads trusts the
// text, as nobody inside can reach it, but not that what it tells of still lives: init is looked for by its pid, held
// by a pidfd, and recognised by its start time. A file that can be locked and whose processes are gone was left by a
// launcher that was killed: whoever comes across it, removes it. The lock of the directory keeps making and removing
// apart.
//
// How a detached sandbox ended is kept, until somebody has asked (wait()), the name is used again, or a day is over.
#pragma once

#include "registry/entry.hpp"
#include "sys/fd.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandbox::registry {

/// A name, held by the launcher of its sandbox. Not thread-safe.
class Registration {
  public:
    /// Throws Error where the name is taken, or there is no place for a registry.
    [[nodiscard]] static std::unique_ptr<Registration> reserve(const std::string& name, bool detached, bool foreground);
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    /// Removes the entry, unless it tells how a detached sandbox ended.
    ~Registration();

    /// The command runs. Throws Error where that cannot be written.
    void running(const Running& running);
    void ended(const Outcome& outcome) noexcept;

  private:
    Registration() = default;
    std::string name_;
    bool keep_ = false;  ///< the entry is asked for once more after the end
    bool detached_ = false;
    sys::UniqueFd directory_;
    sys::UniqueFd file_;
};

/// A running sandbox, held.
struct Found {
    Entry entry;
    sys::UniqueFd file;      ///< the entry, which can be read to its end also when it was removed
    sys::UniqueFd init;      ///< pidfd
    sys::UniqueFd launcher;  ///< pidfd; empty where the launcher is gone
};

/// Its command ran when it was looked at, and init still lived.
[[nodiscard]] bool is_running(const Found& found);

/// All that run, by name. Removes what killed launchers have left.
[[nodiscard]] std::vector<Found> running_sandboxes();
/// The one of that name, if it runs.
[[nodiscard]] std::optional<Found> find_running(const std::string& name);
/// The one of that name, started or not, ended or not.
[[nodiscard]] std::optional<Found> find_any(const std::string& name);
/// Reads the entry again: more may stand in it by now.
void read_again(Found& found);
/// Takes away what is kept of one that has ended.
void forget(const Found& found);
/// Removes what killed launchers have left, and what is kept of those that have ended.
void collect();

/// Where a registry is, or may be, in a directory of the state.
[[nodiscard]] std::string directory_in(const std::string& state);
/// Makes it, where `state` can be a directory of the caller's own. Throws Error where that should work and does not.
void make_directory_in(const std::string& state);

/// A pidfd of that very process; empty where it is gone.
[[nodiscard]] sys::UniqueFd open_process(const ProcessId& id);
/// What the calling process can tell of another; `start` is 0 where it is gone.
[[nodiscard]] ProcessId identify_process(pid_t pid);

}  // namespace sandbox::registry
