// The names of capabilities(7), and which of them a command has.
#pragma once

#include <sandbox/spec.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace sandbox::spec {

/// Names in the order of the enum, as capabilities(7) has them without `CAP_`, in lower case.
extern const std::array<std::string_view, capability_count> capability_names;

/// `CAP_Chown` -> `chown`: as the table has names.
[[nodiscard]] std::string bare_capability_name(std::string_view name);
/// With or without `cap_`, in any case of letters.
[[nodiscard]] std::optional<Capability> capability_from_name(std::string_view name);
/// The names of a set, separated by blanks, in the order of the enum; `none`, or `all` for every one there is.
[[nodiscard]] std::string names(CapabilitySet set);

/// What root inside has: as far as the kernel asks for it in the guest's user namespace, what programs that are run by
/// root expect to be able to do. Anything else would be good for nothing, or for attacks on the kernel.
inline constexpr CapabilitySet default_capabilities{
    Capability::chown,   Capability::dac_override,     Capability::fowner,     Capability::fsetid,
    Capability::kill,    Capability::setgid,           Capability::setuid,     Capability::setpcap,
    Capability::setfcap, Capability::net_bind_service, Capability::sys_chroot, Capability::sys_admin,
};

/// Those beyond the default set without which owning or making namespaces of these kinds is useless.
[[nodiscard]] CapabilitySet capabilities_for(NamespaceSet kinds);

}  // namespace sandbox::spec
