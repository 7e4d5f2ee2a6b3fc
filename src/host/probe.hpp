// The only reader of the host.
#pragma once

#include "host/facts.hpp"

#include <span>

namespace sandbox::host {

/// Looks at the calling process and the kernel, and at these of its descriptors. Opens nothing that could block.
/// Thread-safe.
[[nodiscard]] Facts probe(std::span<const int> descriptors = {});

}  // namespace sandbox::host
