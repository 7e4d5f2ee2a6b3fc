// A tree of which no question waits for ever: before a path leads into a file system that may not answer (FUSE, NFS,
// autofs...), a process that can be killed goes there first.
#pragma once

#include "host/facts.hpp"

#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace sandbox::host {

/// For one plan, and one thread. What leads into a silent file system throws Silent, which names the mount; resolve()
/// fails with ETIMEDOUT and the mount in Resolution::link. The mount point itself can be looked at, never into it.
class TreeAnswering final : public Tree {
  public:
    /// `cwd`: what relative paths begin with. Those of a current directory without a path are asked as they are.
    TreeAnswering(const Tree& tree, const std::vector<MountEntry>& mounts, std::optional<std::string> cwd);

    /// Whether there is a mount that may be silent: most hosts need none of this.
    [[nodiscard]] static bool is_needed(const std::vector<MountEntry>& mounts);

    [[nodiscard]] std::optional<Entry> look(const std::string& path) const override;
    [[nodiscard]] std::optional<plan::FileId> follow(const std::string& path, int& error) const override;
    [[nodiscard]] std::optional<std::string> canonical(const std::string& path) const override;
    [[nodiscard]] Resolution resolve(const std::string& path, const LinkRule& rule) const override;
    [[nodiscard]] std::optional<std::vector<Entry>> list(const std::string& path) const override;
    [[nodiscard]] std::optional<std::vector<std::string>> names(const std::string& path) const override;
    [[nodiscard]] std::string read(const std::string& root, const std::string& path) const override;
    [[nodiscard]] bool may_be_silent() const override { return true; }
    [[nodiscard]] std::optional<std::string> silent(const std::string& path) const override;

  private:
    /// What is done with the last component: left as it is, followed where it is a link, or entered.
    enum class Last { left, followed, entered };
    enum class Answer { unknown, answers, silent };
    struct Mount {
        std::string target;
        std::string type;
        [[nodiscard]] std::string text() const { return target + " (" + type + ")"; }
    };

    void check(const std::string& path, Last last) const;
    [[nodiscard]] std::optional<Mount> silent_on(const std::string& path, Last last) const;
    [[nodiscard]] std::optional<Mount> silent_at(const std::string& directory, const std::string& name) const;
    [[nodiscard]] const Mount* automount_above(const std::string& directory) const;

    const Tree& tree_;
    std::optional<std::string> cwd_;
    std::unordered_set<std::string> devices_;     ///< of all mounts
    std::multimap<std::string, Mount> doubtful_;  ///< by device
    std::vector<Mount> automounts_;
    mutable std::map<std::string, Answer> answers_;    ///< by device, or by path below an automount
    mutable std::unordered_set<std::string> plain_;    ///< directories that can be entered
    mutable std::unordered_set<std::string> reached_;  ///< directories whose path leads through no other
};

}  // namespace sandbox::host
