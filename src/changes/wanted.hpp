// What a file of the upper directory shall be on the host: without the bits and capabilities by which who runs it gets
// somebody else's powers, unless they were asked for or are the host's own.
#pragma once

#include "changes/compare.hpp"
#include "changes/place.hpp"

#include <sandbox/changes.hpp>

#include <string>

namespace sandbox::changes {

struct Wish {
    Look look;
    std::string dropped;  ///< what it is without, in words, with what would keep it; empty for nothing
};

/// `difference`: from what the host has there, or null where nothing of that type is. Becomes what differs from the
/// wish. Throws Problem.
[[nodiscard]] Wish wish_for(const Item& item, const ApplyOptions& options, Difference* difference);

}  // namespace sandbox::changes
