// The text of what a change has made of a file, as diff(1) tells it.
#pragma once

#include "changes/walk.hpp"

#include <sandbox/changes.hpp>

#include <string>

namespace sandbox::changes {

/// What a patch is made of: two texts, or the line that is shown instead. A file that is no text, or has characters in
/// it that drive a terminal, gets one: what is shown is what is there, and nothing more. Throws Problem.
[[nodiscard]] std::string patch_material(const Item& item, const Change& change);

/// A change whose `patch` was material, with the patch. Throws Error where there is no diff(1). Not in a user namespace
/// of our own: diff(1) would have fewer capabilities there than we have, and could not read what we hold.
[[nodiscard]] Change with_patch(Change change);

}  // namespace sandbox::changes
