// A host that exists in memory only: any tree, any caller, the same on every machine. For tests of the planner.
#pragma once

#include "host/facts.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sandbox::test {

/// A file tree with the rules of path_resolution(7). Inodes are numbered in the order of creation, all on one device,
/// so equal trees have equal ids. What makes an entry also makes the directories above it.
class FakeTree final : public host::Tree {
  public:
    FakeTree();
    FakeTree(const FakeTree&) = delete;
    FakeTree& operator=(const FakeTree&) = delete;
    ~FakeTree() override;

    void directory(const std::string& path);
    void file(const std::string& path, const std::string& text = "");
    void device(const std::string& path);
    void link(const std::string& path, const std::string& text, uid_t owner = 0);
    /// Shows the directory or file at `from` at `path`, too, as `mount --bind` does: the same device and inode.
    void alias(const std::string& path, const std::string& from);
    /// Takes the rights away: below it nothing can be seen, and it cannot be listed.
    void close(const std::string& path);
    void remove(const std::string& path);
    /// Where relative paths begin. A directory that is removed later stays the current one.
    void enter(const std::string& path);

    [[nodiscard]] std::optional<host::Entry> look(const std::string& path) const override;
    [[nodiscard]] std::optional<plan::FileId> follow(const std::string& path, int& error) const override;
    [[nodiscard]] std::optional<std::string> canonical(const std::string& path) const override;
    [[nodiscard]] host::Resolution resolve(const std::string& path, const host::LinkRule& rule) const override;
    [[nodiscard]] std::optional<std::vector<host::Entry>> list(const std::string& path) const override;
    [[nodiscard]] std::string read(const std::string& root, const std::string& path) const override;

  private:
    struct Node {
        plan::FileId id;
        std::string text;  ///< of a file or of a symbolic link
        bool closed = false;
        uid_t owner = 0;
        std::map<std::string, std::shared_ptr<Node>> entries;
    };
    /// From the root to an entry: names and nodes. The name of the root is empty.
    using Trail = std::vector<std::pair<std::string, std::shared_ptr<Node>>>;

    [[nodiscard]] std::shared_ptr<Node> make_node(mode_t type, const std::string& text);
    std::shared_ptr<Node>& slot(const std::string& path);
    void add(const std::string& path, mode_t type, const std::string& text);
    /// An empty trail, and the errno in `error`, where the path leads nowhere.
    [[nodiscard]] Trail walk(const std::string& path, bool follow_last, int& error) const;
    /// The same, asking at each symbolic link whether to follow it; an empty trail without an error: not.
    using Follow = std::function<bool(const std::string& where, const Node& link)>;
    [[nodiscard]] Trail walk(const std::string& path, bool follow_last, int& error, const Follow& follow) const;
    [[nodiscard]] static std::string path_of(const Trail& trail);

    ino_t next_inode_ = 1;
    std::vector<std::weak_ptr<Node>> nodes_;  ///< all that were made
    std::shared_ptr<Node> root_;
    Trail cwd_;
};

/// A caller on a host. As made: ann (1000), in a repository in her home, on a Debian with a merged /usr; her
/// descriptors are pipes.
class FakeHost {
  public:
    /// Standing in `cwd`, which is made where it is missing.
    explicit FakeHost(const std::string& cwd = "/home/ann/project");

    /// Goes to a directory, which is made where it is missing.
    void enter(const std::string& path);
    /// Removes the current directory.
    void lose_cwd();
    /// Shows a directory of the root file system a second time, and says so in mountinfo.
    void mount_again(const std::string& path, const std::string& from);
    /// An interface of the kernel (proc, sysfs...), mounted once more.
    void mount_kernel(const std::string& path, const std::string& type);
    /// Sets a variable of the caller, or takes it away.
    void set(const std::string& name, const std::optional<std::string>& value);

    FakeTree tree;
    host::Facts facts;
};

}  // namespace sandbox::test
