// passwd(5) and group(5) as text. Pure: a static C library cannot use the name service, and a --root has files of its
// own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::spec {

struct PasswdEntry {
    std::string name;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string home;
};

/// The first line of a passwd(5) with that uid, or of that name; nothing where its ids are no numbers.
[[nodiscard]] std::optional<PasswdEntry> find_user(std::string_view passwd, std::uint32_t uid);
[[nodiscard]] std::optional<PasswdEntry> find_user(std::string_view passwd, std::string_view name);

/// The gid of the first line of a group(5) of that name.
[[nodiscard]] std::optional<std::uint32_t> find_group(std::string_view group, std::string_view name);
/// The gids of the lines that list this user as a member.
[[nodiscard]] std::vector<std::uint32_t> groups_with(std::string_view group, std::string_view user);

/// An id in decimal digits alone; nothing for any other text.
[[nodiscard]] std::optional<std::uint32_t> id_of(std::string_view text);

/// The name of the first line of a passwd(5) or group(5) with that id.
[[nodiscard]] std::optional<std::string> passwd_name(std::string_view text, std::uint32_t id);
/// The home directory of the first line with that uid; empty without one.
[[nodiscard]] std::string passwd_home(std::string_view text, std::uint32_t uid);

}  // namespace sandbox::spec
