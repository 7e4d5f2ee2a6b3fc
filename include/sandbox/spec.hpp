// What a sandbox shall be, as plain data. Nothing here touches the system; launch() (process.hpp) checks and runs it.
//
// A default-constructed Spec with a command is the default view: every namespace new, the host's tree read-only,
// private /tmp and /run, an empty home, loopback only. All members are ordinary values: copyable, and safe to use from
// several threads as long as no thread writes the same object.
#pragma once

#include <sandbox/capabilities.hpp>
#include <sandbox/limits.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sandbox {

/// The kinds of namespaces(7), named as lsns(8) names them.
enum class Namespace : std::uint8_t { mnt, pid, uts, ipc, net, cgroup, user, time };
inline constexpr std::size_t namespace_count = 8;

/// A set of namespace kinds.
class NamespaceSet {
  public:
    constexpr NamespaceSet() = default;
    constexpr NamespaceSet(std::initializer_list<Namespace> kinds) {
        for (const Namespace kind : kinds) {
            insert(kind);
        }
    }
    [[nodiscard]] constexpr bool contains(Namespace kind) const { return (bits_ & bit(kind)) != 0; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    constexpr void insert(Namespace kind) { bits_ = static_cast<std::uint8_t>(bits_ | bit(kind)); }
    constexpr void erase(Namespace kind) { bits_ = static_cast<std::uint8_t>(bits_ & ~bit(kind)); }
    friend constexpr bool operator==(NamespaceSet, NamespaceSet) = default;

  private:
    static constexpr std::uint8_t bit(Namespace kind) {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
    }
    std::uint8_t bits_ = 0;
};

/// The caller's own effective id, kept as it is inside.
struct SelfId {
    friend bool operator==(SelfId, SelfId) = default;
};
/// An id as the command sees it: a number of 0..4294967294, or the caller's own.
using InsideId = std::variant<std::uint32_t, SelfId>;

/// Ids of one kind that the command has: the `count` from `inside` on are those from `outside` on (user_namespaces(7)).
struct IdRange {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;  ///< as the caller sees them
    std::uint32_t count = 0;
    friend bool operator==(const IdRange&, const IdRange&) = default;
};
/// Ids named by what they are, as unshare(1) names them. automatic: 0 is the caller's own, 1 to at most 65535 are those
/// that subuid(5) grants it. subordinate: 0 is the caller's own, those granted keep their numbers. all: every id that
/// the caller's user namespace has keeps its number; for root.
/// For users and groups together, and for root of the host: isolated, which is its default, 0 to 65535 are ids that are
/// not root's, and what is shown by a Bind or as `root` is mounted so that files keep their owners; real: as all,
/// root's own among them - of those that it may map, or with `uid` or `gid` root's own alone. Root of a container is no
/// root of the host: isolated is an error, and real is what it says. For who is not root isolated is an error, and real
/// says nothing.
enum class IdSet : std::uint8_t { automatic, subordinate, all, isolated, real };
/// Which ids the command has. Ranges may neither overlap nor run over 4294967294.
using IdMapping = std::variant<IdSet, std::vector<IdRange>>;

/// What the command can reach over the network. none: a network namespace with loopback only. host: the caller's
/// network.
enum class Network : std::uint8_t { none, host };

/// What stands at $HOME. isolated: an empty writable tmpfs, other homes hidden. readable: the caller's real home,
/// read-only and without the credential stores. writable: the real home.
enum class Home : std::uint8_t { isolated, readable, writable };

/// The command's terminal. inherited: the caller's. own: a pseudo-terminal of its own, relayed to the caller's, which
/// is then none of the command's descriptors.
enum class Tty : std::uint8_t { inherited, own };

/// landlock(7). automatic: what the kernel has. require: an error where it is missing. none: not used.
enum class LandlockUse : std::uint8_t { automatic, require, none };

/// The list of system calls that the command may make (sandbox(1), System calls). standard: what programs use. strict:
/// what computes. none: every call, but for what fakes input into the terminal.
enum class SystemCalls : std::uint8_t { standard, strict, none };

/// Shows `source` of the host at `target` inside. Relative sources are relative to the caller's current directory.
struct Bind {
    std::string source;
    std::string target;     ///< empty: the source's own path
    bool writable = false;  ///< otherwise read-only, submounts included
    bool optional = false;  ///< a missing source is passed over, not an error
    friend bool operator==(const Bind&, const Bind&) = default;
};

/// An empty, writable, private tmpfs(5).
struct Tmpfs {
    std::string target;
    std::optional<std::uint64_t> size;  ///< bytes; the kernel's default (half of the memory) otherwise
    std::optional<std::uint32_t> mode;  ///< permission bits of its root, 0755 otherwise
    friend bool operator==(const Tmpfs&, const Tmpfs&) = default;
};

/// An empty directory. One that exists stays as it is.
struct Directory {
    std::string target;
    std::optional<std::uint32_t> mode;  ///< permission bits, 0755 otherwise
    friend bool operator==(const Directory&, const Directory&) = default;
};

/// A symbolic link at `path`.
struct Symlink {
    std::string text;  ///< what it leads to, not looked at
    std::string path;
    friend bool operator==(const Symlink&, const Symlink&) = default;
};

/// A copy of the regular file `source` of the host, of at most file_limit bytes, made at the start.
struct FileCopy {
    std::string source;
    std::string target;
    std::optional<std::uint32_t> mode;  ///< permission bits, those of the source otherwise
    friend bool operator==(const FileCopy&, const FileCopy&) = default;
};

/// A file with what can be read from an open descriptor of the calling process up to its end, of at most file_limit
/// bytes. It is held in memory alone.
struct FileData {
    int descriptor = -1;
    std::string target;
    std::optional<std::uint32_t> mode;  ///< permission bits, 0644 otherwise
    friend bool operator==(const FileData&, const FileData&) = default;
};

/// The most that a FileCopy or FileData may hold, bytes.
inline constexpr std::uint64_t file_limit = 64ULL << 20U;

/// A device node of the host that can be opened.
struct Device {
    std::string source;
    std::string target;     ///< empty: the source's own path
    bool optional = false;  ///< a missing source is passed over, not an error
    friend bool operator==(const Device&, const Device&) = default;
};

/// Hides what is at `path` inside (relative: from the caller's current directory), wherever else it is shown, too; a
/// path that does not exist below a writable directory cannot be created. Components may be patterns of `*`, `?`,
/// `[a-z]` and `**`; a backslash makes them plain.
struct Hide {
    std::string path;
    friend bool operator==(const Hide&, const Hide&) = default;
};

/// Makes the directory `path` of the host writable at its own path inside, but not on the host: what is written stays
/// in the sandbox, and is gone with it. What is mounted below it is handled likewise. `/`, which is the first of all
/// whatever its place among the mounts, is the whole tree (that of `root`, where there is one), and the current
/// directory with it. Files whose owner or group is not inside stay as they are. Before Linux 6.6 what is written lies
/// on a disk while the sandbox runs, if Limits::tmp_size does not keep it in memory (sandbox(1), OVERLAYS).
struct Overlay {
    std::string path;
    friend bool operator==(const Overlay&, const Overlay&) = default;
};

/// One entry of the view, applied in the order given. Relative targets are relative to the caller's current directory.
using Mount = std::variant<Bind, Tmpfs, Directory, Symlink, FileCopy, FileData, Device, Hide, Overlay>;

/// With a value: set. Without: passed from the caller where it is set; `name` may be a glob of * and ?.
struct EnvironmentRule {
    std::string name;
    std::optional<std::string> value;
    friend bool operator==(const EnvironmentRule&, const EnvironmentRule&) = default;
};

/// A namespace that is there already, and in which the sandbox is made.
struct Join {
    Namespace kind = Namespace::net;  ///< net, ipc, uts or pid
    std::string from;                 ///< a running sandbox's name, or the path of a namespace file, which has a `/`
    friend bool operator==(const Join&, const Join&) = default;
};

struct Spec {
    std::vector<std::string> command;  ///< argv; empty: an interactive /bin/sh

    /// By which it is found while it runs (registry.hpp): a letter or a digit, and up to 63 of those and `.`, `_`, `-`.
    /// An error where another one of the caller's has it.
    std::optional<std::string> name;
    bool detached = false;  ///< with a name: how it ended is kept until wait() has asked for it

    std::optional<InsideId> uid;  ///< the caller's uid as seen inside; 0 otherwise
    std::optional<InsideId> gid;
    /// More ids than the caller's own. Those that are not the caller's are mapped by newuidmap(1) and newgidmap(1),
    /// unless the caller has CAP_SETUID and CAP_SETGID. Without `map_groups`, an IdSet for users holds for groups, too.
    /// Not with `uid` and `gid`, but for IdSet::isolated and IdSet::real.
    std::optional<IdMapping> map_users;
    std::optional<IdMapping> map_groups;
    /// `NAME` or `UID`, and `:GROUP` or `:GID`: who the command is, by the passwd(5) and group(5) of the inside.
    /// Without `map_users` that is the caller under another number. Not with `uid` and `gid`.
    std::optional<std::string> user;
    std::optional<std::string> hostname;    ///< `sandbox` otherwise; an error with a shared uts namespace
    std::optional<std::string> domainname;  ///< the NIS domain name of uname(2)

    NamespaceSet share;                ///< kinds that stay the host's: pid, uts, ipc, cgroup
    std::optional<NamespaceSet> only;  ///< just these new beside user and mnt, over the host's tree as it is
    /// Namespaces of another sandbox, or of files, in place of new ones. All must belong to one user namespace, which
    /// the caller has capabilities over: one that it made, as those of its sandboxes with a name, or its own. In any
    /// but its own the sandbox has one id: not with `map_users` and `map_groups`.
    std::vector<Join> join;
    NamespaceSet own;               ///< kinds handed to the guest's user namespace: mnt, net, ipc, uts, cgroup
    NamespaceSet allow_namespaces;  ///< kinds of which the guest may make more
    std::optional<std::int64_t> boottime_offset;   ///< seconds; makes a time namespace (time_namespaces(7), Linux 5.6)
    std::optional<std::int64_t> monotonic_offset;  ///< seconds

    std::optional<Network> network;   ///< none otherwise; an error together with `only`
    std::optional<std::string> root;  ///< a directory to use as `/` instead of the host's tree
    /// Directories whose trees lie over that of `root`, the later over the earlier, as if all were one; none is written
    /// to. What overlayfs marks as removed in one of them (whiteouts, user.overlay.opaque) is. Not with `changes`.
    std::vector<std::string> layers;
    Home home = Home::isolated;
    std::vector<Mount> mounts;
    /// A directory of the host that keeps what is written in all of Overlay, for diff, apply and discard. It is made
    /// where it is missing; otherwise it is empty, or of an earlier run with the same overlays, which goes on. Never
    /// visible inside. Relative to the caller's current directory.
    std::optional<std::string> changes;
    std::optional<std::string> cwd;  ///< inside; the caller's own otherwise

    bool clear_environment = false;  ///< pass nothing of the caller's environment
    std::vector<EnvironmentRule> environment;

    bool init = false;             ///< the command runs beside init, as pid 2, instead of being pid 1
    bool new_session = false;      ///< setsid(2): no controlling terminal
    Tty tty = Tty::inherited;      ///< own: only with `foreground`, as Process::wait() is what relays
    bool die_with_parent = false;  ///< the sandbox ends when the parent of the calling process ends
    /// Descriptors from 3 up that the command gets at the same numbers; of all others it gets 0, 1 and 2 alone. They
    /// must be open, and files, pipes, sockets or character devices; close-on-exec is taken off inside, and stays as it
    /// is here. What they lead to, the command has, whatever the view shows (sandbox(1), --fd).
    std::vector<int> descriptors;
    bool core_dumps = false;  ///< the caller's limit for core(5) holds; otherwise nothing inside dumps core
    LandlockUse landlock = LandlockUse::automatic;
    /// The command has the default set (sandbox(1), CAPABILITIES) and what `own` and `allow_namespaces` are useless
    /// without, less `cap_drop`, plus `cap_add`; none with a user id inside that is not 0. One in both is an error.
    CapabilitySet cap_drop;
    CapabilitySet cap_add;
    SystemCalls system_calls = SystemCalls::standard;
    /// In place of that list: a file of the host with a profile as Podman and Docker have it (sandbox(1), SYSTEM
    /// CALLS), relative to the caller's current directory. Only with SystemCalls::standard.
    std::optional<std::string> system_call_profile;
    /// Changes of the list or the profile: names of system calls, or of groups of them, as `@mount`. What is in both is
    /// denied. Not with SystemCalls::none.
    std::vector<std::string> allow_system_calls;
    std::vector<std::string> deny_system_calls;
    /// Process::refusals() names the calls that were refused. Whoever makes such a call waits until Process::wait() is
    /// called. An error where the kernel has a listener for a filter around this process already.
    bool log_refusals = false;

    Limits limits;  ///< what the command may use
    /// A file that tells how it went, in JSON: sandbox-report(5). It is written when everything inside has ended, or
    /// launch() has failed; one that is there is removed at the start. Relative to the current directory. An error
    /// where the command could forge it, as it may write above the directory.
    std::optional<std::string> report;
    /// An open descriptor from 3 up on which the same is written. It becomes close-on-exec.
    std::optional<int> report_descriptor;

    /// Process::wait() keeps the terminal right and forwards the signals that the calling process receives. For
    /// programs with one thread, whose whole job is this sandbox; a library caller leaves it off and uses
    /// Process::signal().
    bool foreground = false;
    /// Record the time of every step and the inodes of the namespaces (Process::trace()).
    bool trace = false;
};

}  // namespace sandbox
