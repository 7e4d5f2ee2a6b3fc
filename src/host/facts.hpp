// What the launcher knows about the host: plain values, and a tree that can be asked about paths. The planner decides
// from these alone, so tests can give it any host. Only probe.cpp fills them from a real one.
#pragma once

#include "host/cgroups.hpp"
#include "host/mountinfo.hpp"
#include "host/subids.hpp"
#include "plan/step.hpp"

#include <sandbox/error.hpp>
#include <sandbox/limits.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace sandbox::host {

/// One directory entry, not followed if it is a symbolic link.
struct Entry {
    std::string name;
    plan::FileId id;
    std::string link;       ///< text of a symbolic link
    bool whiteout = false;  ///< what overlayfs takes for something removed: a device 0:0
};

/// Which symbolic links are followed on the way to a source. A link is somebody's word: that of the system and the
/// caller's own count, another user's does not. And as a command may have written what it was shown, a link in the
/// current directory, or in one that is shown writable, never leads out of it.
struct LinkRule {
    uid_t uid = 0;                    ///< the caller
    std::optional<uid_t> unmapped;    ///< how ids look that this user namespace does not have; root's may be one
    std::string cwd = "/";            ///< canonical: where relative paths begin
    std::vector<std::string> fences;  ///< canonical directories

    [[nodiscard]] bool trusts(uid_t owner) const;
    /// Adds the fences that a link at `where` stands in to `entered`; `link` is the first link that does.
    void enter(const std::string& where, std::vector<std::string>& entered, std::string& link) const;
    /// The first of `entered` that `canonical` lies outside of, or an empty string.
    [[nodiscard]] static std::string left(const std::vector<std::string>& entered, const std::string& canonical);
};

/// What the path of a source came to.
struct Resolution {
    enum class End { failed, reached, leads_out, of_another_user, magic };
    End end = End::failed;
    int error = 0;          ///< failed: errno
    plan::FileId id;        ///< reached
    std::string canonical;  ///< reached, leads_out: the real path
    std::string link;       ///< otherwise: the link that is not followed; failed with ETIMEDOUT: the silent mount
    std::string fence;      ///< leads_out: what it leads out of
    uid_t owner = 0;        ///< reached: of what is there; of_another_user: of the link
};

/// What a question throws that leads into a file system which does not answer.
class Silent : public Error {
  public:
    Silent(const std::string& path, std::string mount)
        : Error(Error("cannot look at " + path + ": the file system mounted at " + mount + " does not answer")
                    .with_fix("name nothing that leads into it, or unmount it; by --hide " +
                              mount.substr(0, mount.rfind(" (")) + " it is left out")),
          mount_(std::move(mount)) {}
    /// As a person reads it: the mount point and the type.
    [[nodiscard]] const std::string& mount() const noexcept { return mount_; }

  private:
    std::string mount_;
};

/// The host's file tree. Paths are absolute, or relative to the caller's current directory.
class Tree {
  public:
    Tree() = default;
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;
    virtual ~Tree() = default;
    /// lstat(2) and readlink(2); nothing where it cannot be seen, with ENOENT in errno where the kernel says so.
    [[nodiscard]] virtual std::optional<Entry> look(const std::string& path) const = 0;
    /// stat(2): what the path leads to. On failure nothing, and the errno in `error`.
    [[nodiscard]] virtual std::optional<plan::FileId> follow(const std::string& path, int& error) const = 0;
    /// realpath(3), or nothing.
    [[nodiscard]] virtual std::optional<std::string> canonical(const std::string& path) const = 0;
    /// Where the path of a source leads, in one walk along descriptors.
    [[nodiscard]] virtual Resolution resolve(const std::string& path, const LinkRule& rule) const = 0;
    /// The entries of a directory, sorted by name; nothing where it cannot be read.
    [[nodiscard]] virtual std::optional<std::vector<Entry>> list(const std::string& path) const = 0;
    /// Their names alone, in any order, for which a tree need not look at each of them.
    [[nodiscard]] virtual std::optional<std::vector<std::string>> names(const std::string& path) const {
        const std::optional<std::vector<Entry>> entries = list(path);
        if (!entries) {
            return std::nullopt;
        }
        std::vector<std::string> names;
        for (const Entry& entry : *entries) {
            names.push_back(entry.name);
        }
        return names;
    }
    /// The content of a small regular file below the directory `root`, which symbolic links do not leave; or an empty
    /// string.
    [[nodiscard]] virtual std::string read(const std::string& root, const std::string& path) const = 0;
    /// Whether a question may lead into a file system that does not answer.
    [[nodiscard]] virtual bool may_be_silent() const { return false; }
    /// The mount that does not answer and that whoever enters or opens `path` would wait for, as a person reads it.
    [[nodiscard]] virtual std::optional<std::string> silent(const std::string& path) const {
        return static_cast<void>(path), std::nullopt;
    }
};

/// An open descriptor: one of 0, 1, 2, or one that is to be passed.
struct Stream {
    bool open = false;
    bool path_only = false;  ///< opened with O_PATH
    bool terminal = false;
    bool controlling = false;  ///< the terminal is the caller's controlling one
    mode_t type = 0;           ///< S_IFMT bits
    int access = 0;            ///< O_ACCMODE bits
    bool append = false;       ///< O_APPEND
    bool memory = false;       ///< memfd_create(2): no path leads to it, and Landlock does not know it
    bool sealed = false;       ///< against writing (F_SEAL_WRITE of fcntl(2))
    plan::FileId id;
};

/// A descriptor of Spec::descriptors.
struct Descriptor {
    int number = -1;
    Stream stream;
};

/// About the ids of one kind; filled where more than the caller's own is asked for.
struct IdFacts {
    bool may_map_all = false;  ///< the caller may map what it likes: CAP_SETUID or CAP_SETGID
    Subordinate subordinate;   ///< what newuidmap(1) or newgidmap(1) map for it
    std::vector<IdBlock> own;  ///< the ids that the caller's user namespace has
};

/// The ids of the caller that are root of a sandbox which is joined.
struct JoinedRoot {
    std::uint32_t user = 0;
    std::uint32_t group = 0;
};

/// Of a caller with user id 0.
struct RootFacts {
    bool of_host = false;              ///< the kernel's own user id 0, and not what a container calls so
    std::string lacks;                 ///< what it does not have of what mapping ids and files takes; empty: nothing
    std::vector<IdBlock> users;        ///< what /etc/subuid grants it
    std::vector<IdBlock> groups;       ///< and /etc/subgid
    std::optional<JoinedRoot> joined;  ///< with Facts::joins_below, where these are not the caller's own
};

/// A directory in which overlays can be written to on a disk, where a tmpfs will not do.
struct OverlayPlace {
    std::string canonical;
    std::string unfit = {};  ///< why they cannot; empty: they can
    struct Made {
        std::string path;
        plan::FileId id;
    };
    std::optional<Made> made = {};  ///< what the launcher has made there for this run (changes/thrown_away.hpp)
};

struct Facts {
    uid_t uid = 0;  ///< effective
    RootFacts root;
    std::optional<uid_t> unmapped_uid;  ///< where not every user id of the machine exists in this user namespace
    gid_t gid = 0;
    std::optional<std::string> cwd;  ///< as getcwd(3) has it
    int cwd_error = 0;               ///< why there is none
    plan::FileId cwd_id;
    std::vector<std::string> environment;           ///< NAME=VALUE
    std::vector<gid_t> groups;                      ///< supplementary ones
    bool may_drop_groups = false;                   ///< setgroups(2) is open to the caller
    IdFacts users;                                  ///< what else than its own id the caller may map
    IdFacts group_ids;                              ///< likewise
    std::uint64_t core_limit = 0;                   ///< the hard RLIMIT_CORE
    bool cores_are_piped = false;                   ///< core_pattern starts a program (core(5))
    std::map<Resource, std::uint64_t> hard_limits;  ///< of setrlimit(2), where somebody asks for one
    CgroupFacts cgroups;                            ///< where somebody asks for a cgroup
    int niceness = 0;
    int lowest_niceness = 20;  ///< that RLIMIT_NICE allows
    std::array<Stream, 3> streams;
    std::vector<Descriptor> descriptors;  ///< by number, each once
    bool has_terminal = false;            ///< there is a controlling terminal, on 0-2 or not
    bool terminal_foreground = false;     ///< the caller's process group is the terminal's foreground one
    std::string passwd;                   ///< the text of the host's /etc/passwd
    std::string group;                    ///< the text of the host's /etc/group
    std::vector<MountEntry> mounts;       ///< of the caller's mount namespace
    bool sysctls_read_only = false;       ///< /proc/sys is mounted read-only, as in a container
    int landlock_abi = 0;                 ///< 0: the kernel has none
    bool tmpfs_attributes = true;         ///< a tmpfs keeps user.* attributes (Linux 6.6); asked for overlays alone
    std::vector<OverlayPlace> overlay_places;  ///< where it does not, in the order of preference
    std::string kernel_release;                ///< as uname(2) has it
    std::vector<std::string> state;            ///< where the registry and the records of placeholders are, or may be
    bool joins_below = false;         ///< what is joined (Spec::join) is of a user namespace below the caller's
    std::string system_call_profile;  ///< the text of Spec::system_call_profile
};

}  // namespace sandbox::host
