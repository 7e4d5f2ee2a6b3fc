// Who the command is: the maps of both user namespaces, by what is granted to the caller.
#include "plan/identity.hpp"
#include "unit/planning.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
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
using Ranges = std::vector<IdRange>;
using Blocks = std::vector<host::IdBlock>;

host::IdFacts granted(const Blocks& blocks, const std::string& file) {
    return {false, {blocks, file, blocks.empty() ? file : "getsubids"}, {{0, 4294967295}}};
}

/// The usual host, where these are granted to ann.
struct GrantingHost : FakeHost {
    GrantingHost(const Blocks& users, const Blocks& groups) {
        facts.users = granted(users, "/etc/subuid");
        facts.group_ids = granted(groups, "/etc/subgid");
    }
};

struct UsualHost : GrantingHost {
    UsualHost() : GrantingHost({{100000, 65536}}, {{200000, 65536}}) {
        tree.file("/etc/passwd",
                  "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:50::/home/bob:/bin/sh\n"
                  "service:x:33:33::/var/www:/bin/false\nbroken:x:many:1::/:/bin/sh\n");
        facts.group = "bin:x:2:bob,ann\nstaff:x:50:\nfar:x:99999:bob\nmore:x:20:ann,bob\n";
    }
};

Spec with_users(const IdMapping& users) {
    Spec spec = default_spec();
    spec.map_users = users;
    return spec;
}

std::string refusal(const Spec& spec, const FakeHost& host) {
    const std::string text = explained(spec, host);
    return text.starts_with("sandbox: ") ? text : "not refused";
}

const ChangeIds* find_ids(const Plan& plan) {
    for (const Step& step : plan.steps) {
        if (const auto* ids = std::get_if<ChangeIds>(&step)) {
            return ids;
        }
    }
    return nullptr;
}

TEST(PlanIdentity, AutomaticIsTheCallerAndWhatIsGranted) {
    const Plan plan = plan_for(with_users(IdSet::automatic), UsualHost());
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 1000, 1}, {1, 100000, 65535}}));
    EXPECT_EQ(plan.guest_maps.users, (Extents{{0, 0, 1}, {1, 1, 65535}}));
    EXPECT_EQ(plan.setup_maps.groups, (Extents{{0, 1000, 1}, {1, 200000, 65535}})) << "groups as well";
    EXPECT_TRUE(plan.users_by_helper && plan.groups_by_helper && plan.setgroups);
    EXPECT_FALSE(plan.command_ids.foreign);
    ASSERT_NE(find_ids(plan), nullptr) << "the caller's supplementary groups are dropped";
    EXPECT_EQ(find_ids(plan)->user, 0U);
    EXPECT_TRUE(find_ids(plan)->set_groups);
}

TEST(PlanIdentity, SmallBlocksFollowEachOther) {
    const Plan plan =
        plan_for(with_users(IdSet::automatic), GrantingHost({{5000, 10}, {900, 200}, {7000, 3}}, {{5000, 70000}}));
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 1000, 1}, {1, 5000, 10}, {11, 900, 100}, {111, 7000, 3}}))
        << "the caller's own id cannot be mapped twice";
    EXPECT_EQ(plan.guest_maps.users, (Extents{{0, 0, 1}, {1, 1, 10}, {11, 11, 100}, {111, 111, 3}}));
    EXPECT_EQ(plan.guest_maps.groups, (Extents{{0, 0, 1}, {1, 1, 65535}})) << "no more than 65536 in all";
}

// The same block by name and by number, and one that goes on where another begins.
TEST(PlanIdentity, BlocksThatOverlap) {
    const Blocks blocks = {{3000, 100}, {3000, 100}, {3050, 100}, {2950, 100}, {3000, 10}};
    const Plan plan = plan_for(with_users(IdSet::subordinate), GrantingHost(blocks, blocks));
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 1000, 1}, {1, 3000, 100}, {101, 3100, 50}, {151, 2950, 50}}));
    EXPECT_EQ(plan.guest_maps.users, (Extents{{0, 0, 1}, {3000, 1, 100}, {3100, 101, 50}, {2950, 151, 50}}));
}

TEST(PlanIdentity, SubordinateIdsKeepTheirNumbers) {
    const Plan plan = plan_for(with_users(IdSet::subordinate), UsualHost());
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 1000, 1}, {1, 100000, 65536}}));
    EXPECT_EQ(plan.guest_maps.users, (Extents{{0, 0, 1}, {100000, 1, 65536}}));
}

// The setup user namespace keeps the caller's own id, by which the host's files are opened.
TEST(PlanIdentity, RangesWithoutTheCaller) {
    Spec spec = with_users(Ranges{{0, 100000, 10}, {1000, 100010, 1}});
    const Plan plan = plan_for(spec, UsualHost());
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 1000, 1}, {1, 100000, 10}, {11, 100010, 1}}));
    EXPECT_EQ(plan.guest_maps.users, (Extents{{0, 1, 10}, {1000, 11, 1}}));
    EXPECT_EQ(plan.command_ids.user, 0U) << "root of the inside";
    EXPECT_EQ(plan.command_ids.setup_user, 1U);
    EXPECT_TRUE(plan.command_ids.foreign);
    EXPECT_FALSE(plan.setgroups) << "no group ids were asked for";
    EXPECT_EQ(plan.setup_maps.groups, (Extents{{0, 1000, 1}}));
    EXPECT_TRUE(std::ranges::any_of(plan.steps, [](const Step& step) {
        const auto* owner = std::get_if<ChangeOwner>(&step);
        return owner != nullptr && owner->target == "/home/ann" && owner->user == 1 && owner->group == 0;
    })) << "its home is its own";
}

TEST(PlanIdentity, RangesWithTheCaller) {
    Spec spec = with_users(Ranges{{500, 1000, 1}, {0, 100000, 10}});
    spec.map_groups = Ranges{{5, 1000, 1}};
    const Plan plan = plan_for(spec, UsualHost());
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 1000, 1}, {1, 100000, 10}}));
    EXPECT_EQ(plan.guest_maps.users, (Extents{{500, 0, 1}, {0, 1, 10}}));
    EXPECT_EQ(plan.command_ids.user, 500U) << "the caller stays who it is";
    EXPECT_FALSE(plan.command_ids.foreign);
    EXPECT_FALSE(plan.groups_by_helper || plan.setgroups) << "one's own group needs no helper";
    EXPECT_EQ(plan.command_ids.group, 5U);
}

TEST(PlanIdentity, WhoMayMapAllNeedsNoHelper) {
    UsualHost host;
    host.facts.users.may_map_all = host.facts.group_ids.may_map_all = true;
    const Plan plan = plan_for(with_users(IdSet::all), host);
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 0, 4294967295}}));
    EXPECT_EQ(plan.guest_maps.users, (Extents{{0, 0, 4294967295}}));
    EXPECT_FALSE(plan.users_by_helper || plan.groups_by_helper);
    EXPECT_TRUE(plan.setgroups);
    host.facts.users.own = {{0, 1001}};
    EXPECT_EQ(refusal(with_users(Ranges{{0, 1000, 2}}), host),
              "sandbox: --map-users 0:1000:2: this user namespace does not have the user ids 1000..1001; it has "
              "0..1000\n"
              "  fix: a range that it has\n");
}

TEST(PlanIdentity, WhatIsNotGranted) {
    EXPECT_EQ(refusal(with_users(IdSet::automatic), GrantingHost({}, {})),
              "sandbox: --map-users auto: no user ids are granted to ann: /etc/subuid has no line for it\n"
              "  fix: as root: echo ann:100000:65536 >> /etc/subuid, where nobody else has these ids\n");
    EXPECT_EQ(refusal(with_users(IdSet::automatic), GrantingHost({{100000, 65536}}, {})),
              "sandbox: --map-groups auto: no group ids are granted to ann: /etc/subgid has no line for it\n"
              "  fix: as root: echo ann:100000:65536 >> /etc/subgid, where nobody else has these ids\n");
    EXPECT_EQ(refusal(with_users(IdSet::all), UsualHost()),
              "sandbox: --map-users all: only root may map every user id\n"
              "  fix: --map-users auto, for those that are granted to you\n");
    EXPECT_EQ(refusal(with_users(Ranges{{0, 165535, 2}}), UsualHost()),
              "sandbox: --map-users 0:165535:2: the user ids 165535..165536 are not granted to ann; getsubids lists: "
              "100000..165535\n"
              "  fix: as root: echo ann:165535:2 >> /etc/subuid, where nobody else has these ids\n");
    EXPECT_EQ(refusal(with_users(Ranges{{7, 100000, 1}}), UsualHost()),
              "sandbox: --map-users: neither the caller's own user id nor 0 is inside: the command would have no id\n"
              "  fix: --user UID:GID says which it has\n");
}

TEST(PlanIdentity, AUserOfTheInside) {
    Spec spec = with_users(IdSet::automatic);
    spec.user = "bob";
    const Plan plan = plan_for(spec, UsualHost());
    EXPECT_EQ(plan.command_ids.user, 1001U);
    EXPECT_EQ(plan.command_ids.group, 50U);
    EXPECT_EQ(plan.command_ids.groups, (std::vector<std::uint32_t>{2, 20})) << "99999 is none of the inside's";
    EXPECT_TRUE(plan.command_ids.foreign);
    const auto& environment = std::get<Execute>(plan.steps.back()).environment;
    for (const char* variable : {"HOME=/home/bob", "USER=bob", "LOGNAME=bob"}) {
        EXPECT_NE(std::ranges::find(environment, variable), environment.end()) << variable;
    }
    EXPECT_TRUE(std::ranges::any_of(plan.steps, [](const Step& step) {
        const auto* owner = std::get_if<ChangeOwner>(&step);
        return owner != nullptr && owner->target == "/home/bob" && owner->user == 1001 && owner->group == 50;
    }));

    spec.user = "33:staff";
    EXPECT_EQ(plan_for(spec, UsualHost()).command_ids.user, 33U);
    EXPECT_EQ(plan_for(spec, UsualHost()).command_ids.group, 50U);
    spec.user = "4321";
    EXPECT_EQ(plan_for(spec, UsualHost()).command_ids.group, 4321U) << "as its own";
    spec.user = "4321:7";
    EXPECT_EQ(plan_for(spec, UsualHost()).command_ids.group, 7U);
}

TEST(PlanIdentity, WithoutRangesTheCallerUnderAnotherNumber) {
    Spec spec = default_spec();
    spec.user = "bob";
    Plan plan = plan_for(spec, UsualHost());
    EXPECT_EQ(plan.setup_maps.users, (Extents{{0, 1000, 1}}));
    EXPECT_EQ(plan.guest_maps.users, (Extents{{1001, 0, 1}}));
    EXPECT_EQ(plan.guest_maps.groups, (Extents{{50, 0, 1}}));
    EXPECT_EQ(find_ids(plan), nullptr) << "nothing to change";
    spec.user = "4294967294";
    plan = plan_for(spec, UsualHost());
    EXPECT_EQ(plan.guest_maps.users, (Extents{{4294967294, 0, 1}}));
}

TEST(PlanIdentity, UsersThatAreNone) {
    Spec spec = with_users(IdSet::automatic);
    spec.user = "nobody-here";
    EXPECT_EQ(refusal(spec, UsualHost()),
              "sandbox: --user nobody-here: /etc/passwd inside has no user nobody-here\n"
              "  fix: a user that it has, or a number: --user 1000:1000\n");
    spec.user = "broken";
    EXPECT_NE(refusal(spec, UsualHost()).find("has no user broken"), std::string::npos);
    spec.user = "bob:nogroup";
    EXPECT_EQ(refusal(spec, UsualHost()),
              "sandbox: --user bob:nogroup: /etc/group inside has no group nogroup\n"
              "  fix: a group that it has, or a number\n");
    spec.user = "4294967295";
    EXPECT_NE(refusal(spec, UsualHost()).find("has no user 4294967295"), std::string::npos);
    spec.user = "70000";
    EXPECT_EQ(refusal(spec, UsualHost()),
              "sandbox: --user: user id 70000 is none of the inside's\n"
              "  fix: --map-users with a range that holds it, as 70000:OUT:1\n");
}

}  // namespace
}  // namespace sandbox::plan
