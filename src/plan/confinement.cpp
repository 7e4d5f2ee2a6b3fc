#include "plan/confinement.hpp"

#include "spec/capabilities.hpp"
#include "spec/escape.hpp"
#include "spec/namespaces.hpp"
#include "spec/passwd.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

namespace sandbox::plan {
namespace {

// Whether opening it again could give more than the descriptor itself: a file that is open for reading becomes
// writable, one that grows can be overwritten, one that is written can be read.
bool could_become_more(const host::Stream& stream) {
    const bool readable_and_writable = stream.access == O_RDWR && !stream.append;
    const bool sealed = stream.sealed && stream.access != O_WRONLY;
    return S_ISREG(stream.type) && !readable_and_writable && !sealed;
}

[[noreturn]] void refuse_file(const host::Descriptor& descriptor, const std::string& why) {
    throw Error("cannot pass descriptor " + std::to_string(descriptor.number) +
                ": it is a file that could be opened again for more than it was opened for, as " + why)
        .with_fix(
            "open it for reading and writing if that is meant, show the file by --ro or --rw, or pass it as 0, "
            "which goes through a pipe");
}

}  // namespace

void plan_descriptors(Plan& plan, const host::Facts& facts) {
    for (const host::Descriptor& descriptor : facts.descriptors) {
        const host::Stream& stream = descriptor.stream;
        const std::string number = std::to_string(descriptor.number);
        if (!stream.open) {
            throw Error("--fd " + number + ": the descriptor is not open")
                .with_fix("open it where sandbox is started, as in: sandbox --fd " + number + " ... " + number +
                          "<FILE");
        }
        if (S_ISDIR(stream.type)) {
            // The view does not hold there: `..` leads on to everything that the caller can reach.
            throw Error("cannot pass descriptor " + number +
                        ": it is a directory, through which all of the host's files could be reached")
                .with_fix("--ro DIR or --rw DIR shows a directory");
        }
        if (stream.path_only) {
            throw Error("cannot pass descriptor " + number + ": it is open for its path only (O_PATH)")
                .with_fix("open it for what it shall be used for");
        }
        if (!S_ISREG(stream.type) && !S_ISCHR(stream.type) && !S_ISFIFO(stream.type) && !S_ISSOCK(stream.type)) {
            throw Error("cannot pass descriptor " + number +
                        ": it is neither a file, a pipe, a socket nor a "
                        "character device")
                .with_fix("leave --fd " + number + " out");
        }
        if (stream.memory && could_become_more(stream)) {
            refuse_file(descriptor, "Landlock does not know files in memory (memfd_create)");
        }
        plan.passed.push_back(descriptor.number);
    }
}

void check_passed_files(const host::Facts& facts) {
    const auto bad = std::ranges::find_if(
        facts.descriptors, [](const host::Descriptor& descriptor) { return could_become_more(descriptor.stream); });
    if (bad != facts.descriptors.end()) {
        refuse_file(*bad, "Landlock is not there to guard it");
    }
}

void note_open_scopes(Plan& plan) {
    const bool scoped = std::ranges::any_of(plan.steps, [](const Step& step) {
        const Landlock* landlock = std::get_if<Landlock>(&step);
        return landlock != nullptr && landlock->abi >= 6;
    });
    if (!plan.fresh.contains(Namespace::net) && !plan.inherited.contains(Namespace::net) && !scoped) {
        plan.notes.emplace_back(
            "abstract unix sockets of the host can be connected to, as its network is shared and Landlock has no scope "
            "for them (before Linux 6.12, or off)");
    }
}

void plan_groups(Plan& plan, const host::Facts& facts) {
    std::string list;
    for (const gid_t group : facts.groups) {
        if (group != facts.gid) {
            list += ' ' + spec::escaped(spec::passwd_name(facts.group, group).value_or("")) + '(' +
                    std::to_string(group) + ')';
        }
    }
    if (list.empty()) {
        return;
    }
    plan.drop_groups = facts.may_drop_groups;
    plan.notes.push_back("supplementary groups:" + list +
                         (plan.drop_groups || plan.setgroups
                              ? " dropped"
                              : " stay, as only root can drop them: what they may read or write on the "
                                "host, the command may, where it is shown"));
}

// The kernel starts the program that core_pattern names - as root of the host, and outside of every sandbox - also for
// a limit of 0. A limit of 1 it takes for a program that is that program itself, and does nothing (core(5),
// fs/coredump.c); for a file, 1 is too little.
void plan_core_dumps(Plan& plan, const Spec& spec, const host::Facts& facts) {
    if (spec.core_dumps || spec.limits.resources.contains(Resource::core)) {
        return;
    }
    if (facts.core_limit >= 1) {
        plan.steps.push_back(CoreLimit{1});
    } else if (facts.cores_are_piped) {
        plan.notes.emplace_back(
            "core dumps: the caller's hard limit is 0, not 1, and so the program in /proc/sys/kernel/core_pattern is "
            "started on the host for a crash inside");
    }
}

// Behind Landlock, whose rules are paths to be opened; in front of seccomp, which needs no_new_privs alone.
void plan_capabilities(Plan& plan, const Spec& spec) {
    const std::uint32_t user = plan.command_ids.user;
    if (user != 0) {
        // execve(2) gives the capabilities of the bounding set to user id 0 alone (capabilities(7)).
        if (!spec.cap_add.empty()) {
            throw Error("--cap-add " + spec::names(spec.cap_add) + ": user id " + std::to_string(user) +
                        " inside has no capabilities: at its start a program is given some for user id 0 alone")
                .with_fix("leave out --cap-add, or --uid or --user");
        }
        plan.notes.push_back("capabilities: none, as user id " + std::to_string(user) + " inside is not 0");
        plan.steps.push_back(Capabilities{});
        return;
    }
    NamespaceSet opened = plan.allowed;
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        if (plan.owned.contains(row.kind)) {
            opened.insert(row.kind);
        }
    }
    CapabilitySet needed = spec::capabilities_for(opened);
    needed.erase(spec.cap_drop);
    if (!needed.empty()) {
        plan.notes.push_back("capabilities: " + spec::names(needed) +
                             " added, without which --own or --allow-namespaces is useless");
    }
    CapabilitySet set = spec::default_capabilities;
    set.insert(needed);
    set.erase(spec.cap_drop);
    set.insert(spec.cap_add);
    plan.steps.push_back(Capabilities{set});
}

}  // namespace sandbox::plan
