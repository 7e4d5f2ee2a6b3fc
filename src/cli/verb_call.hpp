// A command line that begins with a verb.
#pragma once

#include "cli/verb_table.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sandbox::cli {

struct VerbCall {
    VerbId id = VerbId::gc;
    bool help = false;
    std::vector<std::string> words;
    std::map<VerbOptionId, std::vector<std::string>> options;  ///< values in the order given; of a flag empty ones
    std::vector<std::string> command;                          ///< behind `--`

    [[nodiscard]] bool has(VerbOptionId option) const { return options.contains(option); }
    /// The last value.
    [[nodiscard]] std::optional<std::string> value(VerbOptionId option) const;
};

/// `arguments` is what stands behind the verb. Throws Error that names the verb and what is wrong.
[[nodiscard]] VerbCall parse_verb(const Verb& verb, std::span<const std::string> arguments);

}  // namespace sandbox::cli
