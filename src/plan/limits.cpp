#include "plan/limits.hpp"

#include "plan/cgroup.hpp"
#include "spec/limits.hpp"

#include <algorithm>
#include <utility>

namespace sandbox::plan {
namespace {

std::uint64_t hard_limit(const host::Facts& facts, Resource resource) {
    const auto found = facts.hard_limits.find(resource);
    return found == facts.hard_limits.end() ? unlimited : found->second;
}

void add(Plan& plan, Resource resource, const ResourceLimit& limit, std::string asked) {
    ResourceLimitStep step;
    step.resource = spec::row(resource).number;
    step.soft = limit.soft;
    step.hard = limit.hard;
    step.value = spec::text(resource, limit);
    step.asked = std::move(asked);
    plan.steps.push_back(std::move(step));
}

// As it is written behind --rlimit.
std::string as_option(Resource resource, const ResourceLimit& limit) {
    const auto amount = [](std::uint64_t value) { return value == unlimited ? "unlimited" : std::to_string(value); };
    return std::string(spec::row(resource).name) + "=" + amount(limit.soft) +
           (limit.hard == limit.soft ? "" : ":" + amount(limit.hard));
}

// For a process that the launcher does not see in time: a second later than that would see it.
std::uint64_t backstop(std::chrono::nanoseconds cpu_time) {
    return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(cpu_time).count()) + 1;
}

// What other options leave of it: where there is no cgroup, also those that are for one. See plan_cgroup().
std::uint64_t most_of(const Plan& plan, const Spec& spec, Resource resource) {
    const Limits& limits = spec.limits;
    if (resource == Resource::cpu && limits.cpu_time) {
        return backstop(*limits.cpu_time);
    }
    if (plan.cgroup || !limits.best_effort) {
        return unlimited;
    }
    return resource == Resource::as      ? limits.memory.value_or(unlimited)
           : resource == Resource::nproc ? limits.pids.value_or(unlimited)
                                         : unlimited;
}

// Without an --rlimit of their own.
void hold_by_rlimits(Plan& plan, const Spec& spec, const host::Facts& facts) {
    for (const auto& [resource, option] : {std::pair{Resource::as, "--memory"}, std::pair{Resource::nproc, "--pids"},
                                           std::pair{Resource::cpu, "--cpu-time"}}) {
        const std::uint64_t most = most_of(plan, spec, resource);
        if (most != unlimited && !spec.limits.resources.contains(resource)) {
            const std::uint64_t amount = std::min(most, hard_limit(facts, resource));
            add(plan, resource, {amount, amount}, option);
        }
    }
}

}  // namespace

void plan_priorities(Plan& plan, const Spec& spec, const host::Facts& facts) {
    plan.limits = spec.limits;
    if (const std::optional<int> nice = spec.limits.nice) {
        if (*nice < facts.niceness && *nice < facts.lowest_niceness) {
            throw Error("--nice " + std::to_string(*nice) + ": the caller's own niceness is " +
                        std::to_string(facts.niceness) + ", and a lower one is nobody's to give inside a sandbox")
                .with_fix("nice -n " + std::to_string(*nice - facts.niceness) +
                          " sandbox ..., which root may, or a higher one");
        }
        plan.steps.push_back(Niceness{*nice, std::to_string(*nice), "--nice " + std::to_string(*nice)});
    }
    if (const std::optional<int> score = spec.limits.oom_score) {
        plan.steps.push_back(OomScore{std::to_string(*score), "--oom-score " + std::to_string(*score)});
    }
}

void plan_resources(Plan& plan, const Spec& spec, const host::Facts& facts) {
    for (const auto& [resource, limit] : spec.limits.resources) {
        const std::string name(spec::row(resource).name);
        if (const std::uint64_t hard = hard_limit(facts, resource); limit.hard > hard) {
            throw Error("--rlimit " + as_option(resource, limit) + ": the caller's own hard limit is " +
                        std::to_string(hard) + ", and nobody can raise it inside a sandbox")
                .with_fix("--rlimit " + name + "=" + std::to_string(hard) +
                          ", or raise it where sandbox is started, which root may: prlimit --" + name + "=...");
        }
        if (resource == Resource::nproc && facts.uid == 0) {
            plan.notes.emplace_back(
                "rlimit nproc: where user id 0 inside is root of the host, the kernel does not count its processes");
        }
        // Both are to hold: the lower one does.
        const std::uint64_t most = most_of(plan, spec, resource);
        add(plan, resource, {std::min(limit.soft, most), std::min(limit.hard, most)}, "--rlimit " + name);
    }
    hold_by_rlimits(plan, spec, facts);
}

// The kernel's memory for an entry is not in the size of a tmpfs: entries are limited with it, beside those that the
// sandbox itself makes.
void plan_scratch_size(Plan& plan, const Spec& spec) {
    if (!spec.limits.tmp_size) {
        return;
    }
    MakeScratch* scratch = nullptr;
    std::uint64_t entries = 0;
    for (Step& step : plan.steps) {
        if (auto* found = std::get_if<MakeScratch>(&step)) {
            scratch = found;
        }
        entries += std::holds_alternative<ScratchDirectory>(step) || std::holds_alternative<ScratchFile>(step) ||
                           std::holds_alternative<ScratchSymlink>(step) || std::holds_alternative<ScratchHidden>(step)
                       ? 1
                       : 0;
    }
    if (scratch != nullptr) {
        constexpr std::uint64_t bytes_per_entry = 1024;
        constexpr std::uint64_t of_the_scratch = 16;  // its root, and what no step makes
        scratch->size = std::to_string(*spec.limits.tmp_size);
        scratch->entries = std::to_string(entries + of_the_scratch + *spec.limits.tmp_size / bytes_per_entry);
    }
}

std::string render_limits(const Plan& plan) {
    const Limits& limits = plan.limits;
    std::string text;
    const std::string end = ": SIGTERM, and " + spec::seconds_text(limits.kill_after) + " later the end of everything";
    if (limits.timeout) {
        text += "  timeout " + spec::seconds_text(*limits.timeout) + ", held by the launcher's clock" + end + '\n';
    }
    if (limits.cpu_time) {
        text += "  cpu-time " + spec::seconds_text(*limits.cpu_time) +
                ", held by the launcher, which looks at the processes that run, and by RLIMIT_CPU of each" + end +
                "; time of processes whose end nobody waits for is not seen\n";
    }
    if (limits.output) {
        text += "  max-output " + std::to_string(*limits.output) +
                " bytes, held by the launcher, through which they go: the end of everything\n";
    }
    text += render_cgroup(plan);
    return text.empty() ? text : "limits:\n" + text;
}

std::vector<std::string> limit_lines(const Plan& plan) {
    const std::string text = render_limits(plan);
    std::vector<std::string> lines;
    for (std::size_t at = text.find('\n'); at != std::string::npos && at + 1 < text.size();) {
        const std::size_t start = text.find_first_not_of(' ', at + 1);
        at = text.find('\n', start);
        lines.push_back(text.substr(start, at - start));
    }
    return lines;
}

}  // namespace sandbox::plan
