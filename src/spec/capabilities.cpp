#include "spec/capabilities.hpp"

#include <algorithm>

namespace sandbox::spec {

const std::array<std::string_view, capability_count> capability_names{
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
};

std::string bare_capability_name(std::string_view name) {
    // Not tolower(): names do not depend on the locale.
    std::string bare(name);
    std::ranges::transform(bare, bare.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    constexpr std::string_view prefix = "cap_";
    return bare.starts_with(prefix) ? bare.substr(prefix.size()) : bare;
}

std::optional<Capability> capability_from_name(std::string_view name) {
    const auto* const found = std::ranges::find(capability_names, bare_capability_name(name));
    if (found == capability_names.end()) {
        return std::nullopt;
    }
    return static_cast<Capability>(found - capability_names.begin());
}

std::string names(CapabilitySet set) {
    if (set.empty()) {
        return "none";
    }
    if (set == CapabilitySet::all()) {
        return "all";
    }
    std::string text;
    for (std::size_t number = 0; number < capability_count; ++number) {
        if (set.contains(static_cast<Capability>(number))) {
            text += text.empty() ? "" : " ";
            text += capability_names.at(number);
        }
    }
    const bool newer = (set.bits() >> capability_count) != 0;
    return newer ? text + " and those of newer kernels" : text;
}

CapabilitySet capabilities_for(NamespaceSet kinds) {
    // Mounting, host names and cgroups ask for SYS_ADMIN, which is in the default set.
    CapabilitySet needed;
    if (kinds.contains(Namespace::net)) {
        needed.insert({Capability::net_admin, Capability::net_raw});
    }
    if (kinds.contains(Namespace::ipc)) {
        needed.insert(Capability::ipc_owner);
    }
    return needed;
}

}  // namespace sandbox::spec
