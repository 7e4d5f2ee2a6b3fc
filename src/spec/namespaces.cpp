#include "spec/namespaces.hpp"

#include <linux/sched.h>

namespace sandbox::spec {

const std::array<NamespaceRow, namespace_count> namespace_table{{
    {Namespace::mnt, "mnt", CLONE_NEWNS, "max_mnt_namespaces"},
    {Namespace::pid, "pid", CLONE_NEWPID, "max_pid_namespaces"},
    {Namespace::uts, "uts", CLONE_NEWUTS, "max_uts_namespaces"},
    {Namespace::ipc, "ipc", CLONE_NEWIPC, "max_ipc_namespaces"},
    {Namespace::net, "net", CLONE_NEWNET, "max_net_namespaces"},
    {Namespace::cgroup, "cgroup", CLONE_NEWCGROUP, "max_cgroup_namespaces"},
    {Namespace::user, "user", CLONE_NEWUSER, "max_user_namespaces"},
    {Namespace::time, "time", CLONE_NEWTIME, "max_time_namespaces"},
}};

const NamespaceRow& row(Namespace kind) noexcept {
    return namespace_table[static_cast<std::size_t>(kind)];
}

std::string_view name(Namespace kind) noexcept {
    return row(kind).name;
}

std::optional<Namespace> namespace_from_name(std::string_view name) noexcept {
    for (const NamespaceRow& candidate : namespace_table) {
        if (name == candidate.name) {
            return candidate.kind;
        }
    }
    return std::nullopt;
}

std::string names(NamespaceSet set) {
    std::string text;
    for (const NamespaceRow& candidate : namespace_table) {
        if (set.contains(candidate.kind)) {
            text += text.empty() ? "" : " ";
            text += candidate.name;
        }
    }
    return text;
}

NamespaceSet fresh_namespaces(const Spec& spec) {
    NamespaceSet fresh{Namespace::user, Namespace::mnt};
    for (const NamespaceRow& candidate : namespace_table) {
        const bool wanted = spec.only ? spec.only->contains(candidate.kind)
                                      : candidate.kind != Namespace::time && !spec.share.contains(candidate.kind);
        if (wanted) {
            fresh.insert(candidate.kind);
        }
    }
    if (spec.network == Network::host) {
        fresh.erase(Namespace::net);
    }
    for (const Join& join : spec.join) {
        fresh.erase(join.kind);
    }
    if (spec.boottime_offset || spec.monotonic_offset) {
        fresh.insert(Namespace::time);
    }
    return fresh;
}

}  // namespace sandbox::spec
