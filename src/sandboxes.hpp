// Finding a sandbox by its name, for what else than the public functions needs one.
#pragma once

#include "registry/registry.hpp"

#include <optional>
#include <string>

namespace sandbox {

/// The one of that name, if it runs; one that is being started is waited for. Throws Error for what is no name.
[[nodiscard]] std::optional<registry::Found> find_started(const std::string& name);

}  // namespace sandbox
