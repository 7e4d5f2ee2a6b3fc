#include "plan/build.hpp"

#include "plan/aliases.hpp"
#include "plan/cgroup.hpp"
#include "plan/command.hpp"
#include "plan/confinement.hpp"
#include "plan/default_view.hpp"
#include "plan/environment.hpp"
#include "plan/execution.hpp"
#include "plan/filter.hpp"
#include "plan/hides.hpp"
#include "plan/identity.hpp"
#include "plan/limits.hpp"
#include "plan/report_place.hpp"
#include "plan/root_file.hpp"
#include "plan/streams.hpp"
#include "plan/written.hpp"
#include "spec/escape.hpp"
#include "spec/namespaces.hpp"
#include "spec/passwd.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace sandbox::plan {
namespace {

void plan_namespaces(Plan& plan, const Spec& spec) {
    plan.fresh = spec::fresh_namespaces(spec);
    for (const Join& join : spec.join) {
        plan.inherited.insert(join.kind);
    }
    plan.allowed = spec.allow_namespaces;
    plan.owned = spec.own;
    plan.owned.insert(Namespace::user);
    if (plan.fresh.contains(Namespace::uts)) {
        plan.owned.insert(Namespace::uts);
    }
    for (const Namespace kind : {Namespace::user, Namespace::mnt, Namespace::pid, Namespace::ipc}) {
        if (plan.fresh.contains(kind)) {
            plan.init_clone_flags |= spec::row(kind).clone_flag;
        }
    }
    if (plan.fresh.contains(Namespace::net)) {
        plan.init_unshare_flags |= spec::row(Namespace::net).clone_flag;
    }
    plan.command_is_pid1 = plan.fresh.contains(Namespace::pid) && !spec.init;
    if (plan.command_is_pid1) {
        plan.command_clone_flags = spec::row(Namespace::pid).clone_flag;
    }
    if (plan.fresh.contains(Namespace::time)) {
        plan.time_offsets = TimeOffsets{spec.boottime_offset.value_or(0), spec.monotonic_offset.value_or(0)};
    }
}

std::uint64_t guest_clone_flags(const Plan& plan) {
    std::uint64_t flags = 0;
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        flags |= plan.owned.contains(row.kind) ? row.clone_flag : 0;
    }
    return flags;
}

// As many of each kind as exist once the guest has its own: init's, the command's pid namespace, what the guest owns.
// The kernel counts for each user id on its own: what init was cloned with is not among its id's where it takes another
// one afterwards.
unsigned namespaces_made(const Plan& plan, Namespace kind) {
    unsigned made = plan.owned.contains(kind) ? 1 : 0;
    if (plan.joinable) {
        return made;  // the others were made in the setup user namespace, above the one that counts
    }
    // Init's own; of the cgroup namespaces there is one alone, the guest's or the setup child's.
    const bool left = kind == Namespace::cgroup && made == 1;
    const bool others =
        plan.private_ids && !plan.maps_of_inherited && (plan.init_clone_flags & spec::row(kind).clone_flag) != 0;
    if (kind != Namespace::user && kind != Namespace::uts && plan.fresh.contains(kind) && !left && !others) {
        ++made;
    }
    return made + (kind == Namespace::pid && plan.command_is_pid1 ? 1 : 0);
}

// The outer /proc is shown (--share pid) and its sysctls are read-only, as in a container: no quota can be written.
bool quotas_are_out_of_reach(const Plan& plan, const host::Facts& facts) {
    return !plan.fresh.contains(Namespace::pid) && !plan.inherited.contains(Namespace::pid) && facts.sysctls_read_only;
}

void plan_quotas(Plan& plan, const host::Facts& facts) {
    if (quotas_are_out_of_reach(plan, facts)) {
        plan.notes.emplace_back(
            "namespace quotas cannot be written, /proc/sys is read-only here: the seccomp filter alone "
            "refuses new namespaces");
        return;
    }
    if (plan.joinable) {
        plan.steps.push_back(EnterQuotaUserns{});
    }
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        // A guest with a mount namespace of its own needs detached trees, which count as mount namespaces.
        const bool mounts = row.kind == Namespace::mnt && plan.owned.contains(Namespace::mnt);
        if (!plan.allowed.contains(row.kind) && !mounts) {
            plan.steps.push_back(Quota{row.quota, std::to_string(namespaces_made(plan, row.kind))});
        }
    }
}

bool is_feature_off_for_mounts(const Plan& plan) {
    return plan.owned.contains(Namespace::mnt) || plan.allowed.contains(Namespace::mnt);
}

std::string missing_of(int abi) {
    std::string missing;
    if (abi < 3) {
        missing += "truncate (6.2), ";
    }
    if (abi < 5) {
        missing += "ioctl of devices (6.10), ";
    }
    if (abi < 6) {
        missing += "signal and abstract socket scopes (6.12), ";
    }
    return missing.empty() ? missing : missing.substr(0, missing.size() - 2);
}

void plan_landlock(Plan& plan, const Spec& spec, const host::Facts& facts, std::vector<std::string> writable) {
    if (spec.landlock == LandlockUse::none) {
        plan.notes.emplace_back("landlock: off (--landlock none)");
    } else if (is_feature_off_for_mounts(plan)) {
        if (spec.landlock == LandlockUse::require) {
            throw Error(
                "--landlock require: Landlock refuses every mount(2), which --own mnt or --allow-namespaces mnt opens")
                .with_fix("leave out one of the two");
        }
        plan.notes.emplace_back(
            "landlock: off (it would refuse every mount, which --own or --allow-namespaces mnt opens)");
    } else if (facts.landlock_abi < 2) {
        // ABI 1 refuses every rename from one directory to another.
        const std::string have = facts.landlock_abi == 0 ? "none" : "ABI 1, which refuses renames across directories";
        if (spec.landlock == LandlockUse::require) {
            throw Error("--landlock require: the kernel has " + have)
                .with_fix("boot a kernel of 5.19 or later with landlock in its lsm= list, or use --landlock auto");
        }
        plan.notes.push_back("landlock: missing (the kernel has " + have + "; 5.19 or later has it)");
    } else {
        const std::string missing = missing_of(facts.landlock_abi);
        plan.notes.push_back("landlock: ABI " + std::to_string(facts.landlock_abi) +
                             (missing.empty() ? std::string() : "; the kernel lacks " + missing));
        plan.steps.push_back(Landlock{facts.landlock_abi, std::move(writable), spec.only ? "/" : "/dev", plan.passed});
        return;
    }
    check_passed_files(facts);
}

// With --only the inside is the host.
Inside the_host(const host::Tree& tree) {
    Inside inside;
    inside.silent = [&tree](const std::string& path) { return tree.silent(path); };
    inside.is_file = [&tree](const std::string& path) {
        int error = 0;
        const std::optional<FileId> id = tree.follow(path, error);
        return id && !S_ISDIR(id->type);
    };
    return inside;
}

void plan_execution(Plan& plan, const Spec& spec, const host::Facts& facts, const host::Tree& tree,
                    const Identity& place) {
    Identity identity = place;
    identity.user =
        spec::passwd_name(spec.root ? read_of_root(spec, tree, "/etc/passwd") : facts.passwd, plan.command_ids.user);
    plan.identity = identity;
    plan_execution(plan, spec, facts.environment);
    if (spec.only && tree.may_be_silent()) {
        const auto& execute = std::get<Execute>(plan.steps.back());
        refuse_silent_search(execute.arguments.front(), execute.candidates, identity.cwd, the_host(tree));
    }
}

// The default plan has some 120; growing costs more than making.
constexpr std::size_t most_default_steps = 192;

// Where a mount point is missing in a directory of the host, or something in it is hidden, the directory is made of
// scratch from the start: plan again, knowing it. Every round learns something new, and hides of any number are learnt
// in one.
std::pair<Identity, std::vector<std::string>> plan_view(Plan& plan, const Spec& spec, const host::Facts& facts,
                                                        const host::Tree& tree) {
    Learnt learnt;
    const Homes homes = spec.root ? Homes() : Homes(facts, tree);
    const Aliases aliases(facts.mounts);
    const Sources sources(spec, facts, tree);
    for (;;) {
        Plan attempt = plan;
        attempt.steps.reserve(most_default_steps);
        DefaultView view(spec, facts, tree, homes, sources, aliases, learnt, attempt);
        view.build();
        const Learnt news = view.news();
        if (news.skeletons.empty() && news.hidden.empty()) {
            view.refuse_silence();
            std::pair<Identity, std::vector<std::string>> found = {{view.home(), view.cwd(), std::nullopt},
                                                                   view.writable()};
            plan = std::move(attempt);  // the view refers to it
            return found;
        }
        if (!learnt.add(news)) {
            throw Error("cannot plan the view: " +
                        (news.hidden.empty() ? *news.skeletons.begin() : news.hidden.begin()->first) +
                        " is neither shown nor hidden")
                .with_fix("this is a fault of sandbox: leave the option out that concerns it");
        }
    }
}

// What is thrown away may lie on a disk, but in no overlay that shows it.
std::pair<Identity, std::vector<std::string>> plan_view_and_place(Plan& plan, const Spec& spec,
                                                                  const host::Facts& facts, const host::Tree& tree) {
    std::string& why = plan.in_memory;
    for (const Plan::Written& place : places_to_throw_away(spec, facts, why)) {
        plan.written = place;
        try {
            return plan_view(plan, spec, facts, tree);
        } catch (const PlaceIsShown&) {
            why += (why.empty() ? "" : "; ") + place.thrown_away_in + ": it lies in what is an overlay";
        }
        plan.written.reset();
    }
    return plan_view(plan, spec, facts, tree);
}

// --only: the tree stays as it is, in a mount namespace of its own. What asks for kuid 0 instead of a capability in
// /proc and /sys is read-only all the same: root of the host would otherwise write its sysctls.
Identity keep_tree(Plan& plan, const Spec& spec, const host::Facts& facts, const host::Tree& tree) {
    plan.steps.push_back(KeepRoot{});
    if (plan.fresh.contains(Namespace::pid)) {
        plan.steps.push_back(MountProc{"/proc"});
    }
    if (!quotas_are_out_of_reach(plan, facts)) {
        plan.steps.push_back(KeepQuotaDirectory{});
    }
    if (plan.fresh.contains(Namespace::net)) {
        plan.steps.push_back(JoinNetwork{});
        open_network_to_all(plan, facts);
    }
    protect_kernel_trees(plan, facts);
    plan_cgroup_view(plan);
    plan.steps.push_back(ReadOnly{"/sys"});
    for (const std::string& path : state_directories(facts, tree)) {
        plan.steps.push_back(Mask{path});
    }
    if (!spec.cwd && !facts.cwd) {
        throw Error(std::string("cannot keep the current directory: ") + std::strerror(facts.cwd_error))
            .with_fix("cd to a directory that exists, or --cwd DIR");
    }
    const std::string home = find_variable(facts.environment, "HOME").value_or("/");
    const std::string cwd = spec.cwd ? *spec.cwd : *facts.cwd;
    refuse_silent_cwd(cwd, spec.cwd ? "--cwd " + cwd : std::string(), the_host(tree));
    return {plan.command_ids.home.empty() ? home : plan.command_ids.home, cwd, std::nullopt};
}

void note_weaknesses(Plan& plan, const Spec& spec) {
    for (const Join& join : spec.join) {
        plan.notes.push_back(std::string(spec::name(join.kind)) + " namespace of " + spec::escaped(join.from) +
                             (join.kind == Namespace::pid
                                  ? ": what the command starts and leaves behind ends with that; who is in there can "
                                    "signal the command"
                                  : ": shared with everybody who is in there"));
    }
    if (!plan.fresh.contains(Namespace::pid) && !plan.inherited.contains(Namespace::pid)) {
        plan.notes.emplace_back(
            "pid namespace shared: the command sees the caller's other processes, can signal them where Landlock has "
            "no "
            "signal scope (before Linux 6.12, or off), and what it starts can outlive the sandbox when init is killed");
    }
    if (plan.owned.contains(Namespace::mnt)) {
        plan.notes.emplace_back("mnt namespace owned by the guest: it can mount over everything it sees");
    }
    if (spec.only) {
        plan.notes.emplace_back("the host's tree is shown as it is: what the caller may write, the command may write");
    }
}

}  // namespace

Plan build(const Spec& spec, const host::Facts& facts, const host::Tree& tree) {
    check_streams(facts);
    Plan plan;
    plan_descriptors(plan, facts);
    plan.maps_of_inherited = facts.joins_below;
    plan_identity(plan, spec, facts, tree);
    plan_groups(plan, facts);
    plan_namespaces(plan, spec);
    plan_own_terminal(plan, spec, facts);
    plan.joinable = spec.name && !quotas_are_out_of_reach(plan, facts);
    note_weaknesses(plan, spec);
    plan_cgroup(plan, spec, facts);

    plan.steps.reserve(most_default_steps);
    plan.steps.push_back(PrivatePropagation{});
    if (plan.fresh.contains(Namespace::cgroup) && !plan.owned.contains(Namespace::cgroup)) {
        plan.steps.push_back(NewCgroupNamespace{});
    }
    plan.steps.push_back(NewSessionKeyring{});
    plan.written = place_of_changes(spec, facts, tree);
    Identity identity;
    std::vector<std::string> writable;
    if (spec.only) {
        identity = keep_tree(plan, spec, facts, tree);
        writable = {"/"};
    } else {
        std::tie(identity, writable) = plan_view_and_place(plan, spec, facts, tree);
        plan.steps.push_back(PivotRoot{});
        plan_scratch_size(plan, spec);
    }
    plan_session(plan, spec, facts);
    plan_priorities(plan, spec, facts);
    plan_quotas(plan, facts);
    plan.steps.push_back(EnterGuest{guest_clone_flags(plan)});
    if (spec.own.contains(Namespace::net)) {
        plan.steps.push_back(LoopbackUp{});
    }
    if (plan.fresh.contains(Namespace::uts)) {
        plan.steps.push_back(SetHostname{spec.hostname.value_or("sandbox")});
        if (spec.domainname) {
            plan.steps.push_back(SetDomainname{*spec.domainname});
        }
    }
    plan.steps.push_back(ChangeDirectory{identity.cwd, spec.cwd ? "--cwd " + *spec.cwd : std::string()});
    plan.steps.push_back(CloseDescriptors{plan.passed});
    plan_core_dumps(plan, spec, facts);
    plan.steps.push_back(NoNewPrivileges{});
    plan.writable = writable;
    check_report_place(plan, spec, tree);
    plan_landlock(plan, spec, facts, std::move(writable));
    if (!spec.only || spec.limits.output) {  // there what the caller may write, the command may
        plan_relays(plan, spec, facts);
    }
    note_open_scopes(plan);
    if (quotas_are_out_of_reach(plan, facts) && !plan.allowed.empty()) {
        throw Error("--allow-namespaces: namespaces of single kinds cannot be allowed where /proc/sys is read-only")
            .with_fix("leave --allow-namespaces or --share pid out");
    }
    if (plan.command_ids.foreign || plan.setgroups) {
        const CommandIds& ids = plan.command_ids;
        plan.steps.push_back(ChangeIds{ids.user, ids.group, ids.groups, plan.setgroups});
    }
    plan_capabilities(plan, spec);
    plan_resources(plan, spec, facts);
    plan.steps.push_back(AwaitInit{});
    plan_filter(plan, spec, facts, quotas_are_out_of_reach(plan, facts));
    plan_execution(plan, spec, facts, tree, identity);
    allow_own_processes(plan);
    return plan;
}

}  // namespace sandbox::plan
