// A plan: everything a sandbox will be, decided before the clone. Pure data; the same plan is printed, checked and run.
#pragma once

#include "plan/step.hpp"

#include <sandbox/spec.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sandbox::plan {

/// One line of a uid_map or gid_map (user_namespaces(7)).
struct IdExtent {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 0;
    friend bool operator==(const IdExtent&, const IdExtent&) = default;
};

struct IdMaps {
    std::vector<IdExtent> users;
    std::vector<IdExtent> groups;
};

/// The text that is written to a map file.
[[nodiscard]] std::string map_text(const std::vector<IdExtent>& extents);

/// Init's time namespace (time_namespaces(7)); seconds.
struct TimeOffsets {
    std::int64_t boottime = 0;
    std::int64_t monotonic = 0;
};

/// What is missing below a directory of the host that the command may write. It is made there before the sandbox starts
/// and removed when that ends (placeholder/placeholders.hpp); inside, a mount stands on it.
struct Placeholder {
    Source directory;       ///< of the host, where it is missing
    std::string canonical;  ///< that directory's real path
    std::string name;       ///< relative to it; what lies between is a placeholder listed before
    bool is_directory = false;
    std::string target;  ///< inside
    Source root;         ///< what is shown writable: `directory`, or above it
    std::string way;     ///< from there to `directory`, without symbolic links
    friend bool operator==(const Placeholder&, const Placeholder&) = default;
};

/// A pseudo-terminal of the command's own (pty(7)) in place of the caller's terminal. Init makes it, the launcher
/// relays.
struct OwnTerminal {
    std::array<bool, 3> streams{};  ///< the descriptors that are put on it: those that are a terminal outside
    bool of_host = false;           ///< made in the host's devpts, where the sandbox has none of its own
    bool keyboard_shared = false;   ///< standard output is a pipe, whose reader may want the keyboard: a pager
};

/// Who the command is, in the guest's user namespace.
struct CommandIds {
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::string home;                   ///< of Spec::user by the inside's passwd(5); empty where it has none
    std::vector<std::uint32_t> groups;  ///< supplementary ones
    std::uint32_t setup_user = 0;       ///< `user` as the setup user namespace has it
    std::uint32_t setup_group = 0;
    std::uint32_t host_user = 0;  ///< with Plan::private_ids: `user` as the caller has it
    std::uint32_t host_group = 0;
    bool foreign = false;  ///< `user` or `group` is not the caller's own
};

/// What the sandbox itself says to the command.
struct Identity {
    std::string home;
    std::string cwd;
    std::optional<std::string> user;  ///< name of the inside's uid, where the inside's passwd has one
};

/// How the files of a tree look inside, where the ids there are none of their owners': by an idmapped mount
/// (mount_setattr(2)). What 0 to 65535 own belongs to the same numbers inside.
struct IdMapped {
    /// What was asked for; a bind may be of a part of it. Its owner and the command's user change places, so that who
    /// works on another user's files has them as its own.
    Source top;
    bool plain = false;     ///< not so: every id is itself
    bool optional = false;  ///< shown read-only as it is where the file system cannot be mounted so
    friend bool operator==(const IdMapped&, const IdMapped&) = default;
};

/// A file of a cgroup and what is written there.
struct CgroupSetting {
    std::string file;
    std::string value;
    std::string asked;      ///< the option; for what is not asked for itself, as it reads
    bool optional = false;  ///< left out where the kernel has no such file
    friend bool operator==(const CgroupSetting&, const CgroupSetting&) = default;
};

/// The cgroup that the launcher makes for init and all that comes from it (cgroups(7), version 2).
struct Cgroup {
    /// The directory of the one above. Empty: one that systemd makes, a scope for the launcher: it must be run again
    /// there.
    std::string parent;
    bool of_user = true;                   ///< which manager makes it then: the user's, or the system's
    std::vector<std::string> controllers;  ///< that cgroups below `parent` do not have yet
    bool move_launcher = false;            ///< it is in `parent`, and alone there: it goes to a cgroup beside
    std::vector<CgroupSetting> settings;
    std::uint64_t own_processes = 0;  ///< the sandbox's own, which pids.max allows beside those that were asked for
    bool pressure = true;             ///< is read at the end
    bool for_counting = false;        ///< no limit asks for it: a run without one is as good
};

/// The running sandbox that the command joins, instead of having one of its own.
struct Joined {
    std::string name;
    bool private_ids = false;  ///< as Plan::private_ids
    NamespaceSet owned;        ///< kinds that its guest user namespace owns
};

struct Plan {
    NamespaceSet fresh;      ///< kinds that are new inside
    NamespaceSet inherited;  ///< kinds that are another sandbox's, or a file's: they are joined (--join)
    NamespaceSet owned;      ///< kinds that the guest's user namespace owns
    NamespaceSet allowed;    ///< kinds of which the guest may make more

    std::uint64_t init_clone_flags = 0;     ///< for the clone of init
    std::uint64_t init_unshare_flags = 0;   ///< for what init makes while the setup child works: the network namespace
    std::uint64_t command_clone_flags = 0;  ///< for the clone of the setup child, which becomes the command
    IdMaps setup_maps;                      ///< of the setup user namespace, written by the launcher
    IdMaps guest_maps;                      ///< of the guest user namespace, written by init
    bool users_by_helper = false;           ///< newuidmap(1) writes the uid_map of the setup user namespace
    bool groups_by_helper = false;          ///< newgidmap(1) its gid_map
    bool setgroups = false;                 ///< setgroups(2) stays open inside
    bool maps_of_inherited = false;         ///< the setup user namespace is made in that of what is joined: one id
    bool joinable = false;                  ///< other sandboxes can be made in its setup user namespace
    /// The caller's own ids are in none of the maps: init takes those that the setup user namespace calls 0.
    bool private_ids = false;
    std::vector<IdMapped> id_mapped;  ///< what BindMount::id_mapped refers to
    CommandIds command_ids;
    std::optional<TimeOffsets> time_offsets;

    /// The directory of the host that overlays are written to, where that is not the scratch tmpfs.
    struct Written {
        std::string canonical;     ///< where it is, or would be
        std::optional<FileId> id;  ///< none where it is missing
        std::string asked;         ///< --changes
        /// Not Spec::changes: the directory in which the launcher makes it for this run alone.
        std::string thrown_away_in = {};
    };
    std::optional<Written> written;
    std::string in_memory;  ///< why it is the scratch tmpfs, where another one would do better

    bool drop_groups = false;                  ///< the launcher drops the supplementary groups for init
    std::vector<Placeholder> placeholders;     ///< made by the launcher before anything else
    std::vector<Step> steps;                   ///< executed by the setup child, in this order
    std::map<std::size_t, std::string> asked;  ///< the option that the steps from that one on are for

    bool command_is_pid1 = false;         ///< pid 1 of its own pid namespace
    std::optional<OwnTerminal> terminal;  ///< otherwise the caller's
    bool listen = false;                  ///< init hears the terminal's signals for a command that is pid 1
    std::array<bool, 3> relayed{};  ///< descriptors 0-2 that go through a pipe, as the file could be changed by them
    std::optional<Joined> joined;
    Identity identity;
    Limits limits;                               ///< what is held by the launcher, and what steps are for
    std::optional<Cgroup> cgroup;                ///< and what that holds
    std::vector<int> passed;                     ///< Spec::descriptors, in ascending order, each once
    bool errors_with_output = false;             ///< 1 and 2 are the same file and share that pipe
    std::vector<std::string> environment_names;  ///< what is passed or set, for explain()
    std::size_t environment_withheld = 0;        ///< how many of the caller's variables are not passed
    std::string base = "/";                      ///< the directory of the host that `/` was made from
    std::string cwd = "/";                       ///< inside
    std::vector<std::string> nobodys;  ///< options that show writable what belongs to an id that is not inside
    bool cwd_writable = false;
    std::vector<std::string> writable;  ///< inside paths below which the command may write, as far as the mounts go
    std::map<std::string, std::string> areas;  ///< inside path to the host path shown there; empty: private
    std::vector<std::string> notes;  ///< what the reader should know: Landlock, what can no longer be promised
};

}  // namespace sandbox::plan
