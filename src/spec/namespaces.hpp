// The namespace table: one row per kind, indexed by enum. namespaces(7), lsns(8), clone(2).
#pragma once

#include <sandbox/spec.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sandbox::spec {

struct NamespaceRow {
    Namespace kind;
    const char* name;          ///< as lsns(8) has it; also the entry in /proc/PID/ns
    std::uint64_t clone_flag;  ///< CLONE_NEW* of clone(2), unshare(2)
    const char* quota;         ///< the file in /proc/sys/user that limits how many there may be
};

/// Rows in the order of the enum.
extern const std::array<NamespaceRow, namespace_count> namespace_table;

[[nodiscard]] const NamespaceRow& row(Namespace kind) noexcept;
[[nodiscard]] std::string_view name(Namespace kind) noexcept;
[[nodiscard]] std::optional<Namespace> namespace_from_name(std::string_view name) noexcept;
/// The names of a set, separated by blanks, in the order of the enum.
[[nodiscard]] std::string names(NamespaceSet set);

/// The kinds that will be new, after --share, --only, --net and the time offsets.
[[nodiscard]] NamespaceSet fresh_namespaces(const Spec& spec);

}  // namespace sandbox::spec
