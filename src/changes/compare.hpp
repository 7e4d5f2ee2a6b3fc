// What differs between an entry of an upper directory and what the host has there.
#pragma once

#include "changes/entry.hpp"
#include "changes/walk.hpp"

#include <map>
#include <string>

namespace sandbox::changes {

struct Difference {
    bool type = false;  ///< all other members are false then
    bool content = false;
    bool target = false;  ///< of a link, or which device it is
    bool mode = false;
    bool owner = false;
    bool time = false;  ///< of a regular file
    bool attributes = false;

    [[nodiscard]] bool metadata() const { return mode || owner || time || attributes; }
    /// How many of those.
    [[nodiscard]] unsigned parts() const {
        return (mode ? 1U : 0U) + (owner ? 1U : 0U) + (time ? 1U : 0U) + (attributes ? 1U : 0U);
    }
    [[nodiscard]] bool any() const { return type || content || target || metadata(); }
};

/// What the host's side has that belongs to it: kept_attributes(). Throws Problem.
[[nodiscard]] std::map<std::string, std::string> host_attributes(const Item& item);

/// Of two entries that exist. Throws Problem.
[[nodiscard]] Difference compare(const Item& item);
/// Likewise of the top directories.
[[nodiscard]] Difference compare_top(const Level& level, const Overlay& overlay);

/// Whether two files of the same size have the same content. Throws Problem.
[[nodiscard]] bool is_same_content(int one, int other, std::uint64_t size);

}  // namespace sandbox::changes
