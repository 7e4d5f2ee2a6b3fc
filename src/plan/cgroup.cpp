#include "plan/cgroup.hpp"

#include "spec/limits.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandbox::plan {
namespace {

using host::CgroupFacts;
using host::CgroupLevel;
using Names = std::vector<std::string>;

// What is counted beside what is limited.
constexpr std::array counting = {"memory", "pids", "io"};

bool has(const Names& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

bool has_all(const Names& names, const Names& wanted) {
    return std::ranges::all_of(wanted, [&](const std::string& name) { return has(names, name); });
}

Names without(const Names& names, const Names& others) {
    Names left;
    std::ranges::copy_if(names, std::back_inserter(left), [&](const std::string& name) { return !has(others, name); });
    return left;
}

std::string listed(const Names& names, const char* before = "") {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : " ") + std::string(before) + name;
    }
    return text;
}

std::string first_option(const Limits& limits) {
    return limits.memory      ? "--memory"
           : limits.swap      ? "--swap"
           : limits.cpus      ? "--cpus"
           : limits.pids      ? "--pids"
           : limits.io_weight ? "--io-weight"
                              : "--cpuset";
}

std::string option_for(std::string_view controller) {
    return controller == "memory" ? "--memory"
           : controller == "cpu"  ? "--cpus"
           : controller == "pids" ? "--pids"
           : controller == "io"   ? "--io-weight"
                                  : "--cpuset";
}

std::vector<CgroupSetting> settings_of(const Limits& limits) {
    constexpr std::uint64_t period = 100'000;  // microseconds, as the kernel has it by default
    std::vector<CgroupSetting> settings;
    if (limits.memory) {
        settings.push_back(
            {"memory.max", std::to_string(*limits.memory), "--memory " + std::to_string(*limits.memory)});
    }
    if (limits.memory || limits.swap) {
        // Where a kernel does not count swap there may be none all the same.
        settings.push_back({"memory.swap.max", std::to_string(limits.swap.value_or(0)),
                            limits.swap ? "--swap " + std::to_string(*limits.swap) : "--memory without --swap",
                            !limits.swap});
    }
    if (limits.cpus) {
        settings.push_back({"cpu.max", std::to_string(*limits.cpus * period / 1000) + " " + std::to_string(period),
                            "--cpus " + spec::cpus_text(*limits.cpus)});
    }
    if (limits.io_weight) {
        settings.push_back(
            {"io.weight", std::to_string(*limits.io_weight), "--io-weight " + std::to_string(*limits.io_weight)});
    }
    if (limits.cpuset) {
        settings.push_back({"cpuset.cpus", *limits.cpuset, "--cpuset " + *limits.cpuset});
    }
    return settings;
}

// Processes and controllers do not go together in a cgroup (cgroups(7), "no internal processes").
bool can_hand_out(const CgroupLevel& level, const Names& needed, bool by_moving) {
    if (!level.usable || !has_all(level.controllers, needed)) {
        return false;
    }
    return has_all(level.enabled, needed) || level.root || !level.inhabited || (by_moving && level.alone);
}

const CgroupLevel* choose(const CgroupFacts& facts, const Names& needed) {
    for (const bool by_moving : {false, true}) {
        const auto found = std::ranges::find_if(
            facts.levels, [&](const CgroupLevel& level) { return can_hand_out(level, needed, by_moving); });
        if (found != facts.levels.end()) {
            return &*found;
        }
    }
    return nullptr;
}

std::string as_caller(const host::Facts& facts, const std::string& directory, const Names& needed) {
    const std::string uid = std::to_string(facts.uid);
    const std::string own = directory + "/sandbox-" + uid;
    const std::string enable = "echo " + listed(needed, "+") + " >";
    return "sudo sh -c \"" + enable + directory + "/cgroup.subtree_control; mkdir -p " + own + "/shell; chown " + uid +
           " " + own + " " + own + "/cgroup.procs " + own + "/cgroup.subtree_control " + own + "/shell " + own +
           "/shell/cgroup.procs; echo $$ >" + own + "/shell/cgroup.procs\" hands one over to this shell";
}

Error cannot(const Limits& limits, const std::string& why) {
    return Error(first_option(limits) + ": no cgroup can hold it: " + why);
}

std::string systemd_run(const Cgroup& cgroup) {
    return std::string("systemd-run ") + (cgroup.of_user ? "--user " : "") + "--scope -p Delegate=yes";
}

// Of the user's manager, whom the system's has handed less than there is: Debian's and most others' memory and pids,
// and cpu. The manager takes note when it starts.
std::string by_user_manager(std::string_view path) {
    const std::size_t at = path.find("/user@");
    const std::size_t end = at == std::string_view::npos ? at : path.find(".service/", at);
    if (end == std::string_view::npos) {
        return {};
    }
    const std::string unit(path.substr(at + 1, end - at - 1));
    return R"(sudo sh -c 'mkdir -p /etc/systemd/system/user@.service.d; printf "[Service]\nDelegate=cpu cpuset io )"
           R"(memory pids\n" >/etc/systemd/system/user@.service.d/sandbox.conf; systemctl daemon-reload; )"
           "systemctl restart " +
           unit + ".service' has it handed over, and ends what that manager runs";
}

// Where that would do.
std::string or_best_effort(const Limits& limits) {
    return limits.best_effort || limits.swap || limits.cpus || limits.io_weight || limits.cpuset
               ? std::string()
               : "; or --limits best-effort, where --memory and --pids are of setrlimit(2)";
}

Error nothing_handed_over(const host::Facts& facts, const Limits& limits, const Names& needed) {
    const CgroupFacts& cgroups = facts.cgroups;
    const bool covered = cgroups.levels.empty() && cgroups.unit.empty();  // by what is mounted over it
    if (cgroups.own.empty() || covered) {
        return cannot(limits, "none of version 2 (cgroup2) is mounted here that shows the caller's own")
            .with_fix(
                "boot with systemd.unified_cgroup_hierarchy=1, or in a container mount cgroup2 at /sys/fs/cgroup" +
                or_best_effort(limits));
    }
    if (!cgroups.unit.empty()) {
        return cannot(limits, "systemd has not handed over " + cgroups.unit +
                                  ", in which this runs, and no manager of the caller's answers")
            .with_fix("sudo loginctl enable-linger " + std::to_string(facts.uid) +
                      " && export XDG_RUNTIME_DIR=/run/user/" + std::to_string(facts.uid) +
                      " starts one; or Delegate=yes for " + cgroups.unit + or_best_effort(limits));
    }
    const CgroupLevel& own = cgroups.levels.front();
    for (const CgroupLevel& level : cgroups.levels) {
        if (level.usable && has_all(level.controllers, needed)) {
            return cannot(limits, "processes are in " + level.path +
                                      " itself, and the kernel lets it either have processes or limit those below")
                .with_fix("mkdir -p " + level.path + "/shell; echo $$ >" + level.path +
                          "/shell/cgroup.procs moves this shell; then once more, until none is left" +
                          or_best_effort(limits));
        }
    }
    const auto root = std::ranges::find_if(cgroups.levels, &CgroupLevel::root);
    if (root != cgroups.levels.end() && !has_all(root->controllers, needed)) {
        return cannot(limits, "the kernel has no controller " + listed(without(needed, root->controllers)) +
                                  " for version 2: version 1 has it, or it is switched off")
            .with_fix(std::string("boot with cgroup_no_v1=all, or under systemd systemd.unified_cgroup_hierarchy=1") +
                      or_best_effort(limits));
    }
    const auto usable = std::ranges::find_if(cgroups.levels, &CgroupLevel::usable);
    if (usable != cgroups.levels.end()) {
        const Names missing = without(needed, usable->controllers);
        const Error lacks(option_for(missing.front()) + ": no cgroup can hold it: " + usable->path + " lacks " +
                          listed(missing));
        if (const std::string fix = by_user_manager(usable->path); !fix.empty()) {
            return Error(lacks).with_fix(fix + or_best_effort(limits));
        }
        return Error(lacks).with_fix(
            "echo " + listed(without(needed, usable->controllers), "+") +
            " >cgroup.subtree_control in each of the cgroups above, as root; under systemd Delegate=" + listed(needed) +
            " for the unit" + or_best_effort(limits));
    }
    return cannot(limits, "neither " + own.path + " nor one above is the caller's to write to")
        .with_fix(as_caller(facts, cgroups.levels.back().path, needed) + or_best_effort(limits));
}

// For limits that setrlimit(2) has.
void hold_by_rlimits(Plan& plan, const Spec& spec, const host::Facts& facts, const Error& why) {
    const Limits& limits = spec.limits;
    for (const auto& [asked, option] : {std::pair<bool, const char*>{limits.swap.has_value(), "--swap"},
                                        {limits.cpus.has_value(), "--cpus"},
                                        {limits.io_weight.has_value(), "--io-weight"},
                                        {limits.cpuset.has_value(), "--cpuset"}}) {
        if (asked) {
            throw Error(std::string(option) + " and --limits best-effort: nothing but a cgroup holds it: " + why.what())
                .with_fix(why.fix());
        }
    }
    if (limits.pids && facts.root.of_host && !plan.private_ids) {
        throw Error(
            "--pids and --limits best-effort: root of the host is inside, whose processes RLIMIT_NPROC does "
            "not count: " +
            std::string(why.what()))
            .with_fix("leave --map-users real out");
    }
    plan.notes.push_back("limits: best effort, as there is no cgroup (" + std::string(why.what()) + ")");
    if (limits.memory) {
        plan.notes.emplace_back("memory: each process may have that much address space, all together more");
    }
}

void plan_counting(Plan& plan, const CgroupFacts& facts) {
    const auto found = std::ranges::find_if(facts.levels, &CgroupLevel::usable);
    if (found != facts.levels.end()) {
        plan.cgroup.emplace();
        plan.cgroup->parent = found->path;
        plan.cgroup->for_counting = true;
    }
}

}  // namespace

std::vector<std::string> controllers_for(const Limits& limits) {
    Names names;
    const auto need = [&](bool asked, const char* name) {
        if (asked) {
            names.emplace_back(name);
        }
    };
    need(limits.memory || limits.swap, "memory");
    need(limits.cpus.has_value(), "cpu");
    need(limits.pids.has_value(), "pids");
    need(limits.io_weight.has_value(), "io");
    need(limits.cpuset.has_value(), "cpuset");
    return names;
}

// One that was handed over and lacks something is not made better by another scope below the same manager.
bool takes_scope(const CgroupFacts& facts) {
    return facts.manager && facts.levels.empty() && !facts.own.empty();
}

void plan_cgroup(Plan& plan, const Spec& spec, const host::Facts& facts) {
    const bool reported = spec.report || spec.report_descriptor;
    if (!spec.limits.need_cgroup()) {
        if (reported) {
            plan_counting(plan, facts.cgroups);
        }
        return;
    }
    const Names needed = controllers_for(spec.limits);
    Cgroup cgroup;
    cgroup.settings = settings_of(spec.limits);
    if (!reported) {
        // What the kernel does for it in a cgroup that is new takes longer than all the rest (Linux 6.1).
        cgroup.pressure = false;
        cgroup.settings.push_back({"cgroup.pressure", "0", "a run without --report", true});
    }
    if (const CgroupLevel* const level = choose(facts.cgroups, needed)) {
        cgroup.parent = level->path;
        cgroup.controllers = without(needed, level->enabled);
        cgroup.move_launcher = !cgroup.controllers.empty() && level->inhabited && !level->root;
        for (const char* name : counting) {
            if (reported && !cgroup.controllers.empty() && has(level->controllers, name) &&
                !has(level->enabled, name) && !has(needed, name)) {
                cgroup.controllers.emplace_back(name);
            }
        }
        plan.cgroup = std::move(cgroup);
        return;
    }
    if (takes_scope(facts.cgroups)) {
        cgroup.of_user = facts.cgroups.user;
        plan.cgroup = std::move(cgroup);
        return;
    }
    const Error why = nothing_handed_over(facts, spec.limits, needed);
    if (!spec.limits.best_effort) {
        throw why;
    }
    hold_by_rlimits(plan, spec, facts, why);
}

void plan_cgroup_view(Plan& plan) {
    if (plan.cgroup && !plan.cgroup->for_counting && plan.fresh.contains(Namespace::cgroup)) {
        plan.steps.push_back(MountCgroup{"/sys/fs/cgroup"});
    }
}

Error scope_needed(const Plan& plan) {
    return cannot(plan.limits, "systemd makes one for a program that is started in a scope of its own")
        .with_fix(systemd_run(*plan.cgroup) + " PROGRAM");
}

// Init; who hears the terminal for a command that is pid 1; who stays above init in a joined pid namespace.
void allow_own_processes(Plan& plan) {
    if (!plan.cgroup) {
        return;
    }
    Cgroup& cgroup = *plan.cgroup;
    cgroup.own_processes = 1 + (plan.listen ? 1U : 0U) + (plan.inherited.contains(Namespace::pid) ? 1U : 0U);
    if (const std::optional<std::uint64_t> pids = plan.limits.pids) {
        cgroup.settings.push_back(
            {"pids.max", std::to_string(*pids + cgroup.own_processes), "--pids " + std::to_string(*pids)});
    }
}

std::string render_cgroup(const Plan& plan) {
    if (!plan.cgroup) {
        return {};
    }
    const Cgroup& cgroup = *plan.cgroup;
    std::string text = "  cgroup: below " + cgroup.parent +
                       (cgroup.move_launcher ? ", from which the launcher goes to one beside it" : "");
    if (cgroup.parent.empty()) {
        text = "  cgroup: below a scope that systemd makes: " + systemd_run(cgroup);
    }
    text += cgroup.controllers.empty() ? "" : "; handed out there: " + listed(cgroup.controllers);
    text += cgroup.for_counting ? "; for the report\n" : "\n";
    for (const CgroupSetting& setting : cgroup.settings) {
        text += "    " + setting.file + " = " + setting.value + ", for " + setting.asked + '\n';
    }
    return text;
}

}  // namespace sandbox::plan
