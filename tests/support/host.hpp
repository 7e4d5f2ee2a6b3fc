// A host to the test's liking: a mount namespace of the test's own, in which it mounts what the sandboxes shall find.
#pragma once

#include <string>

#include "support/run.hpp"

namespace sandbox_test {

/// Runs a shell script where it is root of a mount namespace of its own: as root of the machine a plain one, as an
/// ordinary user one in a user namespace. /home, /srv and /media are empty tmpfs there, and all mounts are shared, as
/// systemd leaves them. $SANDBOX is the binary, $PROBES the directory of the probes. The first command that fails ends
/// the script with its status (`set -e`), so that what shall fail stands in an `if` or behind `!`.
Result on_host_of_its_own(const std::string& script, const RunOptions& options = {});

}  // namespace sandbox_test
