// The namespaces of a running sandbox, opened to be joined.
//
// They are reached through the sandbox's own command, in /proc: init and the launcher are closed to everybody. Nothing
// that the command says counts. It is held by a pidfd and recognised by its start time, and each namespace is the one
// that the registry knows, by its inode - the command of a sandbox with --allow-namespaces may have left it.
#pragma once

#include "host/facts.hpp"
#include "registry/registry.hpp"
#include "run/child/child.hpp"
#include "sys/fd.hpp"

#include <optional>
#include <sandbox/registry.hpp>

#include <array>
#include <cstdint>

namespace sandbox::run {

struct JoinedNamespaces {
    sys::UniqueFd cgroup;    ///< the directory of the sandbox's own, where it has one
    sys::UniqueFd owner;     ///< the user namespace of what the sandbox has joined itself, unless the caller's own
    NamespaceSet inherited;  ///< that
    sys::UniqueFd setup;     ///< the setup user namespace
    std::array<sys::UniqueFd, namespace_count> kinds;  ///< indexed by Namespace; empty for what is the caller's own
};

/// Namespaces of others, of which a new sandbox is made (Spec::join).
struct InheritedNamespaces {
    sys::UniqueFd owner;  ///< the user namespace that they belong to; empty where that is the caller's own
    std::array<sys::UniqueFd, namespace_count> kinds;  ///< indexed by Namespace
    /// Where a sandbox of root's that is joined has none of its ids: what its setup user namespace calls 0.
    std::optional<host::JoinedRoot> root;
};

/// The inode of the calling process's own namespace of a kind; 0 where the kernel has none.
[[nodiscard]] std::uint64_t own_inode(const char* kind);

/// In the order of joining. The descriptors stay those of `namespaces`. `owned`: kinds of the guest's user namespace.
[[nodiscard]] JoinProgram join_program(const JoinedNamespaces& namespaces, NamespaceSet owned);

/// One for Spec::join: of a running sandbox, or a namespace file. Throws Error where it is not there, of another kind,
/// not the caller's to join, or of another user namespace than those before.
void add_inherited(InheritedNamespaces& namespaces, const Join& join, const registry::Found& found);
void add_inherited(InheritedNamespaces& namespaces, const Join& join);

/// Throws Error where the sandbox ends meanwhile, its command has left a namespace, or a namespace cannot be opened.
[[nodiscard]] JoinedNamespaces open_namespaces(const registry::Found& found);

}  // namespace sandbox::run
