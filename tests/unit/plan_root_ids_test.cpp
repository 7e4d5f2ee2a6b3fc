// Root of the host: whose ids the inside has, and which mounts keep their owners.
#include "plan/root_ids.hpp"
#include "run/id_mapped.hpp"
#include "unit/golden.hpp"
#include "unit/planning.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using test::default_spec;
using test::explained;
using test::FakeHost;
using test::plan_for;
using Extents = std::vector<IdExtent>;

struct RootsHost : FakeHost {
    RootsHost() {
        facts.uid = facts.gid = 0;
        facts.root.of_host = true;
        set("HOME", "/root");
    }
};

/// Root that may map what it has: every id, but with `lacks` set.
struct CapableHost : RootsHost {
    CapableHost() {
        facts.users.may_map_all = facts.group_ids.may_map_all = true;
        facts.users.own = facts.group_ids.own = {{0, 4294967295}};
    }
};

Spec with(const std::function<void(Spec&)>& change) {
    Spec spec = default_spec();
    change(spec);
    return spec;
}

bool has_note(const Plan& plan, const std::string& start) {
    return std::ranges::any_of(plan.notes, [&](const std::string& note) { return note.starts_with(start); });
}

/// By target: the option that a bind keeps its owners for.
std::map<std::string, std::string> id_mapped(const Plan& plan) {
    std::map<std::string, std::string> found;
    for (const Step& step : plan.steps) {
        const auto* bind = std::get_if<BindMount>(&step);
        if (bind != nullptr && bind->id_mapped >= 0) {
            const IdMapped& owners = plan.id_mapped.at(static_cast<std::size_t>(bind->id_mapped));
            found[bind->target] =
                owners.top.asked + (owners.plain ? " plain" : "") + (owners.optional ? " optional" : "");
        }
    }
    return found;
}
using Found = std::map<std::string, std::string>;

TEST(RootIds, AreNobodysByDefault) {
    const Plan plan = plan_for(default_spec(), RootsHost());
    EXPECT_TRUE(plan.private_ids);
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 2130706432, 65536}}));
    EXPECT_EQ(plan.setup_maps.groups, (Extents{{0, 2130706432, 65536}}));
    EXPECT_EQ(plan.guest_maps.users, (Extents{{0, 0, 65536}}));
    EXPECT_TRUE(plan.setgroups);
    EXPECT_TRUE(has_note(plan,
                         "ids: root inside is not root of the host; there, its user ids are "
                         "2130706432..2130771967 and its group ids 2130706432..2130771967"));
    EXPECT_EQ(explained(default_spec(), RootsHost()),
              explained(with([](Spec& spec) { spec.map_users = IdSet::isolated; }), RootsHost()));
}

TEST(RootIds, AreThoseThatRootIsGranted) {
    RootsHost host;
    host.facts.root.users = {{5, 65535}, {100000, 70000}, {300000, 65536}};
    host.facts.root.groups = {{7, 2}};
    const Plan plan = plan_for(default_spec(), host);
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 100000, 65536}}));
    EXPECT_EQ(plan.setup_maps.groups, (Extents{{0, 2130706432, 65536}}));
    EXPECT_EQ(plan.command_ids.host_user, 100000U);
}

TEST(RootIds, AreRootsOwnWhereThatIsSaid) {
    for (const Spec& spec : {with([](Spec& wanted) { wanted.map_users = IdSet::real; }),
                             with([](Spec& wanted) { wanted.only = NamespaceSet{Namespace::net}; })}) {
        const Plan plan = plan_for(spec, RootsHost());
        EXPECT_FALSE(plan.private_ids);
        EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 0, 1}}));
        EXPECT_TRUE(has_note(plan,
                             "ids: root inside is root of the host, which is weaker than --map-users private: it owns "
                             "root's files"));
    }
    const CapableHost host;
    const auto ranges = [](const IdRange& range) {
        return with([range](Spec& spec) { spec.map_users = std::vector<IdRange>{range}; });
    };
    EXPECT_TRUE(has_note(plan_for(ranges({0, 0, 10}), host), "ids: root inside is root of the host"));
    EXPECT_FALSE(has_note(plan_for(ranges({0, 100000, 10}), host), "ids: root inside is root of the host"));
}

TEST(RootIds, RealIsEveryIdAsItself) {
    const Spec real = with([](Spec& spec) {
        spec.map_users = IdSet::real;
        spec.mounts = {test::rw("/home/ann/project")};
    });
    const Plan plan = plan_for(real, CapableHost());
    for (const IdMaps& maps : {plan.setup_maps, plan.guest_maps}) {
        EXPECT_EQ(maps.users, (Extents{{0, 0, 4294967295}}));
        EXPECT_EQ(maps.groups, (Extents{{0, 0, 4294967295}}));
    }
    EXPECT_FALSE(plan.private_ids || plan.users_by_helper || plan.groups_by_helper || plan.command_ids.foreign);
    EXPECT_TRUE(plan.setgroups);
    EXPECT_EQ(id_mapped(plan), Found{});
    test::expect_golden(
        "map_users_real",
        test::difference(
            explained(with([](Spec& spec) { spec.mounts = {test::rw("/home/ann/project")}; }), CapableHost()),
            explained(real, CapableHost())));
}

TEST(RootIds, RealIsWhatRootOfAContainerHas) {
    CapableHost contained;
    contained.facts.root.of_host = false;
    contained.facts.gid = 5;
    contained.facts.users.own = {{0, 1000}, {5000, 10}};
    contained.facts.group_ids.own = {{0, 65536}};
    const Plan plan = plan_for(with([](Spec& spec) { spec.map_users = IdSet::real; }), contained);
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 0, 1000}, {1000, 5000, 10}}));
    EXPECT_EQ(plan.guest_maps.users, (Extents{{0, 0, 1000}, {5000, 1000, 10}}));
    EXPECT_EQ(plan.guest_maps.groups, (Extents{{0, 0, 65536}}));
    EXPECT_EQ(plan.command_ids.group, 5U);
    EXPECT_FALSE(plan.command_ids.foreign);
    EXPECT_TRUE(has_note(plan, "ids: root inside is root of this user namespace, which is weaker than the default"));
    EXPECT_FALSE(has_note(plan, "ids: root inside is root of the host"));
}

// A user namespace with no id but root's own, as unshare -r makes it: there is nothing more to have, nor to tell.
TEST(RootIds, RealMayBeOneId) {
    CapableHost contained;
    contained.facts.root.of_host = false;
    contained.facts.users.own = contained.facts.group_ids.own = {{0, 1}};
    const Plan plan = plan_for(with([](Spec& spec) { spec.map_users = IdSet::real; }), contained);
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 0, 1}}));
    EXPECT_FALSE(plan.setgroups);
    EXPECT_FALSE(has_note(plan, "ids:"));
}

TEST(RootIds, RealIsRootAloneWithoutTheCapability) {
    const Spec real = with([](Spec& spec) { spec.map_users = IdSet::real; });
    CapableHost host;
    host.facts.users.may_map_all = false;
    Plan plan = plan_for(real, host);
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 0, 1}}));
    EXPECT_EQ(plan.setup_maps.groups, (Extents{{0, 0, 4294967295}}));
    EXPECT_FALSE(plan.users_by_helper);
    EXPECT_TRUE(has_note(plan, "ids: root's is the only user id inside, as root lacks CAP_SETUID"));
    EXPECT_FALSE(has_note(plan, "ids: root's is the only group id inside"));
    host.facts.group_ids.may_map_all = false;
    plan = plan_for(real, host);
    EXPECT_EQ(plan.setup_maps.groups, (Extents{{0, 0, 1}}));
    EXPECT_FALSE(plan.setgroups || plan.groups_by_helper);
    EXPECT_TRUE(has_note(plan, "ids: root's is the only group id inside, as root lacks CAP_SETGID"));
}

// A number for root's own id, or another sandbox's user namespace: one id.
TEST(RootIds, RealIsRootAloneUnderAnotherNumber) {
    for (const Spec& spec :
         {with([](Spec& wanted) { wanted.uid = 7U; }), with([](Spec& wanted) { wanted.gid = 7U; })}) {
        Spec real = spec;
        real.map_users = IdSet::real;
        const Plan plan = plan_for(real, CapableHost());
        EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 0, 1}}));
        EXPECT_EQ(plan.setup_maps.groups, (Extents{{0, 0, 1}}));
        EXPECT_EQ(plan.guest_maps.users.front().inside, real.uid ? 7U : 0U);
    }
    CapableHost joining;
    joining.facts.joins_below = true;
    EXPECT_EQ(plan_for(with([](Spec& spec) { spec.map_users = IdSet::real; }), joining).setup_maps.users,
              (Extents{{0, 0, 1}}));
}

TEST(RootIds, RealMayBeAnyUser) {
    const Plan plan = plan_for(with([](Spec& spec) {
                                   spec.map_users = IdSet::real;
                                   spec.user = "33:44";
                               }),
                               CapableHost());
    EXPECT_EQ(plan.command_ids.setup_user, 33U);
    EXPECT_EQ(plan.command_ids.setup_group, 44U);
    EXPECT_TRUE(plan.command_ids.foreign);
}

TEST(RootIds, TheCommandMayBeAnother) {
    Plan plan = plan_for(with([](Spec& spec) { spec.user = "33:44"; }), RootsHost());
    EXPECT_EQ(plan.command_ids.user, 33U);
    EXPECT_EQ(plan.command_ids.setup_group, 44U);
    EXPECT_EQ(plan.command_ids.host_user, 2130706432U + 33);
    EXPECT_TRUE(plan.command_ids.foreign);
    for (const Spec& spec :
         {with([](Spec& wanted) { wanted.uid = 4321U; }), with([](Spec& wanted) { wanted.user = "65536:1"; })}) {
        plan = plan_for(spec, RootsHost());
        EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 2130706432, 1}}));
        EXPECT_EQ(plan.guest_maps.users.front().outside, 0U);
        EXPECT_FALSE(plan.command_ids.foreign);
        EXPECT_FALSE(plan.setgroups);
    }
}

TEST(RootIds, NobodyElseHasThem) {
    const Spec asked = with([](Spec& spec) { spec.map_users = IdSet::isolated; });
    EXPECT_TRUE(explained(asked).starts_with("sandbox: --map-users private: this is for root of the host"));
    RootsHost contained;
    contained.facts.root.of_host = false;
    EXPECT_TRUE(
        explained(asked, contained).starts_with("sandbox: --map-users private: root here is not root of the host"));
    EXPECT_EQ(plan_for(default_spec(), contained).setup_maps.users, (Extents{{0, 0, 1}}));
    EXPECT_EQ(explained(with([](Spec& spec) { spec.map_users = IdSet::real; })), explained(default_spec()));
}

TEST(RootIds, WhatIsLackingIsSaid) {
    RootsHost host;
    host.facts.root.lacks = "root lacks CAP_SYS_ADMIN";
    EXPECT_EQ(explained(default_spec(), host),
              "sandbox: cannot give the inside ids that are not those of root (--map-users private): root lacks "
              "CAP_SYS_ADMIN\n"
              "  fix: --map-users real, with which root inside is root of the host; or start it as an ordinary user\n");
    EXPECT_FALSE(plan_for(with([](Spec& spec) { spec.map_users = IdSet::real; }), host).private_ids);
}

TEST(RootIds, WhatIsAskedForKeepsItsOwners) {
    RootsHost host;
    host.tree.directory("/srv/a/b");
    host.tree.file("/srv/a/secret");
    const Plan plan = plan_for(with([](Spec& spec) {
                                   Bind maybe = test::ro("/srv/a", "/mnt");
                                   maybe.optional = true;
                                   spec.mounts = {test::rw("/srv/a"), maybe, sandbox::Hide{"/mnt/secret"}};
                               }),
                               host);
    EXPECT_EQ(id_mapped(plan), (Found{{"/home/ann/project", " optional"},
                                      {"/mnt/b", "--ro-try /srv/a:/mnt optional"},
                                      {"/srv/a", "--rw /srv/a"}}));
    EXPECT_EQ(id_mapped(plan_for(with([](Spec& spec) { spec.mounts = {test::rw("/srv")}; }))), Found{})
        << "an ordinary user's mounts";
}

TEST(RootIds, ATreeKeepsItsNumbers) {
    RootsHost host;
    for (const char* name : {"bin", "etc", "tmp", "proc"}) {
        host.tree.directory(std::string("/srv/tree/") + name);
    }
    const Plan plan = plan_for(with([](Spec& spec) { spec.root = "/srv/tree"; }), host);
    EXPECT_EQ(id_mapped(plan), (Found{{"/bin", "--root /srv/tree plain"}, {"/etc", "--root /srv/tree plain"}}));
}

TEST(RootIds, OwnerChangesPlacesWithTheCommand) {
    using run::owner_map;
    const IdExtent block{0, 1000000, 65536};
    EXPECT_EQ(owner_map(block, 0, 0), (Extents{{0, 1000000, 65536}}));
    EXPECT_EQ(owner_map(block, 1001, 0),
              (Extents{{0, 1001001, 1}, {1, 1000001, 1000}, {1001, 1000000, 1}, {1002, 1001002, 64534}}));
    EXPECT_EQ(owner_map(block, 1, 0), (Extents{{0, 1000001, 1}, {1, 1000000, 1}, {2, 1000002, 65534}}));
    EXPECT_EQ(owner_map(block, 65535, 65534), (Extents{{0, 1000000, 65534}, {65534, 1065535, 1}, {65535, 1065534, 1}}));
    EXPECT_EQ(owner_map(block, 1200000, 0), (Extents{{1, 1000001, 65535}, {1200000, 1000000, 1}}));
    EXPECT_EQ(owner_map({0, 1000000, 1}, 1001, 0), (Extents{{1001, 1000000, 1}}));
}

}  // namespace
}  // namespace sandbox::plan
