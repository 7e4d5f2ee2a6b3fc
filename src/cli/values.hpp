// The values of options: text -> parts of a Spec. Pure; what is wrong with a value is thrown as spec::BadValue, and the
// parser adds which option it was.
#pragma once

#include <sandbox/spec.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::cli {

[[nodiscard]] InsideId parse_inside_id(std::string_view text);
/// `IN:OUT:COUNT`, added to the ranges before, or a name, which stands alone.
void add_id_mapping(std::optional<IdMapping>& mapping, std::string_view text);
[[nodiscard]] Network parse_network(std::string_view text);
[[nodiscard]] Home parse_home(std::string_view text);
[[nodiscard]] Tty parse_tty(std::string_view text);
[[nodiscard]] LandlockUse parse_landlock(std::string_view text);

/// `pid,uts`: names as lsns(8) has them.
[[nodiscard]] NamespaceSet parse_namespaces(std::string_view text);
/// Only kinds that the sandbox can do without.
[[nodiscard]] NamespaceSet parse_shared_namespaces(std::string_view text);
/// `KIND=NAME` or `KIND=PATH`.
[[nodiscard]] Join parse_join(std::string_view text);
/// Only kinds that can be handed to the guest.
[[nodiscard]] NamespaceSet parse_owned_namespaces(std::string_view text);

/// The name of a sandbox.
[[nodiscard]] std::string parse_name(std::string_view text);

/// A number from 3 up.
[[nodiscard]] int parse_descriptor(std::string_view text);

/// `net_raw,CAP_CHOWN`: names as capabilities(7) has them, or ALL.
[[nodiscard]] CapabilitySet parse_capabilities(std::string_view text);

[[nodiscard]] SystemCalls parse_system_calls(std::string_view text);
/// Whether the value of --seccomp is the name of a file: it has a slash in it or ends in `.json`.
[[nodiscard]] bool is_profile(std::string_view text);
/// `ptrace,@mount`: names of system calls and groups, added to `words`.
void parse_system_call_names(std::string_view text, std::vector<std::string>& words);

/// `SRC[:DST]`: splits at the first colon that has no backslash before it; `\:` is a colon, `\\` a backslash.
[[nodiscard]] Bind parse_bind(std::string_view text);
/// `DST[:size=SIZE,mode=MODE]`, the path written like those of a bind.
[[nodiscard]] Tmpfs parse_tmpfs(std::string_view text);
/// `DST[:mode=MODE]`.
[[nodiscard]] Directory parse_directory(std::string_view text);
/// `TARGET:DST`.
[[nodiscard]] Symlink parse_symlink(std::string_view text);
/// `SRC:DST[:mode=MODE]`.
[[nodiscard]] FileCopy parse_file_copy(std::string_view text);
/// `FD:DST[:mode=MODE]`.
[[nodiscard]] FileData parse_file_data(std::string_view text);
/// `SRC[:DST]`.
[[nodiscard]] Device parse_device(std::string_view text, bool optional);
/// `NAME[=VALUE]`.
[[nodiscard]] EnvironmentRule parse_environment_rule(std::string_view text);

}  // namespace sandbox::cli
