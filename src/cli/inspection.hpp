// sandbox inspect: all that is known of one sandbox.
#pragma once

#include "json/json.hpp"

#include <sandbox/registry.hpp>

#include <string>

namespace sandbox::cli {

/// For people: a heading and its lines for each of who, ids, namespaces, paths, capabilities, notes.
[[nodiscard]] std::string inspection_text(const NamedSandbox& sandbox);
/// For programs (sandbox-inspect(1)); what is no UTF-8 is an object `{"bytes":"HEX"}`.
[[nodiscard]] std::string inspection_json(const NamedSandbox& sandbox);
[[nodiscard]] json::Json inspection_tree(const NamedSandbox& sandbox);

}  // namespace sandbox::cli
