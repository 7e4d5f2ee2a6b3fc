// The vocabulary of a plan: every step that a sandbox can be made of, as data.
//
// The launcher builds and prints steps; the setup child executes them after the clone, where nothing may be allocated:
// it only reads them. Each kind has a name, which --explain, --verbose and errors use.
#pragma once

#include <sandbox/capabilities.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <linux/filter.h>
#include <sys/stat.h>
#include <sys/types.h>

namespace sandbox::plan {

/// What a path was when the launcher looked at it. The child refuses a source that is something else by then.
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
    mode_t type = 0;  ///< S_IFMT bits of st_mode
    friend bool operator==(const FileId&, const FileId&) = default;
};

/// Attributes of a mount, as mount_setattr(2) has them (Linux 5.12).
struct MountAttributes {
    bool read_only = false;
    bool nosuid = false;
    bool nodev = false;
    bool noexec = false;
    friend bool operator==(const MountAttributes&, const MountAttributes&) = default;
};

/// A path of the host, resolved by the child: an absolute one from the old root, any other from the inherited cwd.
struct Source {
    std::string path;
    FileId expected;
    std::string asked = {};  ///< the option that asked for it, for messages
    friend bool operator==(const Source&, const Source&) = default;
};

/// What a file of the sandbox's own holds. The launcher reads it just before the clone (run/contents.hpp).
struct Content {
    Source source;          ///< a regular file of the host, where `descriptor` is -1
    int descriptor = -1;    ///< read to its end
    bool own_mode = false;  ///< the file has the permission bits of the source
    std::string bytes = {};
};

/// Mount propagation of the whole tree private: nothing mounted inside or outside crosses any more.
struct PrivatePropagation {
    static constexpr const char* name = "private-propagation";
};
/// unshare(CLONE_NEWCGROUP) in the setup user namespace.
struct NewCgroupNamespace {
    static constexpr const char* name = "cgroup-namespace";
};
/// A session keyring of its own (session-keyring(7)), so that the caller's keys are not possessed.
struct NewSessionKeyring {
    static constexpr const char* name = "session-keyring";
};
/// The scratch tmpfs: one superblock for every private directory, so that together they have one limit. It is attached
/// over the old `/`, where the new tree never shows it.
struct MakeScratch {
    static constexpr const char* name = "scratch";
    unsigned root_copies = 0;  ///< copies of the old `/`, for binds of it: later on the scratch tmpfs stands over it
    std::string size = {};     ///< bytes, as tmpfs(5) takes them; empty: the kernel's default, as for `entries`
    std::string entries = {};  ///< how many there may be
};
/// A directory in the scratch tmpfs.
struct ScratchDirectory {
    static constexpr const char* name = "mkdir";
    std::string path;  ///< relative to the scratch tmpfs
    std::uint32_t mode = 0755;
};
/// A file in the scratch tmpfs: without content a mount point.
struct ScratchFile {
    static constexpr const char* name = "mkfile";
    std::string path;
    std::uint32_t mode = 0444;
    std::optional<Content> content = {};
};
/// A symbolic link in the scratch tmpfs.
struct ScratchSymlink {
    static constexpr const char* name = "symlink";
    std::string path;
    std::string text;
};
/// The directory of the scratch tmpfs that becomes the new `/`.
struct MountRoot {
    static constexpr const char* name = "root";
    std::string scratch;
};
/// The old `/` stays: the tree as it is, in a mount namespace of its own.
struct KeepRoot {
    static constexpr const char* name = "root";
};
/// A directory of the scratch tmpfs shown at `target`.
struct MountScratch {
    static constexpr const char* name = "private";
    std::string scratch;
    std::string target;
    MountAttributes attributes;
};
/// A path of the host shown at `target`, with its submounts.
struct BindMount {
    static constexpr const char* name = "bind";
    Source source;
    std::string target;
    MountAttributes attributes;
    int id_mapped = -1;  ///< by which of Plan::id_mapped; the launcher makes the mount then
    /// Of an entry of a directory that is made anew: that directory. Nothing is missed where it alone is gone by then.
    std::optional<FileId> beside = {};
};
/// A tmpfs with a limit of its own.
struct MountTmpfs {
    static constexpr const char* name = "tmpfs";
    struct Entry {
        std::string path;  ///< relative to the tmpfs
        mode_t type = S_IFDIR;
        std::uint32_t mode = 0755;
        std::string text = {};  ///< of a symbolic link
        std::optional<Content> content = {};
    };
    std::string target;
    std::string size;  ///< as tmpfs(5) takes it; empty: the kernel's default
    std::string mode;  ///< octal
    /// Made before the tmpfs is attached: nobody else can reach it then.
    std::vector<Entry> entries;
    std::string asked = {};
};
/// A directory of the host shown writable: overlayfs, with what is written in the scratch tmpfs, or in a directory of
/// the host. Its submounts are not in it.
struct MountOverlay {
    static constexpr const char* name = "overlay";
    BindMount lower;                     ///< without its submounts; its target is the overlay's
    bool hollow = false;                 ///< nothing of it is shown: it says what the overlay's own mode and owner are
    std::string scratch;                 ///< a directory of the scratch tmpfs, which the step makes
    std::string canonical;               ///< of the lower directory
    std::vector<BindMount> layers = {};  ///< over that, upwards
    std::string names = "lower";         ///< of all these in `scratch`, downwards, as overlayfs takes them
    /// The directory of the host that holds `upper` and `work`, where these are not in scratch; the launcher says
    /// which, before the clone.
    std::optional<BindMount> written = {};
    std::string thrown_away_in = {};  ///< where that is made for this run alone; empty: it is kept
    /// Shown below what is in `lower`: mount points, and what the sandbox has of its own.
    std::vector<MountTmpfs::Entry> entries = {};
};
/// proc(5) of the pid namespace.
struct MountProc {
    static constexpr const char* name = "proc";
    std::string target;
};
/// Joins the network namespace, which init makes - with loopback up - while the steps before this one are executed: it
/// is the slowest part of a start, and this takes another processor for it.
struct JoinNetwork {
    static constexpr const char* name = "network";
};
/// sysfs(5) of the network namespace, read-only.
struct MountSysfs {
    static constexpr const char* name = "sysfs";
    std::string target;
};
/// A devpts instance of its own; the one that holds the command's own terminal, where it has one.
/// The command's own cgroup as the root of a tree (cgroup_namespaces(7)), read-only.
struct MountCgroup {
    static constexpr const char* name = "cgroup";
    std::string target;
};
struct MountDevpts {
    static constexpr const char* name = "devpts";
    std::string target;
};
/// mqueue of the ipc namespace (mq_overview(7)).
struct MountMqueue {
    static constexpr const char* name = "mqueue";
    std::string target;
};
/// An existing entry made unreadable: /dev/null or an empty directory over it. A path that does not exist is passed
/// over.
struct Mask {
    static constexpr const char* name = "mask";
    std::string target;
};
/// In the scratch tmpfs, what stands in place of a hidden file: a node that nobody can open behind nodev.
struct ScratchHidden {
    static constexpr const char* name = "hidden";
    std::string path;
};
/// An existing file in a writable directory made unreadable: that node over it. Nobody inside can take its place.
struct Hide {
    static constexpr const char* name = "hide";
    std::string target;
};
/// An existing entry bound onto itself, read-only. A path that does not exist is passed over.
struct ReadOnly {
    static constexpr const char* name = "read-only";
    std::string target;
};
/// A directory bound onto itself, so that it is a mount point and can be neither renamed nor removed.
struct Pin {
    static constexpr const char* name = "pin";
    std::string target;
};
/// pivot_root(2) to the new tree and detach the old one.
struct PivotRoot {
    static constexpr const char* name = "pivot-root";
};
/// The loopback interface up (netdevice(7)), in a network namespace that the guest owns.
struct LoopbackUp {
    static constexpr const char* name = "loopback-up";
};
/// Writes a file below the fresh /proc/sys.
struct Sysctl {
    static constexpr const char* name = "sysctl";
    std::string path;  ///< relative to /proc/sys
    std::string value;
};
/// Keeps a descriptor of /proc/sys/user as the setup user namespace sees it, for Quota.
struct KeepQuotaDirectory {
    static constexpr const char* name = "quota-directory";
};
/// unshare(2) of a user namespace between the setup one and the guest's, which owns nothing; init writes its maps and
/// joins it. The quotas count in it, and other sandboxes can be made in the setup user namespace (--join).
struct EnterQuotaUserns {
    static constexpr const char* name = "quota-userns";
};
/// The most namespaces of one kind that may exist below the setup user namespace, or the one above: as many as were
/// made.
struct Quota {
    static constexpr const char* name = "quota";
    std::string file;  ///< in /proc/sys/user
    std::string value;
};
/// unshare(2) of the guest's user namespace and what it owns; init writes the maps.
struct EnterGuest {
    static constexpr const char* name = "guest";
    std::uint64_t clone_flags = 0;
};
/// The guest user namespace of a running sandbox, and what that owns, joined instead (setns(2)).
struct JoinGuest {
    static constexpr const char* name = "join-guest";
};
struct SetHostname {
    static constexpr const char* name = "hostname";
    std::string value;
};
struct SetDomainname {
    static constexpr const char* name = "domainname";
    std::string value;
};
/// Files of the sandbox's own get the command's ids, where those are not the caller's.
struct ChangeOwner {
    static constexpr const char* name = "chown";
    std::string target;
    uid_t user = 0;  ///< as the setup user namespace has it
    gid_t group = 0;
};
/// The command's ids in the guest user namespace: setgroups(2), setresgid(2), setresuid(2). The capabilities stay until
/// the step that says which.
struct ChangeIds {
    static constexpr const char* name = "ids";
    uid_t user = 0;
    gid_t group = 0;
    std::vector<gid_t> groups;  ///< supplementary ones
    bool set_groups = false;    ///< otherwise those of the caller stay, as they cannot be dropped
};
/// setsid(2): the command has no controlling terminal.
struct NewSession {
    static constexpr const char* name = "new-session";
};
/// A process group of its own, so that kill(0) inside reaches nobody outside, and the terminal's foreground if the
/// launcher had it.
struct ProcessGroup {
    static constexpr const char* name = "process-group";
    int terminal = -1;          ///< descriptor of the caller's terminal to take, or -1
    bool own_terminal = false;  ///< takes the command's own instead
};
struct ChangeDirectory {
    static constexpr const char* name = "cwd";
    std::string path;
    std::string asked = {};  ///< the option, if one says so
};
/// Restores the umask, marks every descriptor but 0, 1, 2 and those passed close-on-exec (close_range(2), Linux 5.11).
struct CloseDescriptors {
    static constexpr const char* name = "descriptors";
    std::vector<int> passed;  ///< in ascending order, from 3 up
};
/// setrlimit(2) of RLIMIT_CORE, soft and hard.
struct CoreLimit {
    static constexpr const char* name = "core-limit";
    std::uint64_t bytes = 0;
};
/// setrlimit(2).
struct ResourceLimitStep {
    static constexpr const char* name = "rlimit";
    int resource = 0;
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
    std::string value;  ///< for people
    std::string asked;
};
/// setpriority(2) of the process.
struct Niceness {
    static constexpr const char* name = "nice";
    int niceness = 0;
    std::string value;  ///< for people
    std::string asked;
};
/// oom_score_adj of proc(5).
struct OomScore {
    static constexpr const char* name = "oom-score";
    std::string value;
    std::string asked;
};
struct NoNewPrivileges {
    static constexpr const char* name = "no-new-privs";
};
/// landlock(7): read and execute everywhere, write only below `writable`, ioctl(2) of devices only below `devices`.
struct Landlock {
    static constexpr const char* name = "landlock";
    int abi = 0;
    std::vector<std::string> writable;
    std::string devices;
    std::vector<int> passed;  ///< descriptors beside 0, 1, 2 that may be opened again for what they were opened for
};
/// What the command has of capabilities(7) over the guest's user namespace: bounding, permitted and effective set. None
/// is inheritable or ambient.
struct Capabilities {
    static constexpr const char* name = "capabilities";
    CapabilitySet set;
};
/// Init has given up everything that the command could be after. Before the filter, which may refuse to wait.
struct AwaitInit {
    static constexpr const char* name = "init-confined";
};
/// The command's system call filter, seccomp(2).
struct Seccomp {
    static constexpr const char* name = "seccomp";
    std::vector<sock_filter> program;  ///< ready to be loaded
    std::string summary;               ///< of what it lets pass, for people
    /// In its place, one after the other, where the launcher hears of refusals (seccomp/listening.hpp); else empty.
    std::vector<sock_filter> told = {};
    std::vector<sock_filter> rest = {};
};
/// execve(2) of the first candidate that exists.
struct Execute {
    static constexpr const char* name = "exec";
    std::vector<std::string> candidates;   ///< paths, in the order of PATH
    std::vector<std::string> arguments;    ///< argv
    std::vector<std::string> environment;  ///< NAME=VALUE
};

using Step =
    std::variant<PrivatePropagation, NewCgroupNamespace, NewSessionKeyring, MakeScratch, ScratchDirectory, ScratchFile,
                 ScratchSymlink, MountRoot, KeepRoot, MountScratch, BindMount, MountTmpfs, MountOverlay, MountProc,
                 JoinNetwork, MountSysfs, MountCgroup, MountDevpts, MountMqueue, Mask, ScratchHidden, Hide, ReadOnly,
                 Pin, PivotRoot, LoopbackUp, Sysctl, KeepQuotaDirectory, EnterQuotaUserns, Quota, EnterGuest, JoinGuest,
                 SetHostname, SetDomainname, ChangeOwner, ChangeIds, NewSession, ProcessGroup, ChangeDirectory,
                 CloseDescriptors, CoreLimit, ResourceLimitStep, Niceness, OomScore, NoNewPrivileges, Landlock,
                 Capabilities, AwaitInit, Seccomp, Execute>;

/// The name of a step's kind.
[[nodiscard]] const char* step_name(const Step& step) noexcept;
/// What a step is about: a path, a value; may be empty.
[[nodiscard]] std::string step_subject(const Step& step);
/// The option that asked for it, as `--ro SRC:DST`; empty where that is not one option.
[[nodiscard]] std::string step_asked(const Step& step);

}  // namespace sandbox::plan
