#include "registry/describe.hpp"

#include "plan/limits.hpp"
#include "spec/paths.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace sandbox::registry {
namespace {

// The guest's numbers, through the setup user namespace, to the caller's: each of its extents lies in one of those.
std::vector<IdRange> composed(const std::vector<plan::IdExtent>& guest, const std::vector<plan::IdExtent>& setup) {
    std::vector<IdRange> ranges;
    for (const plan::IdExtent& extent : guest) {
        const auto holder = std::ranges::find_if(setup, [&](const plan::IdExtent& candidate) {
            return candidate.inside <= extent.outside && extent.outside - candidate.inside < candidate.count;
        });
        if (holder != setup.end()) {
            ranges.push_back({extent.inside, holder->outside + (extent.outside - holder->inside), extent.count});
        }
    }
    return ranges;
}

std::vector<ShownPath> shown_paths(const plan::Plan& plan) {
    std::vector<ShownPath> paths;
    for (const auto& [path, source] : plan.areas) {
        const bool writable = std::ranges::any_of(
            plan.writable, [&path = path](const std::string& place) { return spec::is_below_or_same(path, place); });
        paths.push_back({path, source, writable});
    }
    return paths;
}

// Each as the step has it that the setup child executes.
void note(const plan::Step& step, Running& running) {
    Joining& joining = running.joining;
    if (const auto* ids = std::get_if<plan::ChangeIds>(&step)) {
        joining.set_ids = true;
        joining.set_groups = ids->set_groups;
        joining.groups = ids->groups;
    } else if (const auto* limit = std::get_if<plan::CoreLimit>(&step)) {
        joining.core_limit = limit->bytes;
    } else if (const auto* set = std::get_if<plan::ResourceLimitStep>(&step)) {
        if (set->resource == RLIMIT_CORE) {
            joining.core_limit = set->hard;
        }
    } else if (const auto* capabilities = std::get_if<plan::Capabilities>(&step)) {
        running.sandbox.capabilities = capabilities->set;
    } else if (const auto* seccomp = std::get_if<plan::Seccomp>(&step)) {
        joining.filter = seccomp->program;
    } else if (const auto* directory = std::get_if<plan::ChangeDirectory>(&step)) {
        running.sandbox.cwd = directory->path;
    } else if (const auto* execute = std::get_if<plan::Execute>(&step)) {
        running.sandbox.arguments = execute->arguments;
    }
}

}  // namespace

Running describe(const plan::Plan& plan, const Spec& spec) {
    Running running;
    NamedSandbox& sandbox = running.sandbox;
    sandbox.user = plan.command_ids.user;
    sandbox.group = plan.command_ids.group;
    sandbox.users = composed(plan.guest_maps.users, plan.setup_maps.users);
    sandbox.groups = composed(plan.guest_maps.groups, plan.setup_maps.groups);
    sandbox.fresh = plan.fresh;
    sandbox.paths = shown_paths(plan);
    sandbox.notes = plan.notes;
    sandbox.limits = plan::limit_lines(plan);
    for (const plan::Step& step : plan.steps) {
        note(step, running);
    }
    running.joining.owned = plan.owned;
    running.joining.inherited = plan.inherited;
    running.joining.quota_userns = plan.joinable;
    running.joining.private_ids = plan.private_ids;
    running.joining.clear_environment = spec.clear_environment;
    running.joining.environment = spec.environment;
    running.joining.home = plan.identity.home;
    running.joining.user_name = plan.identity.user;
    return running;
}

}  // namespace sandbox::registry
