#include "plan/identity.hpp"

#include "plan/root_file.hpp"
#include "plan/root_ids.hpp"
#include "spec/escape.hpp"
#include "spec/passwd.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace sandbox::plan {
namespace {

constexpr std::uint32_t most_automatic = 65535;  // beside 0, as most programs think of ids

// What differs between users and groups.
struct Kind {
    const char* option;
    const char* what;   // for people
    std::uint32_t own;  // the caller's
    const host::IdFacts& facts;
};

std::string caller_name(const host::Facts& facts) {
    return spec::passwd_name(facts.passwd, facts.uid).value_or(std::to_string(facts.uid));
}

std::string text(std::uint32_t start, std::uint64_t count) {
    return std::to_string(start) + (count > 1 ? ".." + std::to_string(start + count - 1) : std::string());
}

std::string text(const std::vector<host::IdBlock>& blocks) {
    std::string list;
    for (const host::IdBlock& block : blocks) {
        list += (list.empty() ? "" : ", ") + text(block.start, block.count);
    }
    return list.empty() ? "none" : list;
}

// The line to add, and as whom.
std::string grant(const Kind& kind, const host::Facts& facts, std::uint32_t start, std::uint32_t count) {
    return "as root: echo " + spec::escaped(caller_name(facts)) + ':' + std::to_string(start) + ':' +
           std::to_string(count) + " >> " + kind.facts.subordinate.file + ", where nobody else has these ids";
}

constexpr std::uint32_t example_start = 100000;  // where useradd(8) begins
constexpr std::uint32_t example_count = 65536;

// Whether the caller may map it: newuidmap(1) takes blocks one by one.
bool is_granted(const Kind& kind, const IdRange& range) {
    if (range.outside == kind.own && range.count == 1) {
        return true;
    }
    const std::vector<host::IdBlock>& blocks = kind.facts.may_map_all ? kind.facts.own : kind.facts.subordinate.blocks;
    return std::ranges::any_of(blocks, [&](const host::IdBlock& block) {
        return block.start <= range.outside &&
               std::uint64_t{range.outside} + range.count <= std::uint64_t{block.start} + block.count;
    });
}

void check_granted(const Kind& kind, const host::Facts& facts, const std::vector<IdRange>& ranges) {
    for (const IdRange& range : ranges) {
        if (is_granted(kind, range)) {
            continue;
        }
        const std::string asked = std::string(kind.option) + ' ' + std::to_string(range.inside) + ':' +
                                  std::to_string(range.outside) + ':' + std::to_string(range.count);
        if (kind.facts.may_map_all) {
            throw Error(asked + ": this user namespace does not have the " + kind.what + " ids " +
                        text(range.outside, range.count) + "; it has " + text(kind.facts.own))
                .with_fix("a range that it has");
        }
        throw Error(asked + ": the " + kind.what + " ids " + text(range.outside, range.count) + " are not granted to " +
                    spec::escaped(caller_name(facts)) + "; " + kind.facts.subordinate.asked +
                    " lists: " + text(kind.facts.subordinate.blocks))
            .with_fix(grant(kind, facts, range.outside, range.count));
    }
}

// What of the granted blocks can be mapped: no id twice, nor the caller's own. The same block often stands in the file
// by name and by number. One line of the kernel's 340 is the caller's.
std::vector<host::IdBlock> usable(const Kind& kind) {
    constexpr std::size_t most = 339;
    std::vector<host::IdBlock> taken = {{kind.own, 1}};
    for (const host::IdBlock& block : kind.facts.subordinate.blocks) {
        std::uint64_t start = block.start;
        std::uint64_t end = start + block.count;
        for (const host::IdBlock& other : taken) {
            const std::uint64_t other_end = std::uint64_t{other.start} + other.count;
            if (start < other_end && other.start < end) {
                (start >= other.start ? start : end) = start >= other.start ? other_end : other.start;
            }
        }
        if (start < end && taken.size() <= most) {
            taken.push_back({static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(end - start)});
        }
    }
    taken.erase(taken.begin());
    return taken;
}

std::vector<IdRange> automatic(const Kind& kind) {
    std::vector<IdRange> ranges = {{0, kind.own, 1}};
    std::uint32_t inside = 1;
    for (const host::IdBlock& block : usable(kind)) {
        const std::uint32_t count = std::min(block.count, most_automatic + 1 - inside);
        if (count > 0) {
            ranges.push_back({inside, block.start, count});
            inside += count;
        }
    }
    return ranges;
}

std::vector<IdRange> subordinate(const Kind& kind) {
    std::vector<IdRange> ranges = {{0, kind.own, 1}};
    for (const host::IdBlock& block : usable(kind)) {
        if (block.start > 0) {  // 0 is the caller inside
            ranges.push_back({block.start, block.start, block.count});
        }
    }
    return ranges;
}

// Every id of the caller's user namespace, each as itself.
std::vector<IdRange> unchanged(const Kind& kind) {
    std::vector<IdRange> ranges;
    for (const host::IdBlock& block : kind.facts.own) {
        ranges.push_back({block.start, block.start, block.count});
    }
    return ranges;
}

std::vector<IdRange> all(const Kind& kind) {
    if (!kind.facts.may_map_all) {
        throw Error(std::string(kind.option) + " all: only root may map every " + kind.what + " id")
            .with_fix(std::string(kind.option) + " auto, for those that are granted to you");
    }
    return unchanged(kind);
}

// Without the capability the kernel takes a map of the caller's own id alone; and without /proc none at all, which is
// said where it is written. Fewer ids protect no less.
std::vector<IdRange> real(const Kind& kind) {
    return kind.facts.may_map_all && !kind.facts.own.empty() ? unchanged(kind)
                                                             : std::vector<IdRange>{{kind.own, kind.own, 1}};
}

std::vector<IdRange> ranges_of(const Kind& kind, const host::Facts& facts, const IdMapping& mapping) {
    if (const auto* ranges = std::get_if<std::vector<IdRange>>(&mapping)) {
        check_granted(kind, facts, *ranges);
        return *ranges;
    }
    const IdSet set = std::get<IdSet>(mapping);
    if (set == IdSet::all) {
        return all(kind);
    }
    if (set == IdSet::real) {
        return real(kind);
    }
    std::vector<IdRange> ranges = set == IdSet::automatic ? automatic(kind) : subordinate(kind);
    if (ranges.size() == 1) {
        throw Error(std::string(kind.option) + (set == IdSet::automatic ? " auto: " : " subids: ") + "no " + kind.what +
                    " ids are granted to " + spec::escaped(caller_name(facts)) + ": " + kind.facts.subordinate.file +
                    " has no line for it")
            .with_fix(grant(kind, facts, example_start, example_count));
    }
    return ranges;
}

bool holds(const IdRange& range, std::uint32_t id) {
    return range.outside <= id && id - range.outside < range.count;
}

struct Extents {
    std::vector<IdExtent> setup;
    std::vector<IdExtent> guest;
};

// The setup user namespace always has the caller's own id, by which the host's files are opened, and numbers from 0 up,
// as devpts asks for 0. The guest's numbers lead to those: extent for extent, as one of the guest's must lie in one of
// the setup's.
Extents extents(const std::vector<IdRange>& ranges, std::uint32_t own) {
    Extents maps;
    std::uint32_t next = 0;
    if (std::ranges::none_of(ranges, [own](const IdRange& range) { return holds(range, own); })) {
        maps.setup.push_back({next++, own, 1});
    }
    for (const IdRange& range : ranges) {
        maps.setup.push_back({next, range.outside, range.count});
        maps.guest.push_back({range.inside, next, range.count});
        next += range.count;
    }
    return maps;
}

std::uint32_t inside_id(const std::optional<InsideId>& wanted, std::uint32_t own) {
    if (!wanted) {
        return 0;
    }
    const std::uint32_t* number = std::get_if<std::uint32_t>(&*wanted);
    return number != nullptr ? *number : own;
}

std::optional<std::uint32_t> to_setup(const std::vector<IdExtent>& guest, std::uint32_t id) {
    for (const IdExtent& extent : guest) {
        if (extent.inside <= id && id - extent.inside < extent.count) {
            return extent.outside + (id - extent.inside);
        }
    }
    return std::nullopt;
}

std::optional<std::uint32_t> own_inside(const std::vector<IdRange>& ranges, std::uint32_t own) {
    for (const IdRange& range : ranges) {
        if (holds(range, own)) {
            return range.inside + (own - range.outside);
        }
    }
    return std::nullopt;
}

// Root, where the caller's own id is none of the inside's.
std::uint32_t default_id(const Kind& kind, const std::vector<IdRange>& ranges) {
    if (const std::optional<std::uint32_t> own = own_inside(ranges, kind.own)) {
        return *own;
    }
    if (std::ranges::any_of(ranges, [](const IdRange& range) { return range.inside == 0; })) {
        return 0;
    }
    throw Error(std::string(kind.option) + ": neither the caller's own " + kind.what +
                " id nor 0 is inside: the "
                "command would have no id")
        .with_fix("--user UID:GID says which it has");
}

struct Named {
    std::string name;  // empty where only a number is known
    std::uint32_t user = 0;
    std::optional<std::uint32_t> group;
    std::string home;
};

// NAME|UID[:GROUP|:GID], by the files of the inside.
Named find_user(const std::string& asked, std::string_view passwd, std::string_view groups) {
    const std::size_t colon = asked.find(':');
    const std::string user = asked.substr(0, colon);
    const std::string where = "--user " + spec::escaped(asked);
    Named found;
    const std::optional<std::uint32_t> number = spec::id_of(user);
    const std::optional<spec::PasswdEntry> entry =
        number ? spec::find_user(passwd, *number) : spec::find_user(passwd, user);
    if (!entry && !number) {
        throw Error(where + ": /etc/passwd inside has no user " + spec::escaped(user))
            .with_fix("a user that it has, or a number: --user 1000:1000");
    }
    found.user = entry ? entry->uid : *number;
    if (entry) {
        found.name = entry->name;
        found.group = entry->gid;
        found.home = entry->home;
    }
    if (colon != std::string::npos) {
        const std::string group = asked.substr(colon + 1);
        found.group = spec::id_of(group);
        if (!found.group) {
            found.group = spec::find_group(groups, group);
        }
        if (!found.group) {
            throw Error(where + ": /etc/group inside has no group " + spec::escaped(group))
                .with_fix("a group that it has, or a number");
        }
    }
    return found;
}

// One id, the caller's, under another number.
void plan_single(Plan& plan, const Spec& spec, const host::Facts& facts, const std::optional<Named>& named) {
    plan.setup_maps = {{{0, facts.uid, 1}}, {{0, facts.gid, 1}}};
    plan.command_ids.user = named ? named->user : inside_id(spec.uid, facts.uid);
    plan.command_ids.group = named ? named->group.value_or(named->user) : inside_id(spec.gid, facts.gid);
    plan.guest_maps = {{{plan.command_ids.user, 0, 1}}, {{plan.command_ids.group, 0, 1}}};
}

// What an id of the guest is in the setup user namespace.
std::uint32_t require_inside(const std::vector<IdExtent>& guest, std::uint32_t id, const Kind& kind, bool asked) {
    const std::optional<std::uint32_t> setup = to_setup(guest, id);
    if (!setup) {
        throw Error(std::string(asked ? "--user" : kind.option) + ": " + kind.what + " id " + std::to_string(id) +
                    " is none of the inside's")
            .with_fix(std::string(kind.option) + " with a range that holds it, as " + std::to_string(id) + ":OUT:1");
    }
    return *setup;
}

// Whether `own` of the host is `id` in the setup user namespace.
bool is_own_position(const std::vector<IdExtent>& setup, std::uint32_t own, std::uint32_t id) {
    return std::ranges::any_of(setup, [&](const IdExtent& extent) {
        return extent.outside <= own && own - extent.outside < extent.count &&
               extent.inside + (own - extent.outside) == id;
    });
}

// All about the ids of one kind.
struct Mapped {
    Extents maps;
    bool own_alone = false;  // the caller's own id is the only one
    bool by_helper = false;
    std::uint32_t id = 0;        // the command's
    std::uint32_t setup_id = 0;  // that, as the setup user namespace has it
    bool foreign = false;        // it is not the caller's own
};

// `wanted`: the command's id where --user says so.
Mapped map_ids(const Kind& kind, const host::Facts& facts, const std::optional<IdMapping>& asked,
               std::optional<std::uint32_t> wanted) {
    const std::vector<IdRange> ranges = asked ? ranges_of(kind, facts, *asked) : std::vector<IdRange>{{0, kind.own, 1}};
    Mapped mapped{.maps = extents(ranges, kind.own)};
    const std::vector<IdExtent>& setup = mapped.maps.setup;
    mapped.own_alone = setup.size() == 1 && setup.front().outside == kind.own && setup.front().count == 1;
    mapped.by_helper = !mapped.own_alone && !kind.facts.may_map_all;
    mapped.id = wanted ? *wanted : default_id(kind, ranges);
    mapped.setup_id = require_inside(mapped.maps.guest, mapped.id, kind, wanted.has_value());
    mapped.foreign = !is_own_position(setup, kind.own, mapped.setup_id);
    return mapped;
}

std::vector<std::uint32_t> supplementary(const Named& named, const Mapped& groups, std::string_view text) {
    std::vector<std::uint32_t> found;
    for (const std::uint32_t group : spec::groups_with(text, named.name)) {
        if (group != groups.id && to_setup(groups.maps.guest, group)) {
            found.push_back(group);
        }
    }
    return found;
}

// More ids than the caller's own.
void plan_ranges(Plan& plan, const Spec& spec, const host::Facts& facts, const std::optional<Named>& named,
                 const std::string& groups_text) {
    const std::optional<IdMapping> group_ids = group_mapping(spec);
    std::optional<std::uint32_t> user;
    std::optional<std::uint32_t> group;
    if (named) {
        user = named->user;
        group = named->group.value_or(named->user);
    }
    Mapped users = map_ids({"--map-users", "user", facts.uid, facts.users}, facts, spec.map_users, user);
    Mapped groups = map_ids({"--map-groups", "group", facts.gid, facts.group_ids}, facts, group_ids, group);
    plan.users_by_helper = users.by_helper;
    plan.groups_by_helper = groups.by_helper;
    // Who was granted group ids may drop groups, too: that is what newgidmap(1) stands for.
    plan.setgroups = !groups.own_alone;
    plan.command_ids.user = users.id;
    plan.command_ids.group = groups.id;
    plan.command_ids.setup_user = users.setup_id;
    plan.command_ids.setup_group = groups.setup_id;
    plan.command_ids.foreign = users.foreign || groups.foreign;
    if (named && plan.setgroups) {
        plan.command_ids.groups = supplementary(*named, groups, groups_text);
    }
    plan.setup_maps = {std::move(users.maps.setup), std::move(groups.maps.setup)};
    plan.guest_maps = {std::move(users.maps.guest), std::move(groups.maps.guest)};
}

}  // namespace

std::optional<IdMapping> group_mapping(const Spec& spec) {
    const bool named = spec.map_users && std::holds_alternative<IdSet>(*spec.map_users);
    return !spec.map_groups && named ? spec.map_users : spec.map_groups;
}

void plan_identity(Plan& plan, const Spec& spec, const host::Facts& facts, const host::Tree& tree) {
    std::optional<Named> named;
    std::string groups_text;
    if (spec.user) {
        groups_text = spec.root ? read_of_root(spec, tree, "/etc/group") : facts.group;
        named = find_user(*spec.user, spec.root ? read_of_root(spec, tree, "/etc/passwd") : facts.passwd, groups_text);
        plan.command_ids.home = named->home;
    }
    if (is_private(spec, facts)) {
        plan.command_ids.user = named ? named->user : inside_id(spec.uid, facts.uid);
        plan.command_ids.group = named ? named->group.value_or(named->user) : inside_id(spec.gid, facts.gid);
        if (named) {
            plan.command_ids.groups = spec::groups_with(groups_text, named->name);
        }
        plan_private(plan, facts, spec.uid || spec.gid);
        return;
    }
    const std::optional<IdMapping> group_ids = group_mapping(spec);
    if (plan.maps_of_inherited && (asks_for_ids(spec.map_users) || asks_for_ids(group_ids))) {
        throw Error(std::string(spec.map_users ? "--map-users" : "--map-groups") +
                    ": a sandbox that is made in another one's user namespace (--join) has one id of it")
            .with_fix("leave it out");
    }
    if (asks_for_ids(spec.map_users) || asks_for_ids(group_ids) || is_real(spec, facts)) {
        plan_ranges(plan, spec, facts, named, groups_text);
    } else {
        plan_single(plan, spec, facts, named);
    }
    note_root(plan, spec, facts);
}

}  // namespace sandbox::plan
