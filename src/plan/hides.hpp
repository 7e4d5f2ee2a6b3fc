// --hide: a path or a pattern to what is not shown. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/learnt.hpp"
#include "plan/view.hpp"

#include <string>
#include <vector>

namespace sandbox::plan {

/// Hides what `path` names: inside, and - where the host's tree is shown elsewhere - on the host. `number` is the
/// user's mount that says so; what a pattern matched is kept in `learnt` and found in `known` in the next round.
void hide(View& view, const host::Facts& facts, const host::Tree& tree, const std::string& path, unsigned number,
          const Learnt& known, Learnt& learnt);

/// The same for a directory of the host that is shown later, `shown`, a real path: what of it a pattern matches stays
/// hidden.
void hide_before(View& view, const host::Facts& facts, const host::Tree& tree, const std::string& path,
                 const std::string& shown);

/// Facts::state as real paths, as far as they can be seen: the registry of sandboxes, which nobody inside may reach.
[[nodiscard]] std::vector<std::string> state_directories(const host::Facts& facts, const host::Tree& tree);

/// The paths of the inside that a pattern, an absolute path, matches. Symbolic links are not followed by `**`.
[[nodiscard]] std::vector<std::string> expand(const View& view, const std::string& pattern);

}  // namespace sandbox::plan
