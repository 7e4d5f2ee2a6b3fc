// The cgroup of one sandbox: made by the launcher before the clone, removed when nobody is in it any more.
//
// Theory of operation. It is a directory below one that the caller may use, with a name that no other has; the launcher
// holds a lock of it (flock(2)) for as long as it lives. Init is made in it (CLONE_INTO_CGROUP, Linux 5.7), so that not
// even its first page is counted elsewhere. At the end everything that is still in it is killed by the kernel
// (cgroup.kill, Linux 5.14), the figures are read, and it is removed. What a launcher that was killed has left is empty
// soon, as its init dies with it, and is recognised by its lock: the next one that makes a cgroup there removes it.
//
// The settings are of the cgroup that init is in. Inside it is the root of a read-only tree, and nobody there owns a
// cgroup namespace with which to mount a writable one.
#pragma once

#include "plan/plan.hpp"
#include "sys/fd.hpp"

#include <sandbox/process.hpp>

#include <chrono>
#include <string>

namespace sandbox::limits {

/// Not thread-safe.
class Cgroup {
  public:
    /// Throws Error that says what could not be done, and leaves nothing. `alone`: the calling process makes no other
    /// sandbox, so that what was handed out for this one can be taken back at its end.
    Cgroup(const plan::Cgroup& wanted, bool alone);
    Cgroup(const Cgroup&) = delete;
    Cgroup& operator=(const Cgroup&) = delete;
    /// Kills what is left in it, and removes it.
    ~Cgroup();

    /// For clone_args::cgroup. Close-on-exec.
    [[nodiscard]] int descriptor() const noexcept { return directory_.get(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    void kill() const noexcept;
    /// Kills what is left, and waits until it is empty, but for two seconds at most: a process that the kernel cannot
    /// end keeps it.
    void empty() noexcept;

    /// Removes what launchers that were killed have left beside it.
    void sweep_beside() const noexcept;

    /// By now. `usage.wall` stays as it is, and so does what the kernel does not count.
    void read(Usage& usage) const noexcept;
    [[nodiscard]] std::chrono::nanoseconds cpu_time() const noexcept;

  private:
    void make_directory();
    void move_launcher();
    void hand_out(const std::string& controller) const;
    void set(const plan::CgroupSetting& setting) const;
    void check_processors(const plan::CgroupSetting& setting) const;
    void remove() noexcept;
    void move_back() noexcept;

    const plan::Cgroup& wanted_;  ///< of the plan, which lives as long
    bool alone_;
    sys::UniqueFd parent_;
    std::string name_;
    std::string path_;
    sys::UniqueFd directory_;
    bool empty_ = false;    ///< it has been seen to be
    std::string launcher_;  ///< the name of the launcher's own, if it was moved
};

/// Moves a process into the cgroup of an open directory, where its clone(2) could not. Returns an errno.
[[nodiscard]] int adopt(int cgroup, pid_t process) noexcept;

/// Moves the calling process to a cgroup `launcher` below that directory, if it can be made.
void enter_below(const std::string& directory) noexcept;

/// Removes what launchers that were killed have left in the cgroup of that directory.
void sweep_cgroups(const std::string& parent) noexcept;

}  // namespace sandbox::limits
