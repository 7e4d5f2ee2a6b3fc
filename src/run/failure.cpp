#include "run/failure.hpp"

#include "host/tree.hpp"
#include "run/command_failure.hpp"
#include "run/overlay_failure.hpp"
#include "spec/namespaces.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace sandbox::run {
namespace {

struct Cause {
    std::string why;
    std::string fix;
};

std::string first_line(const std::string& path) {
    const std::string text = host::read_text(path);
    return text.substr(0, text.find('\n'));
}

// Field of /proc/self/status, e.g. `Seccomp`.
std::string status_field(const std::string& name) {
    const std::string text = host::read_text("/proc/self/status");
    const std::size_t at = text.find("\n" + name + ":\t");
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t start = at + name.size() + 3;
    return text.substr(start, text.find('\n', start) - start);
}

bool lacks(unsigned capability) {
    return (std::strtoull(status_field("CapEff").c_str(), nullptr, 16) >> capability & 1U) == 0;
}

std::string kernel_release() {
    utsname names{};
    ::uname(&names);
    return names.release;
}

// A process in a chroot(2) sees no mount at `/` in its mountinfo, or one that is not the namespace's root.
bool in_chroot() {
    const std::string text = host::read_text("/proc/self/mountinfo");
    return !text.empty() && text.find(" / / ") == std::string::npos && text.find(" / ") != std::string::npos &&
           text.find(" / rw") == std::string::npos && text.find(" / ro") == std::string::npos;
}

std::optional<Cause> exhausted_namespaces(const plan::Plan& plan) {
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        if (!plan.fresh.contains(row.kind)) {
            continue;
        }
        if (first_line(std::string("/proc/sys/user/") + row.quota) == "0") {
            return Cause{std::string("user.") + row.quota + " is 0: no " + row.name + " namespace may be made",
                         std::string("sudo sysctl user.") + row.quota +
                             "=10000 (inside a sandbox: --allow-namespaces " + row.name + " of the outer one)"};
        }
    }
    return std::nullopt;
}

Cause used_up() {
    return {"a limit of user.max_*_namespaces is used up, here or in a user namespace above",
            "end other sandboxes, or raise the limits in /proc/sys/user"};
}

std::optional<Cause> refused_namespaces(const plan::Plan& plan) {
    if (first_line("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
        return Cause{"kernel.unprivileged_userns_clone is 0: user namespaces are switched off for ordinary users",
                     "sudo sysctl kernel.unprivileged_userns_clone=1"};
    }
    if (std::optional<Cause> cause = exhausted_namespaces(plan)) {
        return cause;
    }
    if (in_chroot()) {
        return Cause{"this process runs in a chroot, where the kernel refuses user namespaces",
                     "run it outside, or enter the tree with --root DIR instead of chroot"};
    }
    if (status_field("Seccomp") == "2") {
        return Cause{
            "a seccomp filter around this process (a container's, as it seems) refuses new namespaces",
            "give the container a profile that allows them, e.g. docker run --security-opt seccomp=unconfined"};
    }
    return std::nullopt;
}

Cause clone_cause(const plan::Plan& plan, int error) {
    switch (error) {
        case EPERM:
            if (const std::optional<Cause> cause = refused_namespaces(plan)) {
                return *cause;
            }
            return {
                "user namespaces are refused: by a chroot, by a security module, or because the caller's own uid or "
                "gid "
                "is not mapped in its user namespace",
                "run it outside of the chroot (--root DIR enters a tree), or ask who set this machine up"};
        case ENOSPC:
            return exhausted_namespaces(plan).value_or(used_up());
        case EUSERS:
            return {"user namespaces are nested too deeply (32 levels)", "start it from a shallower level"};
        case EACCES:
        case EBUSY:
        case ENODEV:
        case EOPNOTSUPP:
            if (plan.cgroup || plan.joined) {
                return {
                    "the kernel lets init not be made in the cgroup of the sandbox: it is not below one that the "
                    "caller may change and is in, or it is being removed",
                    "systemd-run --user --scope sandbox ..., where the sandbox was started by another session"};
            }
            return {std::strerror(error), ""};
        case EAGAIN:
            return {"the limit of processes is reached (RLIMIT_NPROC or pids.max)",
                    "end processes, or raise the limit"};
        case ENOSYS:
            return {status_field("Seccomp") == "2" ? "a seccomp filter around this process hides clone3 and clone"
                                                   : "the kernel (" + kernel_release() + ") has no clone3",
                    "Linux 5.14 or later is needed, and a container profile that knows clone"};
        case EINVAL:
            return {"the kernel (" + kernel_release() + ") lacks a namespace kind or a clone3 flag",
                    "Linux 5.14 or later with CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS, CONFIG_IPC_NS is needed"};
        default:
            return {std::strerror(error), ""};
    }
}

Cause map_cause(int error) {
    if (error == EACCES || error == ENOENT) {
        return {error == EACCES
                    ? "/proc/PID/uid_map cannot be opened: the calling process is not dumpable (it was started "
                      "from a file it may not read, or has file capabilities)"
                    : "/proc is not mounted, or shows another pid namespace",
                error == EACCES ? "make the binary readable, and remove its capabilities or set-user-id bit"
                                : "mount /proc where sandbox is run"};
    }
    if (error == EPERM && ::geteuid() == 0 && lacks(CAP_SETFCAP)) {
        return {"root lacks CAP_SETFCAP, without which the kernel lets nobody map root's own id (since Linux 5.12)",
                "start it with that capability, or as an ordinary user"};
    }
    return {std::strerror(error),
            error == EPERM ? "a security module refuses it, or the ids are not the caller's own" : ""};
}

std::optional<Cause> missing_privilege() {
    const std::string parameter = first_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    if (parameter == "1") {
        return Cause{
            "AppArmor takes the capabilities away from unprivileged user namespaces "
            "(kernel.apparmor_restrict_unprivileged_userns is 1)",
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or install an AppArmor profile with "
            "`userns,` for this binary"};
    }
    return std::nullopt;
}

Cause descriptor_cause() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return {"too few file descriptors (RLIMIT_NOFILE is " + std::to_string(limit.rlim_cur) + ")",
            "ulimit -n 64, or close some"};
}

template <class Kind>
bool is(const plan::Step& step) {
    return std::holds_alternative<Kind>(step);
}

std::optional<Cause> bind_cause(const plan::Plan& plan, const plan::BindMount& bind, int error) {
    switch (error) {
        case ESTALE:
            return Cause{bind.source.path + " was replaced by something else while the sandbox started", "try again"};
        case ENOENT:
            return Cause{"the target does not exist inside, or the source vanished while the sandbox started", ""};
        case EACCES:
            if (plan.private_ids) {
                return Cause{"a directory above " + bind.target +
                                 " is open to root of the host alone, and root of the sandbox is not that one",
                             "another place for it, as --rw .:/workspace --cwd /workspace, or --map-users real"};
            }
            return Cause{"a directory above " + bind.source.path +
                             " cannot be searched inside: it belongs to an id that is "
                             "not mapped, and root of the sandbox has no power over it",
                         "start from inside that directory and name it relatively (--rw .), or change its permissions"};
        case EINVAL:
            return Cause{"the mount below " + bind.source.path + " may not be copied (it is unbindable)", ""};
        default:
            return std::nullopt;
    }
}

Cause no_space_cause(const plan::Plan& plan, const plan::Step& step) {
    if (is<plan::EnterGuest>(step) || is<plan::NewCgroupNamespace>(step)) {
        return exhausted_namespaces(plan).value_or(used_up());
    }
    if (is<plan::ScratchDirectory>(step) || is<plan::ScratchFile>(step) || is<plan::ScratchSymlink>(step)) {
        if (plan.limits.tmp_size) {
            return {"the private tmpfs is full with what --tmp-size gives it", "a larger --tmp-size"};
        }
        return {"the private tmpfs is full: there is no memory left for it", "end other programs"};
    }
    return {"there are too many mounts (fs.mount-max)", "show fewer paths, or sudo sysctl fs.mount-max=200000"};
}

std::optional<Cause> step_cause(const plan::Plan& plan, const plan::Step& step, int error) {
    if (error == EMFILE || error == ENFILE) {
        return descriptor_cause();
    }
    if (error == ENOSYS) {
        return Cause{"the kernel (" + kernel_release() + ") lacks a system call, or a filter hides it",
                     "Linux 5.14 or later is needed (mount_setattr: 5.12; close_range: 5.11)"};
    }
    if (is<plan::MountProc>(step) && error == EPERM) {
        return Cause{"the kernel refuses a fresh /proc where parts of the outer one are covered, as in a container",
                     "--share pid, which shows the outer /proc"};
    }
    if (is<plan::MountSysfs>(step) && error == EPERM) {
        return Cause{"the kernel refuses a fresh /sys where parts of the outer one are covered, as in a container",
                     "--net host, which shows the outer /sys"};
    }
    if (is<plan::PivotRoot>(step) && error == EINVAL) {
        return Cause{"/ is the initial ramfs, which cannot be pivoted", "switch_root to a tmpfs or a disk first"};
    }
    if (is<plan::NewSessionKeyring>(step) && error == EDQUOT) {
        return Cause{"the caller's quota of keys is used up (kernel.keys.maxkeys)",
                     "end other sandboxes, or sudo sysctl kernel.keys.maxkeys=2000"};
    }
    if (const auto* bind = std::get_if<plan::BindMount>(&step)) {
        if (std::optional<Cause> cause = bind_cause(plan, *bind, error)) {
            return cause;
        }
    }
    if (const auto* overlay = std::get_if<plan::MountOverlay>(&step)) {
        if (const std::optional<OverlayCause> cause = overlay_cause(plan, *overlay, error)) {
            return Cause{cause->why, cause->fix};
        }
    }
    if (is<plan::Seccomp>(step) && error == EBUSY) {
        return Cause{
            "a filter around this process has a listener already (a container's, or another --seccomp-log), and "
            "the kernel allows one",
            "leave --seccomp-log out"};
    }
    if (is<plan::OomScore>(step) && error == EACCES) {
        return Cause{"only a process with CAP_SYS_RESOURCE on the host may take it that low",
                     "choom -n SCORE sandbox ..., which root may, or a higher score"};
    }
    if (is<plan::ChangeDirectory>(step)) {
        if (error == EACCES && plan.private_ids) {
            return Cause{
                "Permission denied: only root of the host may enter it, and root of the sandbox is not that one",
                "--cwd DIR, or --ro .:/workspace --cwd /workspace, or --map-users real"};
        }
        return Cause{error == ENOENT ? "it does not exist inside" : std::strerror(error),
                     "--cwd DIR, or --ro DIR to show it"};
    }
    if (error == ENOSPC) {
        return no_space_cause(plan, step);
    }
    if (error == EPERM || error == EACCES) {
        if (std::optional<Cause> cause = missing_privilege()) {
            return cause;
        }
        if (status_field("Seccomp") == "2") {
            return Cause{
                "a seccomp filter around this process refuses the system call",
                "give the container a profile that allows it, e.g. docker run --security-opt seccomp=unconfined"};
        }
    }
    return std::nullopt;
}

struct Doing {
    Stage stage;
    const char* name;
    const char* what;
};
constexpr Doing stages[] = {
    {Stage::cgroup, "cgroup", "make the cgroup"},
    {Stage::placeholders, "placeholder", "hold places on the host"},
    {Stage::pipes, "pipes", "make the pipes of the handshake"},
    {Stage::id_mapped, "idmap", "make the user namespace by which files keep their owners"},
    {Stage::groups, "groups", "drop the supplementary groups"},
    {Stage::clone_init, "clone", "make the namespaces"},
    {Stage::uid_map, "uid_map", "map the user id"},
    {Stage::setgroups, "setgroups", "deny setgroups"},
    {Stage::gid_map, "gid_map", "map the group id"},
    {Stage::handshake, "handshake", "let init go on"},
    {Stage::init_prepare, "init", "prepare init"},
    {Stage::join, "join", "join the sandbox"},
    {Stage::joined_views, "join-views", "mount what shows the joined namespaces"},
    {Stage::init_ids, "ids", "let init take the ids of the inside"},
    {Stage::terminal, "terminal", "make the command's own terminal"},
    {Stage::time_namespace, "time-namespace", "make the time namespace"},
    {Stage::setup, "setup", "set up the sandbox"},
    {Stage::clone_command, "clone", "make the command's process"},
    {Stage::network, "network", "make the network namespace"},
    {Stage::quota_userns, "quota-userns", "set up the user namespace in which the quotas count"},
    {Stage::guest_uid_map, "uid_map", "map the guest's user id"},
    {Stage::guest_gid_map, "gid_map", "map the guest's group id"},
    {Stage::init_supervision, "init", "let init watch the command"},
    {Stage::init_confine, "init", "confine init"},
    {Stage::refusals, "seccomp-log", "listen to what is refused"},
};

Cause terminal_cause(const plan::Plan& plan, int error) {
    if (error == ENOSPC) {
        return {"there are too many pseudo-terminals (kernel.pty.max is " + first_line("/proc/sys/kernel/pty/max") +
                    ", of which some are kept for the host)",
                "close terminals, or sudo sysctl kernel.pty.max=8192"};
    }
    if (error == ENOENT && plan.terminal && plan.terminal->of_host) {
        return {"--only shows the host's /dev, which has no ptmx", "leave --only or --tty new out"};
    }
    return {std::strerror(error), ""};
}

Cause ending_cause(const plan::Joined& joined) {
    return {joined.name + " is ending", "sandbox list shows what runs"};
}

Cause joining_cause(const plan::Plan& plan, int error) {
    if (error == EPERM && !plan.joined) {
        return {"a namespace of --join is not the caller's to join",
                "join one of a sandbox of your own, from where that was started"};
    }
    if (error == EPERM) {
        return {"its namespaces are not the caller's to join",
                "enter it as the user who started it, and from where it was started"};
    }
    return {std::strerror(error), ""};
}

Cause stage_cause(const plan::Plan& plan, Stage stage, int error) {
    if (error == EMFILE || error == ENFILE) {
        return descriptor_cause();
    }
    switch (stage) {
        case Stage::setup:
            return {"the process that does it was killed by signal " + std::to_string(error),
                    "look for the out-of-memory killer in the kernel log (dmesg)"};
        case Stage::join:
            return joining_cause(plan, error);
        case Stage::id_mapped:
        case Stage::clone_init:
        case Stage::clone_command:
        case Stage::network:
            // A pid namespace whose process 1 has ended takes no more (fork(2)).
            if (error == ENOMEM && plan.inherited.contains(Namespace::pid)) {
                return {"the pid namespace of --join is ending", "sandbox list shows what runs"};
            }
            return plan.joined && error == ENOMEM ? ending_cause(*plan.joined) : clone_cause(plan, error);
        case Stage::uid_map:
        case Stage::setgroups:
        case Stage::gid_map:
            return map_cause(error);
        case Stage::groups:
            return {std::strerror(error), "drop them before: setpriv --clear-groups sandbox ..."};
        case Stage::terminal:
            return terminal_cause(plan, error);
        case Stage::time_namespace:
            return {std::strerror(error), error == EINVAL || error == ENOENT
                                              ? "time namespaces need Linux 5.6 with CONFIG_TIME_NS"
                                              : "an offset may not take a clock below zero"};
        default:
            return {std::strerror(error), ""};
    }
}

// The option that a step is for.
std::string asked_for(const plan::Plan& plan, std::size_t index) {
    const std::string own = plan::step_asked(plan.steps[index]);
    const auto next = plan.asked.upper_bound(index);
    return own.empty() && next != plan.asked.begin() ? std::prev(next)->second : own;
}

std::string what_step(const plan::Plan& plan, std::size_t index) {
    const plan::Step& step = plan.steps[index];
    const std::string subject = plan::step_subject(step);
    const std::string asked = asked_for(plan, index);
    return (asked.empty() ? "" : asked + ": ") + "cannot set up " + plan::step_name(step) +
           (subject.empty() ? "" : " " + subject);
}

}  // namespace

Error step_failure(const plan::Plan& plan, std::size_t index, int error) {
    const plan::Step& step = plan.steps[index];
    const FailedStep failed{static_cast<unsigned>(index) + 1, plan::step_name(step), plan::step_subject(step), error};
    if (is<plan::Execute>(step)) {
        return command_failure(plan, error).at(failed);
    }
    const std::optional<Cause> cause = step_cause(plan, step, error);
    return Error(what_step(plan, index) + ": " + (cause ? cause->why : std::strerror(error)))
        .at(failed)
        .with_fix(cause ? cause->fix : "");
}

Error stage_failure(const plan::Plan& plan, Stage stage, int error) {
    for (const Doing& doing : stages) {
        if (doing.stage == stage) {
            const Cause cause = stage_cause(plan, stage, error);
            return Error(std::string("cannot ") + doing.what + ": " + cause.why)
                .at({0, doing.name, "", error})
                .with_fix(cause.fix);
        }
    }
    return Error(std::string("cannot start: ") + std::strerror(error));
}

Error lost_failure(const plan::Plan& plan) {
    const std::string killed = "cannot start: init was killed while it set the sandbox up";
    if (plan.cgroup && plan.limits.memory) {
        return Error(killed + ": --memory may be too little for that")
            .with_fix("a larger one; the out-of-memory killer tells of it in the kernel log (dmesg)");
    }
    return Error(killed).with_fix("look for the out-of-memory killer in the kernel log (dmesg)");
}

}  // namespace sandbox::run
