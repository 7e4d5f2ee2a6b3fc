// The options: name, argument, section and help text stand here once, and serve the parser, --help and the test that
// holds the man page.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sandbox::cli {

enum class OptionId : std::uint8_t {
    uid,
    gid,
    map_users,
    map_groups,
    user,
    hostname,
    domainname,
    only,
    share,
    join,
    own,
    allow_namespaces,
    boottime_offset,
    monotonic_offset,
    root,
    layer,
    ro,
    ro_try,
    rw,
    rw_try,
    overlay,
    changes,
    tmpfs,
    dir,
    symlink,
    file,
    data,
    device,
    device_try,
    hide,
    home,
    net,
    env,
    clear_env,
    cwd,
    init,
    new_session,
    tty,
    die_with_parent,
    fd,
    core_dumps,
    name,
    detach,
    log,
    status_fd,
    report,
    report_fd,
    timeout,
    cpu_time,
    kill_after,
    max_output,
    rlimit,
    nice,
    oom_score,
    tmp_size,
    memory,
    swap,
    cpus,
    pids,
    io_weight,
    cpuset,
    holding,
    landlock,
    cap_drop,
    cap_add,
    seccomp,
    allow_syscall,
    deny_syscall,
    seccomp_log,
    strict,
    explain,
    verbose,
    summary,
    quiet,
    version,
    help,
};

enum class Section : std::uint8_t {
    identity,
    namespaces,
    file_system,
    network,
    environment,
    process,
    limits,
    confinement,
    information,
};

/// How often an option may be given. A flag given twice says the same; two values for one thing contradict each other.
enum class Repeat : std::uint8_t { once, any };

struct Option {
    OptionId id;
    std::string_view name;      ///< without the two dashes
    std::string_view argument;  ///< as --help and the man page call its value; empty for a flag
    Section section;
    Repeat repeat;
    std::string_view help;

    [[nodiscard]] constexpr bool takes_value() const { return !argument.empty(); }
};

/// The heading of a section in --help.
[[nodiscard]] std::string_view heading(Section section);

inline constexpr auto option_table = std::to_array<Option>({
    {OptionId::uid, "uid", "ID", Section::identity, Repeat::once,
     "User id inside: a number, or self for the caller's own. Default: 0."},
    {OptionId::gid, "gid", "ID", Section::identity, Repeat::once,
     "Group id inside: a number, or self for the caller's own. Default: 0."},
    {OptionId::map_users, "map-users", "IN:OUT:COUNT|auto|subids|all|private|real", Section::identity, Repeat::any,
     "More user ids: COUNT from IN on are the host's from OUT on. auto: 0 is the caller, 1 to 65535 those that "
     "/etc/subuid grants; groups as well, without --map-groups. Started by root: private, the default, none of root's; "
     "real: root's own."},
    {OptionId::map_groups, "map-groups", "IN:OUT:COUNT|auto|subids|all", Section::identity, Repeat::any,
     "More group ids, likewise."},
    {OptionId::user, "user", "NAME|UID[:GID]", Section::identity, Repeat::once,
     "Run COMMAND as this user of the inside, with its home and groups."},
    {OptionId::hostname, "hostname", "NAME", Section::identity, Repeat::once, "Host name inside. Default: sandbox."},
    {OptionId::domainname, "domainname", "NAME", Section::identity, Repeat::once, "NIS domain name inside."},

    {OptionId::only, "only", "LIST", Section::namespaces, Repeat::once,
     "Make just these namespaces new, beside user and mnt, and show the host's tree as it is. LIST: kinds separated by "
     "commas, of mnt pid uts ipc net cgroup user time."},
    {OptionId::share, "share", "LIST", Section::namespaces, Repeat::once,
     "Keep the host's, of pid, uts, ipc and cgroup."},
    {OptionId::join, "join", "KIND=NAME|PATH", Section::namespaces, Repeat::any,
     "Make the sandbox in the namespace of this kind (net, ipc, uts or pid) that the sandbox NAME has, or the "
     "namespace "
     "file PATH stands for."},
    {OptionId::own, "own", "LIST", Section::namespaces, Repeat::once,
     "Hand these to root inside, of mnt, net, ipc, uts and cgroup."},
    {OptionId::allow_namespaces, "allow-namespaces", "LIST", Section::namespaces, Repeat::once,
     "Let the command make further namespaces of these kinds."},
    {OptionId::boottime_offset, "boottime-offset", "SECONDS", Section::namespaces, Repeat::once,
     "Shift the boot-time clock in a time namespace. Also 10m, 2h, -1d."},
    {OptionId::monotonic_offset, "monotonic-offset", "SECONDS", Section::namespaces, Repeat::once,
     "Shift the monotonic clock likewise."},

    {OptionId::root, "root", "DIR", Section::file_system, Repeat::once,
     "Use DIR as / and show nothing of the host's tree."},
    {OptionId::layer, "layer", "DIR", Section::file_system, Repeat::any,
     "Lay the tree DIR over that of --root, read-only; later ones over earlier ones."},
    {OptionId::ro, "ro", "SRC[:DST]", Section::file_system, Repeat::any,
     "Show SRC of the host read-only, at DST or at its own path. \\: stands for a colon in a path, \\\\ for a "
     "backslash. "
     "This and those below up to --hide apply in the order given."},
    {OptionId::ro_try, "ro-try", "SRC[:DST]", Section::file_system, Repeat::any,
     "The same, but a SRC that does not exist is passed over."},
    {OptionId::rw, "rw", "SRC[:DST]", Section::file_system, Repeat::any,
     "Show SRC writable: changes are made on the host."},
    {OptionId::rw_try, "rw-try", "SRC[:DST]", Section::file_system, Repeat::any,
     "The same, but a SRC that does not exist is passed over."},
    {OptionId::overlay, "overlay", "PATH", Section::file_system, Repeat::any,
     "Let COMMAND write in the directory PATH, and keep the host's as it is: what it writes is thrown away. / stands "
     "for "
     "the whole tree."},
    {OptionId::changes, "changes", "DIR", Section::file_system, Repeat::once,
     "Keep what is written in overlays in DIR: sandbox diff, apply and discard are for it."},
    {OptionId::tmpfs, "tmpfs", "DST[:size=SIZE,mode=MODE]", Section::file_system, Repeat::any,
     "An empty, writable, private directory at DST. SIZE in bytes, or as 512M; MODE in octal, 0755 by default."},
    {OptionId::dir, "dir", "DST[:mode=MODE]", Section::file_system, Repeat::any,
     "An empty directory at DST, if there is none; 0755 by default."},
    {OptionId::symlink, "symlink", "TARGET:DST", Section::file_system, Repeat::any,
     "A symbolic link to TARGET at DST."},
    {OptionId::file, "file", "SRC:DST[:mode=MODE]", Section::file_system, Repeat::any,
     "A copy of the regular file SRC at DST, made at the start."},
    {OptionId::data, "data", "FD:DST[:mode=MODE]", Section::file_system, Repeat::any,
     "A file at DST with what descriptor FD has to say; 0644 by default. It is never on disk."},
    {OptionId::device, "device", "SRC[:DST]", Section::file_system, Repeat::any,
     "Let the device node SRC of the host be opened, at DST or at its own path."},
    {OptionId::device_try, "device-try", "SRC[:DST]", Section::file_system, Repeat::any,
     "The same, but a SRC that does not exist is passed over."},
    {OptionId::hide, "hide", "PATH", Section::file_system, Repeat::any,
     "Make PATH empty and unreadable, or impossible to create. Its components may be patterns of * ? [a-z] and **."},
    {OptionId::home, "home", "private|ro|rw", Section::file_system, Repeat::once,
     "private: an empty home directory, the default. ro: the real one, without its credentials. rw: the real one, "
     "whole."},

    {OptionId::net, "net", "none|host", Section::network, Repeat::once,
     "none: nothing but loopback, the default. host: the host's network."},

    {OptionId::env, "env", "NAME[=VALUE]", Section::environment, Repeat::any,
     "Set a variable; without VALUE, pass the caller's. NAME may then be a pattern, as in 'CI_*'."},
    {OptionId::clear_env, "clear-env", "", Section::environment, Repeat::any,
     "Pass nothing of the caller's environment but what --env names."},

    {OptionId::cwd, "cwd", "DIR", Section::process, Repeat::once, "Start in DIR, a path inside."},
    {OptionId::init, "init", "", Section::process, Repeat::any,
     "Run COMMAND beside an init that collects orphans, not as pid 1."},
    {OptionId::new_session, "new-session", "", Section::process, Repeat::any,
     "Run COMMAND in a session of its own, without a terminal."},
    {OptionId::tty, "tty", "new|inherit", Section::process, Repeat::once,
     "new: a terminal of COMMAND's own, relayed to the caller's. inherit: the caller's, the default."},
    {OptionId::die_with_parent, "die-with-parent", "", Section::process, Repeat::any,
     "End the sandbox when the process that started it ends."},
    {OptionId::fd, "fd", "N", Section::process, Repeat::any,
     "Pass the open descriptor N, at the same number. Without, 0, 1 and 2 alone are passed."},
    {OptionId::core_dumps, "core-dumps", "", Section::process, Repeat::any,
     "Let programs that crash dump core, as far as the caller's limit lets them."},
    {OptionId::name, "name", "NAME", Section::process, Repeat::once,
     "A name by which the sandbox is found while it runs: sandbox list, enter, stop, inspect, wait."},
    {OptionId::detach, "detach", "", Section::process, Repeat::any,
     "Run COMMAND in the background, and print the sandbox's name."},
    {OptionId::log, "log", "FILE", Section::process, Repeat::once,
     "With --detach: add what COMMAND writes to FILE. Without, it is thrown away."},
    {OptionId::status_fd, "status-fd", "N", Section::process, Repeat::once,
     "Write a line of JSON to descriptor N when COMMAND runs, and one when all has ended."},
    {OptionId::report, "report", "FILE", Section::process, Repeat::once,
     "Write to FILE, as JSON, how it ended, why, and what it has used, when all has ended."},
    {OptionId::report_fd, "report-fd", "N", Section::process, Repeat::once, "Write the same to descriptor N."},

    {OptionId::timeout, "timeout", "DURATION", Section::limits, Repeat::once,
     "End COMMAND, with exit status 124, when that time is up. DURATION: 90s, 0.5s, 10m, 2h."},
    {OptionId::cpu_time, "cpu-time", "DURATION", Section::limits, Repeat::once,
     "End it likewise when all processes inside have used that much CPU time together."},
    {OptionId::kill_after, "kill-after", "DURATION", Section::limits, Repeat::once,
     "How long after its SIGTERM everything inside is killed. Default: 2s."},
    {OptionId::max_output, "max-output", "SIZE", Section::limits, Repeat::once,
     "Kill it when it has written more than that to stdout and stderr together."},
    {OptionId::rlimit, "rlimit", "NAME=SOFT[:HARD]", Section::limits, Repeat::any,
     "A limit of setrlimit(2) for each process, as nofile=256 or as=2G: NAME as prlimit(1) has it; unlimited stands "
     "for "
     "no limit."},
    {OptionId::nice, "nice", "N", Section::limits, Repeat::once, "The niceness of COMMAND, up to 19."},
    {OptionId::oom_score, "oom-score", "N", Section::limits, Repeat::once,
     "How early the kernel kills COMMAND for lack of memory, up to 1000: oom_score_adj of proc(5)."},
    {OptionId::tmp_size, "tmp-size", "SIZE", Section::limits, Repeat::once,
     "How much the private directories - /tmp, /run, the home - may hold together. Default: half of the memory."},
    {OptionId::memory, "memory", "SIZE", Section::limits, Repeat::once,
     "How much memory all processes inside may have together; what needs more is killed. This and the following take "
     "a cgroup."},
    {OptionId::swap, "swap", "SIZE", Section::limits, Repeat::once,
     "How much of it may be swapped out. With --memory the default is 0."},
    {OptionId::cpus, "cpus", "N", Section::limits, Repeat::once,
     "How many processors' worth of time they may use together, as 2 or 0.5."},
    {OptionId::pids, "pids", "N", Section::limits, Repeat::once,
     "How many processes and threads there may be inside, COMMAND included."},
    {OptionId::io_weight, "io-weight", "N", Section::limits, Repeat::once,
     "Their share of disks that are busy, from 1 to 10000. Others have 100."},
    {OptionId::cpuset, "cpuset", "LIST", Section::limits, Repeat::once,
     "The processors that they may run on, as 0-3,8."},
    {OptionId::holding, "limits", "required|best-effort", Section::limits, Repeat::once,
     "best-effort: without a cgroup, --pids and --memory are limits of setrlimit(2). required: an error, the default."},

    {OptionId::landlock, "landlock", "auto|require|none", Section::confinement, Repeat::once,
     "auto: what the kernel has of Landlock, the default. require: an error where it is missing. none: do without."},
    {OptionId::cap_drop, "cap-drop", "LIST", Section::confinement, Repeat::any,
     "Take these capabilities from root inside. LIST: names as chown,net_raw, or ALL."},
    {OptionId::cap_add, "cap-add", "LIST", Section::confinement, Repeat::any,
     "Give it these as well. This and --cap-drop apply in the order given."},
    {OptionId::seccomp, "seccomp", "default|strict|none|FILE", Section::confinement, Repeat::once,
     "default: COMMAND may make the system calls that programs use. strict: those that computing needs. none: every "
     "call, but for what fakes input into the terminal. FILE: as this profile of Podman's or Docker's says; its name "
     "has "
     "a slash or ends in .json."},
    {OptionId::allow_syscall, "allow-syscall", "LIST", Section::confinement, Repeat::any,
     "Let COMMAND make these system calls, too. LIST: names as ptrace,bpf, or groups as @mount."},
    {OptionId::deny_syscall, "deny-syscall", "LIST", Section::confinement, Repeat::any,
     "Refuse it these, whatever is allowed."},
    {OptionId::seccomp_log, "seccomp-log", "", Section::confinement, Repeat::any,
     "Name the system calls that were refused, on stderr when COMMAND has ended."},
    {OptionId::strict, "strict", "", Section::confinement, Repeat::any,
     "For code that is hostile: no capabilities, --seccomp strict, --tty new, and nothing that opens more."},

    {OptionId::explain, "explain", "", Section::information, Repeat::any,
     "Print what a run would do, and run nothing."},
    {OptionId::verbose, "verbose", "", Section::information, Repeat::any,
     "Print each step with its time, and the namespaces, to stderr."},
    {OptionId::summary, "summary", "", Section::information, Repeat::any,
     "Print a line to stderr when all has ended: how, and what was used."},
    {OptionId::quiet, "quiet", "", Section::information, Repeat::any,
     "Give no advice when COMMAND fails; errors are still printed."},
    {OptionId::version, "version", "", Section::information, Repeat::any, "Print the version."},
    {OptionId::help, "help", "", Section::information, Repeat::any, "Print this text."},
});

/// The option of that name, which has no dashes; null where there is none.
[[nodiscard]] const Option* find_option(std::string_view name);

}  // namespace sandbox::cli
