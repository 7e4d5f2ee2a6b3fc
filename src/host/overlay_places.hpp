// Directories of the host in which overlays can be written to on a disk, where a tmpfs will not do.
#pragma once

#include "host/facts.hpp"

#include <string>
#include <vector>

namespace sandbox::host {

/// Where they are looked for, in the order of preference: $TMPDIR of the environment, /var/tmp, /tmp.
[[nodiscard]] std::vector<std::string> overlay_place_paths(const std::vector<std::string>& environment);

/// Looks at them; makes and writes nothing. What does not answer is not waited for.
[[nodiscard]] std::vector<OverlayPlace> probe_overlay_places(const Facts& facts, const Tree& tree);

}  // namespace sandbox::host
