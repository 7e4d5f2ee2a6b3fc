// Privileges that the binary was given by its file.
#pragma once

namespace sandbox::cli {

/// Throws Error (125) where this process was executed with more than its caller has: set-user-ID, set-group-ID, file
/// capabilities. The sandbox needs none of them, and nothing here is written to be safe with them: what it reads, shows
/// and writes is meant to be the caller's own.
void refuse_given_privileges();

}  // namespace sandbox::cli
