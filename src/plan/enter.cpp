#include "plan/enter.hpp"

#include "plan/confinement.hpp"
#include "plan/execution.hpp"
#include "plan/streams.hpp"
#include "spec/validate.hpp"

namespace sandbox::plan {
namespace {

// The rules of the sandbox, then those of who joins.
Spec as_spec(const EnterSpec& enter, const registry::Joining& joining) {
    Spec spec;
    spec.command = enter.command;
    spec.cwd = enter.cwd;
    spec.tty = enter.tty;
    spec.foreground = enter.foreground;
    spec.clear_environment = joining.clear_environment;
    spec.environment = joining.environment;
    spec.environment.insert(spec.environment.end(), enter.environment.begin(), enter.environment.end());
    return spec;
}

std::uint32_t outside(const std::vector<IdRange>& ranges, std::uint32_t inside) {
    for (const IdRange& range : ranges) {
        if (range.inside <= inside && inside - range.inside < range.count) {
            return range.outside + (inside - range.inside);
        }
    }
    return inside;
}

void plan_terminal(Plan& plan, const Spec& spec, const host::Facts& facts) {
    plan_own_terminal(plan, spec, facts);
    if (plan.terminal) {
        plan.terminal->of_host = true;  // there is a devpts at /dev/pts, the sandbox's
    }
}

}  // namespace

Plan build_entering(const EnterSpec& enter, const registry::Entry& entry, const host::Facts& facts) {
    const NamedSandbox sandbox = registry::sandbox_of(entry);
    const registry::Joining& joining = entry.running->joining;
    const Spec spec = as_spec(enter, joining);
    spec::validate(spec);
    check_streams(facts);
    Plan plan;
    plan.joined = Joined{sandbox.name, joining.private_ids, joining.owned};
    plan.private_ids = joining.private_ids;
    plan.command_ids.user = sandbox.user;
    plan.command_ids.group = sandbox.group;
    plan.command_ids.host_user = outside(sandbox.users, sandbox.user);
    plan.command_ids.host_group = outside(sandbox.groups, sandbox.group);
    plan.cwd = enter.cwd.value_or(sandbox.cwd);
    plan.identity = {joining.home, plan.cwd, joining.user_name};
    for (const ShownPath& path : sandbox.paths) {
        plan.areas.emplace(path.path, path.source);
    }
    plan_groups(plan, facts);
    plan_terminal(plan, spec, facts);

    plan.steps.push_back(NewSessionKeyring{});
    plan_session(plan, spec, facts);
    plan.steps.push_back(JoinGuest{});
    plan.steps.push_back(ChangeDirectory{plan.cwd, enter.cwd ? "--cwd " + *enter.cwd : std::string()});
    plan.steps.push_back(CloseDescriptors{});
    if (joining.core_limit) {
        plan.steps.push_back(CoreLimit{*joining.core_limit});
    }
    plan.steps.push_back(NoNewPrivileges{});
    plan_relays(plan, spec, facts);
    if (joining.set_ids) {
        plan.steps.push_back(ChangeIds{sandbox.user, sandbox.group, joining.groups, joining.set_groups});
    }
    plan.steps.push_back(Capabilities{sandbox.capabilities});
    plan.steps.push_back(AwaitInit{});
    if (!joining.filter.empty()) {
        plan.steps.push_back(Seccomp{joining.filter, "as the sandbox's own command has it"});
    }
    plan.notes.emplace_back("landlock: off (the domain of a running sandbox cannot be joined)");
    plan_execution(plan, spec, facts.environment);
    return plan;
}

}  // namespace sandbox::plan
