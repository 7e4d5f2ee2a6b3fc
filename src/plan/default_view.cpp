#include "plan/default_view.hpp"

#include "plan/environment.hpp"
#include "spec/namespaces.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include <sys/stat.h>

namespace sandbox::plan {
namespace {

constexpr MountAttributes host_read_only{true, true, true, false};
constexpr MountAttributes host_writable{false, true, true, false};
constexpr MountAttributes private_read_only{true, true, true, false};
constexpr MountAttributes private_writable{false, true, true, false};
// Read-only keeps mode and times of the host's node; it does not keep a device from being written.
constexpr MountAttributes device{true, true, false, true};

constexpr std::array device_names = {"null", "zero", "full", "random", "urandom", "tty"};

// Kernel interfaces that tell or change more than a sandbox should: as container runtimes mask them, plus `keys`.
constexpr std::array masked = {
    "/proc/acpi",          "/proc/kcore",         "/proc/keys",    "/proc/key-users",
    "/proc/latency_stats", "/proc/sched_debug",   "/proc/scsi",    "/proc/timer_list",
    "/proc/timer_stats",   "/proc/sysrq-trigger", "/sys/firmware",
};
// What only root of the host could read anyway.
constexpr std::array masked_for_root = {
    "/proc/config.gz",    "/proc/kpagecount",  "/proc/kpagecgroup",    "/proc/kpageflags",
    "/proc/pagetypeinfo", "/proc/slabinfo",    "/proc/vmallocinfo",    "/sys/fs/bpf",
    "/sys/fs/pstore",     "/sys/kernel/debug", "/sys/kernel/security", "/sys/kernel/tracing",
};
constexpr std::array read_only = {"/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"};

// File systems that are interfaces of the kernel: writing there asks for kuid 0, not for a capability.
constexpr std::array kernel_types = {
    "proc",       "sysfs", "cgroup",   "cgroup2", "debugfs",  "tracefs",
    "securityfs", "bpf",   "configfs", "pstore",  "efivarfs", "binfmt_misc",
};

bool is_kernel_type(const std::string& type) {
    return std::find(kernel_types.begin(), kernel_types.end(), type) != kernel_types.end();
}

// What is the sandbox's own in any case.
bool is_replaced(const std::string& path) {
    static constexpr std::array places = {"/proc", "/sys", "/dev", "/tmp", "/run", "/var/tmp"};
    return std::any_of(places.begin(), places.end(),
                       [&](const char* place) { return spec::is_below_or_same(path, place); });
}

// Whether a relative path leaves its directory as it is written, symbolic links aside.
bool leads_upwards(const std::string& path) {
    int depth = 0;
    for (const std::string& part : spec::components(path)) {
        depth += part == ".." ? -1 : 1;
        if (depth < 0) {
            return true;
        }
    }
    return false;
}

std::string octal(std::uint32_t value) {
    std::string digits;
    for (; value != 0; value >>= 3U) {
        digits.insert(digits.begin(), static_cast<char>('0' + (value & 7U)));
    }
    return "0" + digits;
}

}  // namespace

void protect_kernel_trees(Plan& plan, const host::Facts& facts) {
    for (const char* path : read_only) {
        plan.steps.push_back(ReadOnly{path});
    }
    for (const char* path : masked) {
        plan.steps.push_back(Mask{path});
    }
    if (facts.uid == 0) {
        for (const char* path : masked_for_root) {
            plan.steps.push_back(Mask{path});
        }
    }
}

void open_network_to_all(Plan& plan, const host::Facts& facts) {
    // Without a fresh /proc it is the outer one's sysctls, which a container has read-only.
    if (plan.fresh.contains(Namespace::pid) || !facts.sysctls_read_only) {
        plan.steps.push_back(Sysctl{"net/ipv4/ip_unprivileged_port_start", "0"});
        plan.steps.push_back(Sysctl{"net/ipv4/ping_group_range", "0 0"});
    }
}

DefaultView::DefaultView(const Spec& spec, const host::Facts& facts, const host::Tree& tree, const Homes& homes,
                         const std::set<std::string>& skeletons, Plan& plan)
    : spec_(spec),
      facts_(facts),
      tree_(tree),
      fresh_(spec::fresh_namespaces(spec)),
      homes_(homes),
      skeletons_(skeletons),
      view_(plan, tree, skeletons_, hidden_paths_),
      plan_(plan) {
    for (const Homes::Hidden& hidden : homes_.hidden()) {
        // What is left out stays out, also when the host puts something else in its place: a mask would move with the
        // directory that it covers. Where the directory above cannot be read, the mask has to do.
        const std::string above = spec::parent(hidden.path);
        hidden_paths_.insert(hidden.path);
        if (above != "/" && !homes_.contains(above) && !is_replaced(above) && tree.list(above)) {
            skeletons_.insert(above);
        }
    }
}

void DefaultView::build() {
    make_root();
    make_proc();
    make_devices();
    // Their mounts decide: only devices can be written in /dev, only what is not covered in /proc.
    view_.add_writable("/dev");
    view_.add_writable("/proc");
    if (fresh_.contains(Namespace::ipc)) {
        view_.add_landlock_rule("/dev/mqueue");
    }
    make_private_places();
    if (!spec_.root) {
        hide_homes();
        show_home();
        show_cwd();
    }
    make_sys();
    guard_kernel_mounts(plan_.base, "/", false);
    for (const Mount& mount : spec_.mounts) {
        std::visit([this](const auto& entry) { apply(entry); }, mount);
    }
    choose_cwd();
    plan_.areas = view_.areas();
    plan_.cwd = cwd_;
    plan_.cwd_writable = view_.is_writable(cwd_);
}

void DefaultView::make_root() {
    std::set<std::string> replaced = {"proc", "sys", "dev", "tmp", "run"};
    if (!spec_.root) {
        for (const Homes::Hidden& hidden : homes_.hidden()) {
            if (spec::parent(hidden.path) == "/") {
                replaced.insert(hidden.path.substr(1));
            }
        }
        view_.make_root("/", replaced);
        return;
    }
    if (!spec_.root->starts_with('/') && !facts_.cwd) {
        throw Error("cannot use --root " + *spec_.root +
                    ": the current directory has no path: " + std::strerror(facts_.cwd_error))
            .with_fix("name the directory by an absolute path");
    }
    const std::string path = spec::absolute(facts_.cwd.value_or("/"), *spec_.root);
    int error = 0;
    const std::optional<FileId> id = tree_.follow(path, error);
    if (!id || !S_ISDIR(id->type)) {
        throw Error("cannot use --root " + *spec_.root + ": " + std::strerror(id ? ENOTDIR : error));
    }
    plan_.base = tree_.canonical(path).value_or(path);
    view_.make_root(plan_.base, replaced);
}

void DefaultView::make_proc() {
    if (fresh_.contains(Namespace::pid)) {
        view_.mount_special<MountProc>("/proc");
    } else {
        int error = 0;
        view_.bind({"/proc", tree_.follow("/proc", error).value_or(FileId{})}, "/proc", "/proc",
                   {false, true, true, true});
    }
    if (fresh_.contains(Namespace::pid) || !facts_.sysctls_read_only) {
        plan_.steps.push_back(KeepQuotaDirectory{});
    }
}

// After everything that does not depend on the network namespace: init makes that meanwhile.
void DefaultView::make_sys() {
    if (fresh_.contains(Namespace::net)) {
        plan_.steps.push_back(JoinNetwork{});
        view_.mount_special<MountSysfs>("/sys");
        open_network_to_all(plan_, facts_);
    } else {
        int error = 0;
        view_.bind({"/sys", tree_.follow("/sys", error).value_or(FileId{})}, "/sys", "/sys", {true, true, true, true});
        show_resolver_files();
    }
    protect_kernel_trees(plan_, facts_);
}

void DefaultView::make_devices() {
    view_.mount_scratch("/dev", 0755, private_read_only);
    for (const char* name : device_names) {
        const std::string path = std::string("/dev/") + name;
        int error = 0;
        if (const std::optional<FileId> id = tree_.follow(path, error)) {
            view_.bind({path, *id}, path, path, device);
        }
    }
    // The caller's terminal belongs to the host's devpts, which is not shown: ttyname(3) finds it here.
    for (std::size_t fd = 0; fd < facts_.streams.size(); ++fd) {
        if (!facts_.streams[fd].terminal) {
            continue;
        }
        const std::string path = tree_.canonical("/proc/self/fd/" + std::to_string(fd)).value_or("");
        int error = 0;
        const std::optional<FileId> id = tree_.follow(path, error);
        if (id && *id == facts_.streams[fd].id) {
            view_.bind({path, *id}, path, "/dev/console", device);
            break;
        }
    }
    view_.mount_special<MountDevpts>("/dev/pts");
    if (fresh_.contains(Namespace::ipc)) {
        view_.mount_scratch("/dev/shm", 01777, private_writable);
        view_.mount_special<MountMqueue>("/dev/mqueue");
    } else {
        for (const char* path : {"/dev/shm", "/dev/mqueue"}) {
            int error = 0;
            if (const std::optional<FileId> id = tree_.follow(path, error)) {
                view_.bind({path, *id}, path, path, host_writable);
            }
        }
    }
    constexpr std::array<std::array<const char*, 2>, 5> links{{{"/dev/fd", "/proc/self/fd"},
                                                               {"/dev/stdin", "/proc/self/fd/0"},
                                                               {"/dev/stdout", "/proc/self/fd/1"},
                                                               {"/dev/stderr", "/proc/self/fd/2"},
                                                               {"/dev/ptmx", "pts/ptmx"}}};
    for (const auto& [path, text] : links) {
        view_.symlink(path, text);
    }
}

void DefaultView::make_private_places() {
    view_.mount_scratch("/tmp", 01777, private_writable);
    view_.mount_scratch("/run", 0755, private_writable);
    if (view_.exists("/var/tmp") && !view_.is_private("/var/tmp")) {
        view_.mount_scratch("/var/tmp", 01777, private_writable);
    }
    if (spec_.root) {
        view_.mount_scratch("/root", 0700, private_writable);
        return;
    }
    // Where NixOS and Guix keep the system itself.
    for (const char* path : {"/run/current-system", "/run/booted-system", "/run/opengl-driver"}) {
        int error = 0;
        const std::optional<FileId> id = tree_.follow(path, error);
        if (id) {
            const std::string canonical = tree_.canonical(path).value_or(path);
            view_.bind({canonical, *id}, canonical, path, host_read_only);
        }
    }
}

void DefaultView::hide_homes() {
    for (const Homes::Hidden& hidden : homes_.hidden()) {
        if (view_.exists(hidden.path) && !view_.is_private(hidden.path)) {
            view_.mount_scratch(hidden.path, 0755, private_read_only);
        }
    }
}

void DefaultView::show_home() {
    if (spec_.home == Home::isolated) {
        view_.mount_scratch(homes_.own(), 0700, private_writable);
        return;
    }
    int error = 0;
    const std::optional<FileId> id = tree_.follow(homes_.own(), error);
    if (!homes_.is_named() || !id) {
        throw Error("cannot show the home directory: HOME does not name a directory")
            .with_fix("set HOME, or leave --home out");
    }
    view_.bind({homes_.own(), *id}, homes_.own(), homes_.own(), host_writable);
    guard_kernel_mounts(homes_.own(), homes_.own(), true);
}

// The caller's directory lies below something hidden or private: it is shown again, with the repository around it, but
// never in a way that uncovers a whole home.
void DefaultView::show_cwd() {
    if (!facts_.cwd) {
        return;
    }
    const std::string& cwd = *facts_.cwd;
    if (!view_.is_private(cwd) || view_.exists(cwd) || homes_.is_home_or_above(cwd, facts_.cwd_id) ||
        homes_.holds_secrets(cwd)) {
        return;
    }
    // Below a home, the directory with the nearest `.git` entry comes with it; the entry's content is never read.
    std::string shown = cwd;
    std::string relative = ".";
    const bool in_home = homes_.contains(cwd);
    FileId id = facts_.cwd_id;
    std::string up = ".";
    for (std::string at = cwd; in_home; at = spec::parent(at), up = up == "." ? ".." : up + "/..") {
        int error = 0;
        const std::optional<FileId> here = tree_.follow(up, error);
        if (!here || homes_.is_home_or_above(at, *here) || homes_.holds_secrets(at)) {
            break;
        }
        if (tree_.look(up + "/.git")) {
            shown = at;
            relative = up;
            id = *here;
            break;
        }
    }
    view_.bind({relative, id}, shown, shown, host_read_only);
    guard_kernel_mounts(shown, shown, false);
}

// What is mounted below a source comes with it. Another proc of the host shows the host's processes: it is covered.
// Other kernel interfaces stay readable.
void DefaultView::guard_kernel_mounts(const std::string& canonical, const std::string& target, bool writable) {
    for (const host::MountEntry& mount : facts_.mounts) {
        if (!is_kernel_type(mount.type) || mount.target == canonical ||
            !spec::is_below_or_same(mount.target, canonical)) {
            continue;
        }
        const std::string place =
            spec::absolute("/", target + "/" + mount.target.substr(canonical == "/" ? 0 : canonical.size()));
        // Those that the plan itself shows (--share pid, --net host) have their own protection.
        const bool own = target == "/" && is_replaced(place);
        if (own || !view_.exists(place) || view_.is_private(place)) {
            continue;
        }
        if (mount.type == "proc") {
            // A single file of proc can be mounted, too.
            int error = 0;
            const std::optional<FileId> id = tree_.follow(mount.target, error);
            if (id && S_ISDIR(id->type)) {
                view_.mount_scratch(place, 0555, private_read_only);
            } else {
                plan_.steps.push_back(Mask{place});
            }
        } else if (writable) {
            plan_.steps.push_back(ReadOnly{place});
        }
    }
}

void DefaultView::refuse_kernel_source(const std::string& canonical, bool writable) const {
    const host::MountEntry* holder = nullptr;
    for (const host::MountEntry& mount : facts_.mounts) {
        if (spec::is_below_or_same(canonical, mount.target) &&
            (holder == nullptr || mount.target.size() >= holder->target.size())) {
            holder = &mount;
        }
    }
    if (holder != nullptr && (holder->type == "proc" || (writable && is_kernel_type(holder->type)))) {
        throw Error("cannot show " + canonical + (writable ? " writable" : "") +
                    ": it is an interface of the kernel (" + holder->type + ")")
            .with_fix(holder->type == "proc" ? "--share pid shows the host's /proc, with what is dangerous covered"
                                             : "--ro shows it read-only");
    }
}

// Somebody's command may have left a link in the caller's directory that leads to where it never could write.
void DefaultView::refuse_a_way_out(const sandbox::Bind& bind) const {
    const std::optional<std::string> real = tree_.canonical(bind.source);
    if (bind.source.starts_with('/') || leads_upwards(bind.source) || !real || !facts_.cwd ||
        spec::is_below_or_same(*real, *facts_.cwd)) {
        return;
    }
    throw Error("cannot show " + bind.source + ": a symbolic link leads out of the current directory, to " + *real)
        .with_fix(std::string(bind.writable ? "--rw " : "--ro ") + *real + " if that is meant");
}

void DefaultView::apply(const sandbox::Bind& bind) {
    const char* option = bind.writable ? "--rw " : "--ro ";
    int error = 0;
    const std::optional<FileId> id = tree_.follow(bind.source, error);
    if (!id) {
        if (bind.optional && (error == ENOENT || error == ENOTDIR)) {
            return;
        }
        throw Error("cannot show " + bind.source + " (" + option + bind.source + "): " + std::strerror(error))
            .with_fix(error == ENOENT || error == ENOTDIR
                          ? "check the path, or use " + std::string(bind.writable ? "--rw-try" : "--ro-try") +
                                " for one that may be missing"
                          : "check the permissions of the directories above it");
    }
    const bool relative = !bind.source.starts_with('/');
    refuse_a_way_out(bind);
    if (relative && !facts_.cwd) {
        throw Error("cannot show " + bind.source + " (" + option + bind.source +
                    "): the current directory has no path: " + std::strerror(facts_.cwd_error))
            .with_fix("name the source by an absolute path");
    }
    const std::string lexical = spec::absolute(facts_.cwd.value_or("/"), bind.source);
    const std::string canonical = tree_.canonical(bind.source).value_or(lexical);
    // Its own path is the one that was typed; behind `..` only the kernel knows what that is.
    const std::string own = ("/" + bind.source + "/").find("/../") == std::string::npos ? lexical : canonical;
    const std::string target = bind.target.empty() ? own : spec::absolute(facts_.cwd.value_or("/"), bind.target);
    if ((bind.target.empty() || relative) && !spec_.root && homes_.is_home_or_above(canonical, *id)) {
        throw Error(option + bind.source + " would uncover a whole home directory: " + canonical)
            .with_fix("--home rw shows the real home; or start from a directory below it, or name one");
    }
    refuse_kernel_source(canonical, bind.writable);
    // A relative source is taken from the inherited directory, which may be out of reach by path; `/` only by path.
    const std::string source = relative && canonical != "/" ? bind.source : canonical;
    view_.bind({source, *id}, canonical, target, bind.writable ? host_writable : host_read_only);
    guard_kernel_mounts(canonical, target, bind.writable);
}

void DefaultView::apply(const sandbox::Tmpfs& tmpfs) {
    view_.mount_tmpfs(spec::absolute("/", tmpfs.target), tmpfs.size ? std::to_string(*tmpfs.size) : std::string(),
                      octal(tmpfs.mode.value_or(0755)));
}

// A resolver configuration that is a link into the hidden /run would dangle: its target is shown there.
void DefaultView::show_resolver_files() {
    for (const char* path : {"/etc/resolv.conf", "/etc/hosts"}) {
        int error = 0;
        const std::optional<std::string> canonical = tree_.canonical(path);
        const std::optional<FileId> id = tree_.follow(path, error);
        if (canonical && id && !spec_.root && view_.is_private(*canonical)) {
            view_.bind({*canonical, *id}, *canonical, *canonical, host_read_only);
        }
    }
}

void DefaultView::choose_cwd() {
    if (spec_.cwd) {
        cwd_ = spec::absolute("/", *spec_.cwd);
        return;
    }
    if (spec_.root) {
        return;
    }
    if (!facts_.cwd) {
        throw Error(std::string("cannot keep the current directory: ") +
                    (facts_.cwd_error == ENOENT ? "it has been removed" : std::strerror(facts_.cwd_error)))
            .with_fix("cd to a directory that exists, or --cwd DIR");
    }
    cwd_ = view_.nearest_existing(*facts_.cwd);
}

}  // namespace sandbox::plan
