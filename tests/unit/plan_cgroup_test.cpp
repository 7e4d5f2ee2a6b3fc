// Which cgroup a sandbox gets, on hosts of every kind, and what is said where there is none.
#include "plan/cgroup.hpp"
#include "plan/limits.hpp"
#include "unit/golden.hpp"
#include "unit/planning.hpp"

#include <sandbox/error.hpp>

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using host::CgroupFacts;
using host::CgroupLevel;
using test::default_spec;
using test::FakeHost;
using test::plan_for;
using Names = std::vector<std::string>;

const Names all{"cpuset", "cpu", "io", "memory", "pids"};

Spec limited() {
    Spec spec = default_spec();
    spec.limits.memory = 64U << 20U;
    spec.limits.pids = 10;
    return spec;
}

CgroupLevel level(std::string path, Names enabled, bool inhabited) {
    CgroupLevel made;
    made.path = std::move(path);
    made.usable = true;
    made.controllers = all;
    made.enabled = std::move(enabled);
    made.inhabited = inhabited;
    return made;
}

CgroupFacts with(std::vector<CgroupLevel> levels) {
    CgroupFacts facts;
    facts.own = "/sys/fs/cgroup/a/b";
    facts.levels = std::move(levels);
    return facts;
}

std::string outcome(const Spec& spec, const CgroupFacts& cgroups) {
    FakeHost host;
    host.facts.cgroups = cgroups;
    try {
        const Plan plan = plan_for(spec, host);
        std::string text = render_limits(plan);
        for (const Step& step : plan.steps) {
            if (std::holds_alternative<ResourceLimitStep>(step) || std::holds_alternative<MountCgroup>(step)) {
                text += std::string(step_name(step)) + " " + step_subject(step) + "\n";
            }
        }
        for (const std::string& note : plan.notes) {
            text += note.starts_with("limits") || note.starts_with("memory") ? "note: " + note + "\n" : "";
        }
        return text.empty() ? "nothing\n" : text;
    } catch (const Error& error) {
        return render(error);
    }
}

TEST(PlanCgroup, OnHostsOfEveryKind) {
    CgroupLevel alone = level("/sys/fs/cgroup/a/b", {}, true);
    alone.alone = true;
    CgroupLevel others = level("/sys/fs/cgroup", all, true);
    others.usable = false;
    others.root = true;
    CgroupLevel root = level("/sys/fs/cgroup", {"cpu"}, true);
    root.root = true;
    CgroupLevel poor = level("/sys/fs/cgroup/a", {}, false);
    poor.controllers = {"pids"};
    CgroupFacts unit;
    unit.own = "/sys/fs/cgroup/user.slice/session-1.scope";
    unit.unit = "session-1.scope";
    CgroupFacts manager = unit;
    manager.manager = true;
    CgroupFacts of_system = manager;
    of_system.user = false;
    CgroupLevel scope = level("/sys/fs/cgroup/user.slice/user-7.slice/user@7.service/app.slice/run-1.scope", {}, true);
    scope.alone = true;
    scope.controllers = {"cpu", "memory", "pids"};
    CgroupLevel old = root;
    old.controllers = {};
    CgroupLevel others_old = old;
    others_old.usable = false;

    const std::vector<std::pair<std::string, CgroupFacts>> hosts{
        {"a tree that hands out", with({level("/sys/fs/cgroup/a/b", {}, true), level("/sys/fs/cgroup/a", all, false)})},
        {"a tree that can hand out",
         with({level("/sys/fs/cgroup/a/b", {}, true), level("/sys/fs/cgroup/a", {"pids"}, false)})},
        {"alone in it", with({alone, others})},
        {"root of the machine", with({root})},
        {"others are in it", with({level("/sys/fs/cgroup/a/b", {}, true), others})},
        {"somebody else's", with({others})},
        {"without a controller", with({poor})},
        {"version 1 has the controllers", with({old})},
        {"version 1 has the controllers, and the tree is somebody else's", with({others_old})},
        {"no cgroup2", CgroupFacts()},
        {"another file system over it", with({})},
        {"a session, and no manager", unit},
        {"a session, and a manager", manager},
        {"a service, for root", of_system},
        {"a scope of a manager that was handed little", with({scope})},
    };
    Spec best_effort = limited();
    best_effort.limits.best_effort = true;
    Spec all_of_them = limited();
    all_of_them.limits.swap = 1U << 20U;
    all_of_them.limits.cpus = 1500;
    all_of_them.limits.io_weight = 50;
    all_of_them.limits.cpuset = "0-1";
    Spec reported = default_spec();
    reported.report = "/srv/report";
    std::string text;
    for (const auto& [name, facts] : hosts) {
        text += "== " + name + "\n" + outcome(limited(), facts) + "-- best effort\n" + outcome(best_effort, facts) +
                "-- all of them\n" + outcome(all_of_them, facts) + "-- a report alone\n" + outcome(reported, facts);
    }
    test::expect_golden("cgroups", text);
}

TEST(PlanCgroup, OwnProcessesAreAllowedBesideTheCommands) {
    FakeHost host;
    host.facts.cgroups = with({level("/sys/fs/cgroup/a", all, false)});
    Spec spec = limited();
    EXPECT_EQ(plan_for(spec, host).cgroup->settings.back().value, "11");
    host.facts.has_terminal = true;
    spec.foreground = true;
    EXPECT_EQ(plan_for(spec, host).cgroup->settings.back().value, "12");
}

TEST(PlanCgroup, NobodyInsideGetsACgroupNamespace) {
    for (const auto& change :
         std::vector<std::function<void(Spec&)>>{[](Spec& spec) { spec.own = {Namespace::cgroup}; },
                                                 [](Spec& spec) { spec.allow_namespaces = {Namespace::cgroup}; }}) {
        Spec spec = limited();
        change(spec);
        FakeHost host;
        host.facts.cgroups = with({level("/sys/fs/cgroup/a", all, false)});
        EXPECT_THROW((void)plan_for(spec, host), Error);
    }
}

// Neither is a way to be rid of the other.
TEST(PlanCgroup, OfTwoOptionsForAnRlimitTheLowerOneHolds) {
    const auto limits = [](const Spec& spec) {
        FakeHost host;
        std::string text;
        for (const Step& step : plan_for(spec, host).steps) {
            text += std::holds_alternative<ResourceLimitStep>(step) ? step_subject(step) + "\n" : "";
        }
        return text;
    };
    Spec spec = limited();
    spec.limits.best_effort = true;
    spec.limits.memory = 1000;
    spec.limits.pids = 10;
    spec.limits.cpu_time = std::chrono::seconds(5);
    spec.limits.resources = {
        {Resource::as, {2000, 3000}}, {Resource::nproc, {4, unlimited}}, {Resource::cpu, {unlimited, unlimited}}};
    EXPECT_EQ(limits(spec), "as = 1000:1000\ncpu = 6:6\nnproc = 4:10\n");
}

TEST(PlanCgroup, BestEffortCannotCountRootOfTheHost) {
    FakeHost host;
    host.facts.uid = host.facts.gid = 0;
    host.facts.root.of_host = true;
    Spec spec = default_spec();
    spec.limits.pids = 10;
    spec.limits.best_effort = true;
    EXPECT_NO_THROW((void)plan_for(spec, host));
    spec.map_users = IdSet::real;
    EXPECT_THROW((void)plan_for(spec, host), Error);
}

}  // namespace
}  // namespace sandbox::plan
