#include "plan/default_view.hpp"
#include "plan/cgroup.hpp"

#include "plan/command.hpp"
#include "plan/credentials.hpp"
#include "plan/environment.hpp"
#include "plan/kernel_mounts.hpp"
#include "plan/places.hpp"
#include "plan/user_mounts.hpp"
#include "spec/namespaces.hpp"
#include "spec/passwd.hpp"
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

std::string store_list(std::span<const std::string_view> stores) {
    std::string text;
    for (const std::string_view store : stores) {
        text += " " + std::string(store);
    }
    return text;
}

constexpr std::array device_names = {"null", "zero", "full", "random", "urandom", "tty"};

}  // namespace

DefaultView::DefaultView(const Spec& spec, const host::Facts& facts, const host::Tree& tree, const Homes& homes,
                         const Sources& sources, const Aliases& aliases, const Learnt& learnt, Plan& plan)
    : spec_(spec),
      facts_(facts),
      tree_(tree),
      fresh_(spec::fresh_namespaces(spec)),
      homes_(homes),
      sources_(sources),
      learnt_(learnt),
      skeletons_(learnt.skeletons),
      view_(plan, tree, skeletons_, hidden_paths_),
      kernel_mounts_(facts, tree, view_, plan),
      overlays_(facts, tree, view_, plan),
      whole_(overlays_whole_tree(spec, facts)),
      plan_(plan) {
    view_.know(learnt, aliases);
    for (const Homes::Hidden& hidden : homes_.hidden()) {
        // What is left out stays out, also when the host puts something else in its place: a mask would move with the
        // directory that it covers. Where the directory above cannot be read, the mask has to do.
        const std::string above = spec::parent(hidden.path);
        hidden_paths_.insert(hidden.path);
        if (!whole_ && above != "/" && !homes_.contains(above) && !is_own_place(above) && tree.names(above)) {
            skeletons_.insert(above);
        }
    }
}

Learnt DefaultView::news() const {
    Learnt news = view_.news();
    news.skeletons.insert(view_.missing_skeletons().begin(), view_.missing_skeletons().end());
    return news;
}

std::string DefaultView::home() const {
    if (!plan_.command_ids.home.empty()) {
        return plan_.command_ids.home;
    }
    return spec_.root ? "/root" : homes_.own();
}

void DefaultView::build() {
    make_root();
    make_proc();
    make_devices();
    // Their mounts decide: only devices can be written in /dev, only what is not covered in /proc. Of /dev also below
    // a writable root: its rule alone allows the ioctl(2)s of devices.
    view_.add_landlock_rule("/dev");
    view_.add_writable("/proc");
    if (is_apart(Namespace::ipc)) {
        view_.add_landlock_rule("/dev/mqueue");
    }
    make_private_places();
    if (!spec_.root) {
        hide_homes();
        show_home();
        show_cwd();
        hide_system_credentials();
    }
    make_sys();
    kernel_mounts_.guard(plan_.base, "/", false);
    UserMounts(spec_, facts_, tree_, sources_, homes_, kernel_mounts_, overlays_, learnt_, view_).apply();
    note_owners();
    hide_state();
    if (plan_.written && (plan_.written->id || plan_.written->thrown_away_in.empty())) {
        view_.hide_host(plan_.written->canonical, true);
    }
    choose_cwd();
    plan_.areas = view_.areas();
    plan_.cwd = cwd_;
    plan_.cwd_writable = view_.is_writable(cwd_);
}

// What belongs to an id that is not mapped is nobody's inside: the capabilities there count for nothing.
void DefaultView::note_owners() {
    if (plan_.private_ids) {
        return;  // there it is the command's
    }
    for (const Mount& mount : spec_.mounts) {
        const Bind* bind = std::get_if<Bind>(&mount);
        const std::optional<std::uint32_t> owner =
            bind != nullptr && bind->writable ? sources_.owner(bind->source) : std::nullopt;
        const bool mapped = owner && std::ranges::any_of(plan_.setup_maps.users, [&](const IdExtent& extent) {
                                return extent.outside <= *owner && *owner - extent.outside < extent.count;
                            });
        if (owner && !mapped) {
            plan_.nobodys.push_back(as_asked(mount));
            plan_.notes.push_back(plan_.nobodys.back() + ": it belongs to user " +
                                  spec::passwd_name(facts_.passwd, *owner).value_or("") + '(' + std::to_string(*owner) +
                                  ") of the host, who is not inside: there it is nobody's, and the command may write "
                                  "what everybody may, or a group that the caller is in");
        }
    }
}

// Whatever was asked for: who can write there says what runs, and who can read there has the variables of others.
void DefaultView::hide_state() {
    for (const std::string& path : sources_.state()) {
        view_.hide_host(path, true);
    }
}

// New, or joined: not the host's.
bool DefaultView::is_apart(Namespace kind) const {
    return fresh_.contains(kind) || plan_.inherited.contains(kind);
}

void DefaultView::make_proc() {
    if (is_apart(Namespace::pid)) {
        view_.mount_special<MountProc>("/proc");
    } else {
        int error = 0;
        view_.bind({"/proc", tree_.follow("/proc", error).value_or(FileId{})}, "/proc", "/proc",
                   {false, true, true, true});
    }
    if (is_apart(Namespace::pid) || !facts_.sysctls_read_only) {
        plan_.steps.push_back(KeepQuotaDirectory{});
    }
}

// After everything that does not depend on the network namespace: init makes that meanwhile.
void DefaultView::make_sys() {
    if (fresh_.contains(Namespace::net)) {
        plan_.steps.push_back(JoinNetwork{});
        view_.mount_special<MountSysfs>("/sys");
        open_network_to_all(plan_, facts_);
    } else if (is_apart(Namespace::net)) {
        view_.mount_special<MountSysfs>("/sys");
    } else {
        int error = 0;
        view_.bind({"/sys", tree_.follow("/sys", error).value_or(FileId{})}, "/sys", "/sys", {true, true, true, true});
        show_resolver_files();
    }
    plan_cgroup_view(plan_);
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
    // The caller's terminal belongs to the host's devpts, which is not shown: ttyname(3) finds it here. Not where the
    // command gets one of its own, and never sees the caller's.
    for (std::size_t fd = 0; fd < facts_.streams.size(); ++fd) {
        if (!facts_.streams[fd].terminal || spec_.tty == Tty::own) {
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
    if (is_apart(Namespace::ipc)) {
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
    if (plan_.command_ids.user == 0) {
        view_.hand_over("/run");  // else it is root's, as everywhere
    }
    if (view_.exists("/var/tmp") && !view_.is_private("/var/tmp")) {
        view_.mount_scratch("/var/tmp", 01777, private_writable);
    }
    if (spec_.root) {
        make_home("/root");
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

// An empty home: at the one that --user's has inside, where that is a place for homes. Accounts of services live in
// directories of the system, which stay as they are.
void DefaultView::make_home(const std::string& standard) {
    const std::string& named = plan_.command_ids.home;
    const std::string place = is_home_place(named) ? named : standard;
    view_.mount_scratch(place, 0700, private_writable);
    view_.hand_over(place);
}

bool DefaultView::is_home_place(const std::string& path) const {
    // A tree may have a link there, to anywhere in it.
    if (!path.starts_with('/') || spec::absolute("/", path) != path || view_.resolve(path) != path) {
        return false;
    }
    return spec_.root ? path == "/root" || (spec::is_below_or_same(path, "/home") && path != "/home")
                      : homes_.contains(path) && path != "/home";
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
        make_home(homes_.own());
        return;
    }
    int error = 0;
    const std::optional<FileId> id = tree_.follow(homes_.own(), error);
    if (!homes_.is_named() || !id) {
        throw Error("cannot show the home directory: HOME does not name a directory")
            .with_fix("set HOME, or leave --home out");
    }
    const bool writable = spec_.home == Home::writable;
    const Source source{homes_.own(), *id, writable ? "--home rw" : "--home ro"};
    view_.bind(source, homes_.own(), homes_.own(), writable ? host_writable : host_read_only,
               view_.id_mapped({source}));
    kernel_mounts_.guard(homes_.own(), homes_.own(), writable);
    if (!writable) {
        hide_credentials();
    }
}

// Left out of the rebuilt home, with their names: a program that finds none asks for another way, one that may not read
// them gives up. Also those that do not exist yet: a token that is refreshed outside does not appear.
void DefaultView::hide_credentials() {
    std::size_t count = 0;
    for (const std::string& store : find_stores(tree_, homes_.own(), home_stores(), false)) {
        view_.hide(store, true);
        ++count;
    }
    // The sockets of the session, or another mount of a home, may lie in it.
    for (const Homes::Hidden& hidden : homes_.hidden()) {
        if (hidden.path != homes_.own() && spec::is_below_or_same(hidden.path, homes_.own())) {
            view_.hide(hidden.path, true);
        }
    }
    plan_.notes.push_back("home: shown without " + std::to_string(count) +
                          " credential stores that it has or could have:" + store_list(home_stores()));
}

// What only root could read, and can read here as the owner.
void DefaultView::hide_system_credentials() {
    if (facts_.uid != 0) {
        return;
    }
    for (const std::string& store : find_stores(tree_, "", system_stores(), true)) {
        if (plan_.private_ids && !whole_) {
            // Closed to everybody but root already; a tree that is shown with its owners would open it.
            view_.remember_hidden(tree_.canonical(store).value_or(store), true);
        } else {
            view_.hide(store, true);
        }
    }
    plan_.notes.push_back("started by root: hidden of the system, where it exists:" + store_list(system_stores()));
}

// The caller's directory lies below something hidden or private: it is shown again, with the repository around it, but
// never in a way that uncovers a whole home.
void DefaultView::show_cwd() {
    if (!facts_.cwd) {
        return;
    }
    const std::string& cwd = *facts_.cwd;
    if (!view_.is_private(cwd) || (view_.exists(cwd) && !homes_.is_part(cwd)) ||
        homes_.is_home_or_above(cwd, facts_.cwd_id) || homes_.holds_secrets(cwd)) {
        return;
    }
    // A credential store, to which a link leads from the home.
    for (std::string at = cwd; at != "/"; at = spec::parent(at)) {
        if (view_.has_hidden(at)) {
            return;
        }
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
        if (!here || !homes_.contains(at) || homes_.is_home_or_above(at, *here) || homes_.holds_secrets(at)) {
            break;
        }
        if (tree_.look(up + "/.git")) {
            shown = at;
            relative = up;
            id = *here;
            break;
        }
    }
    const Source source{relative, id};
    if (whole_) {
        overlays_.show(source, shown, shown);
        return;
    }
    view_.bind(source, shown, shown, host_read_only, view_.id_mapped({source, false, true}));
    kernel_mounts_.guard(shown, shown, false);
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
        try {
            (void)view_.resolve(cwd_);
        } catch (const Error& error) {
            throw Error("--cwd " + *spec_.cwd + ": " + error.what());
        }
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

Inside DefaultView::inside() const {
    Inside inside;
    inside.silent = [this](const std::string& path) -> std::optional<std::string> {
        try {
            const std::optional<std::string> place = view_.source_of(path);
            return place ? tree_.silent(*place) : std::nullopt;
        } catch (const host::Silent& silent) {
            return silent.mount();
        }
    };
    inside.is_file = [this](const std::string& path) {
        return view_.exists(path) && !view_.is_directory(view_.resolve(path));
    };
    return inside;
}

void DefaultView::refuse_silence() const {
    if (!tree_.may_be_silent()) {
        return;
    }
    refuse_silent_cwd(cwd_, spec_.cwd ? "--cwd " + *spec_.cwd : std::string(), inside());
    const Environment environment = build_environment(spec_, facts_.environment, {home(), cwd_, std::nullopt});
    const std::string command = spec_.command.empty() ? "/bin/sh" : spec_.command.front();
    refuse_silent_search(command, command_candidates(command, environment.variables.at("PATH")), cwd_, inside());
}

}  // namespace sandbox::plan
