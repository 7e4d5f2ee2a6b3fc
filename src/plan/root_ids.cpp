#include "plan/root_ids.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <string>

namespace sandbox::plan {
namespace {

constexpr std::uint32_t private_count = 65536;
// Where root is granted none: above those of systemd's containers, below 2^31.
constexpr host::IdBlock private_block{2130706432, private_count};

bool is(const std::optional<IdMapping>& mapping, IdSet set) {
    const auto* given = mapping ? std::get_if<IdSet>(&*mapping) : nullptr;
    return given != nullptr && *given == set;
}

host::IdBlock block_of(const std::vector<host::IdBlock>& granted) {
    const auto large =
        std::ranges::find_if(granted, [](const host::IdBlock& block) { return block.count >= private_count; });
    return large == granted.end() ? private_block : host::IdBlock{large->start, private_count};
}

std::string text(const host::IdBlock& block) {
    return std::to_string(block.start) + ".." + std::to_string(block.start + (block.count - 1));
}

// Whether `own` of the host is one of the guest's.
bool leads_to(const std::vector<IdExtent>& guest, const std::vector<IdExtent>& setup, std::uint32_t own) {
    return std::ranges::any_of(setup, [&](const IdExtent& extent) {
        if (own < extent.outside || own - extent.outside >= extent.count) {
            return false;
        }
        const std::uint32_t id = extent.inside + (own - extent.outside);
        return std::ranges::any_of(
            guest, [id](const IdExtent& inner) { return inner.outside <= id && id - inner.outside < inner.count; });
    });
}

bool is_many(const std::vector<IdExtent>& extents) {
    return extents.size() > 1 || (extents.size() == 1 && extents.front().count > 1);
}

}  // namespace

bool asks_for_ids(const std::optional<IdMapping>& mapping) {
    return mapping && !is(mapping, IdSet::isolated) && !is(mapping, IdSet::real);
}

bool asks_for_real_ids(const Spec& spec) {
    return is(spec.map_users, IdSet::real);
}

bool is_real(const Spec& spec, const host::Facts& facts) {
    return asks_for_real_ids(spec) && facts.uid == 0 && !spec.uid && !spec.gid && !facts.joins_below;
}

bool is_private(const Spec& spec, const host::Facts& facts) {
    const bool asked = is(spec.map_users, IdSet::isolated);
    if (asked && !facts.root.of_host) {
        throw Error(std::string("--map-users private: ") +
                    (facts.uid == 0 ? "root here is not root of the host" : "this is for root of the host") +
                    ", and the ids inside are none of root's in any case")
            .with_fix("leave it out; --map-users auto maps more ids than the caller's own");
    }
    if (facts.joins_below && !facts.root.joined) {
        if (asked) {
            throw Error(
                "--map-users private: a sandbox that is made in another one's user namespace (--join) has one id "
                "of that")
                .with_fix("leave it out");
        }
        return false;
    }
    if (!asked && (!facts.root.of_host || spec.map_users || spec.map_groups || spec.only)) {
        return false;
    }
    if (!facts.root.lacks.empty()) {
        throw Error("cannot give the inside ids that are not those of root (--map-users private): " + facts.root.lacks)
            .with_fix("--map-users real, with which root inside is root of the host; or start it as an ordinary user");
    }
    return true;
}

void plan_private(Plan& plan, const host::Facts& facts, bool single) {
    const std::optional<host::JoinedRoot>& joined = facts.root.joined;
    const host::IdBlock users = joined ? host::IdBlock{joined->user, 1} : block_of(facts.root.users);
    const host::IdBlock groups = joined ? host::IdBlock{joined->group, 1} : block_of(facts.root.groups);
    CommandIds& ids = plan.command_ids;
    plan.private_ids = true;
    plan.notes.push_back("ids: root inside is not root of the host; there, its user ids are " + text(users) +
                         " and its group ids " + text(groups));
    if (single || joined || ids.user >= private_count || ids.group >= private_count) {
        plan.setup_maps = {{{0, users.start, 1}}, {{0, groups.start, 1}}};
        plan.guest_maps = {{{ids.user, 0, 1}}, {{ids.group, 0, 1}}};
        ids.host_user = users.start;
        ids.host_group = groups.start;
        ids.groups.clear();
        return;
    }
    plan.setup_maps = {{{0, users.start, users.count}}, {{0, groups.start, groups.count}}};
    plan.guest_maps = {{{0, 0, users.count}}, {{0, 0, groups.count}}};
    plan.setgroups = true;
    ids.setup_user = ids.user;
    ids.setup_group = ids.group;
    ids.host_user = users.start + ids.user;
    ids.host_group = groups.start + ids.group;
    ids.foreign = ids.user != 0 || ids.group != 0;
    std::erase_if(ids.groups, [&](std::uint32_t group) { return group == ids.group || group >= private_count; });
}

void note_root(Plan& plan, const Spec& spec, const host::Facts& facts) {
    const bool many = is_many(plan.guest_maps.users) || is_many(plan.guest_maps.groups);
    if (facts.root.of_host && leads_to(plan.guest_maps.users, plan.setup_maps.users, facts.uid)) {
        plan.notes.push_back(
            "ids: root inside is root of the host, which is weaker than --map-users private: it " +
            std::string(many ? "has power over the files of every id that is mapped" : "owns root's files") +
            ", and read-only mounts are all that keeps it from the kernel's settings");
    } else if (many && asks_for_real_ids(spec)) {
        plan.notes.emplace_back(
            "ids: root inside is root of this user namespace, which is weaker than the default, its own id alone: it "
            "has power over the files of every id that is mapped");
    }
    if (!is_real(spec, facts)) {
        return;
    }
    if (!facts.users.may_map_all) {
        plan.notes.emplace_back("ids: root's is the only user id inside, as root lacks CAP_SETUID to map others");
    }
    if (!facts.group_ids.may_map_all) {
        plan.notes.emplace_back("ids: root's is the only group id inside, as root lacks CAP_SETGID to map others");
    }
}

}  // namespace sandbox::plan
