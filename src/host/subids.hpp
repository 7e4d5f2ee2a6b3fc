// Which ids a user may map beside its own: subuid(5), subgid(5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::host {

/// `count` ids from `start` on.
struct IdBlock {
    std::uint32_t start = 0;
    std::uint32_t count = 0;
    friend bool operator==(const IdBlock&, const IdBlock&) = default;
};

/// What was found of one kind of ids, and where.
struct Subordinate {
    std::vector<IdBlock> blocks;
    std::string file;   ///< /etc/subuid or /etc/subgid
    std::string asked;  ///< what answered: that file, or getsubids
};

/// The blocks of a user in the text of /etc/subuid or /etc/subgid, whose lines name it or its number. Lines that are
/// none are passed over, as newuidmap(1) does. Pure.
[[nodiscard]] std::vector<IdBlock> parse_subids(std::string_view text, std::string_view name, std::uint32_t uid);

/// The blocks in what getsubids(1) prints: `0: NAME START COUNT`. Pure.
[[nodiscard]] std::vector<IdBlock> parse_getsubids(std::string_view text);

/// Asks getsubids(1) where it is installed, as the name service may know more than the files, else reads the file.
/// `name`: the caller's in passwd(5), or empty.
[[nodiscard]] Subordinate find_subordinate(bool groups, const std::string& name, std::uint32_t uid);

}  // namespace sandbox::host
