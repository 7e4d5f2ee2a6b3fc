// What launcher, init and setup child say to each other. Every message is smaller than PIPE_BUF, so a write is atomic.
#pragma once

#include <cstdint>

namespace sandbox::run {

/// What happens outside the plan's steps, in the order of a start. A failure names one of them.
enum class Stage : std::uint32_t {
    none,
    cgroup,            ///< launcher: the cgroup that init is made in
    placeholders,      ///< launcher: what is missing on the host below a writable directory
    pipes,             ///< launcher: the pipes of the handshake
    id_mapped,         ///< launcher: the user namespace of an idmapped mount
    groups,            ///< launcher: no supplementary groups for init
    clone_init,        ///< launcher: clone3 of init with the setup user namespace
    uid_map,           ///< launcher: the setup user namespace's uid_map
    setgroups,         ///< launcher: its setgroups
    gid_map,           ///< launcher: its gid_map
    handshake,         ///< launcher: "go"
    init_prepare,      ///< init: descriptors, cwd, /proc
    join,              ///< init: the namespaces of a running sandbox; intermediate process: those that are joined
    joined_views,      ///< intermediate process: proc, sysfs and mqueue of what it joined
    init_ids,          ///< init: its own ids, where the caller's are not mapped
    terminal,          ///< init: the command's own terminal
    time_namespace,    ///< init: time namespace and its offsets
    setup,             ///< init: the setup child was killed; the error is a signal
    clone_command,     ///< init: clone3 of the setup child
    network,           ///< init: the network namespace and its loopback
    quota_userns,      ///< init: the maps of the user namespace in between, and joining it
    guest_uid_map,     ///< init: the guest user namespace's uid_map
    guest_gid_map,     ///< init: its gid_map
    init_supervision,  ///< init: what it needs to watch the command
    init_confine,      ///< init: undumpable, without capabilities, filtered
    refusals,          ///< launcher: the listener of the command's filter
};

/// Intermediate process to launcher.
struct Born {
    std::int32_t init = -1;  ///< its pid, once it is made
    Stage stage = Stage::none;
    std::int32_t error = 0;
};

/// Launcher to init. End of file: the launcher is dead.
struct Order {
    enum class Kind : std::uint32_t { go, abort, signal_command, signal_group };
    Kind kind = Kind::abort;
    std::int32_t value = 0;
};

/// Init to launcher.
struct Status {
    enum class Kind : std::uint32_t {
        stage_failed,  ///< value: Stage, detail: errno
        running,       ///< exec has succeeded, or the setup child has ended and reported why; value: its pid as the
                       ///< host's /proc has it
        stopped,       ///< value: the signal
        continued,
        exited,    ///< value: status
        signaled,  ///< value: signal; detail: 1 when the terminal sent it
    };
    Kind kind = Kind::stage_failed;
    std::int32_t value = 0;
    std::int32_t detail = 0;
};

/// Setup child to launcher. The pipe is close-on-exec: end of file after `executing` means that the command runs.
struct Report {
    enum class Kind : std::uint32_t {
        failed,     ///< step, error
        step_done,  ///< step, value: nanoseconds (only when traced)
        inode,      ///< step: Namespace, value: inode (only when traced)
        executing,
    };
    Kind kind = Kind::failed;
    std::uint32_t step = 0;
    std::int32_t error = 0;
    std::int64_t value = 0;
};

}  // namespace sandbox::run
