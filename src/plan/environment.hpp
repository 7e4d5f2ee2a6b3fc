// Which variables the command gets. Pure.
#pragma once

#include "plan/plan.hpp"

#include <sandbox/spec.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::plan {

struct Environment {
    std::map<std::string, std::string> variables;
    std::size_t withheld = 0;  ///< variables of the caller that are not passed

    [[nodiscard]] std::vector<std::string> strings() const;  ///< NAME=VALUE, sorted
};

/// The caller's environment (`NAME=VALUE`) through the allow-list, then the identity, then the Spec's rules in order.
[[nodiscard]] Environment build_environment(const Spec& spec, const std::vector<std::string>& caller,
                                            const Identity& identity);

/// The value of a variable in `NAME=VALUE` strings.
[[nodiscard]] std::optional<std::string> find_variable(const std::vector<std::string>& environment,
                                                       std::string_view name);

/// Shell-like match of the whole name: * and ? only.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view name);

}  // namespace sandbox::plan
