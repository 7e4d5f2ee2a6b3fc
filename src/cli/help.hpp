// The text of --help and --version.
#pragma once

#include "cli/verb_table.hpp"

#include <string>

namespace sandbox::cli {

/// Usage, the option table by sections in 80 columns, the exit statuses.
[[nodiscard]] std::string help_text();

/// Usage, options and text of one verb.
[[nodiscard]] std::string verb_help(const Verb& verb);

/// `sandbox 0.1.0`
[[nodiscard]] std::string version_text();

}  // namespace sandbox::cli
