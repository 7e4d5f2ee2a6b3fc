// passwd(5) as text. Pure: a static C library cannot use the name service, and a --root has a file of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sandbox::spec {

/// The name of the first line with that uid.
[[nodiscard]] std::optional<std::string> passwd_name(std::string_view text, std::uint32_t uid);
/// The home directory of the first line with that uid; empty without one.
[[nodiscard]] std::string passwd_home(std::string_view text, std::uint32_t uid);

}  // namespace sandbox::spec
