// Helper programs of the system, run to their end.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sandbox::sys {

struct ProgramResult {
    bool succeeded = false;  ///< it ended with 0. Not known, and false, where the caller ignores SIGCHLD.
    std::string output;      ///< what it wrote to standard output
    std::string errors;      ///< and to standard error
};

/// Runs the program of that name, found in PATH as far as that answers, with nothing on its standard input, no
/// descriptor of ours, and no variable but PATH and those named. It is killed after 30 seconds, or when it has written
/// 1 MiB. Nothing where there is no such program; throws std::system_error where it cannot be started. Not from a
/// process that has a child-reaping handler of SIGCHLD: its status could be lost, which reads as failure.
[[nodiscard]] std::optional<ProgramResult> run_program(const std::string& name,
                                                       const std::vector<std::string>& arguments,
                                                       const std::vector<std::string>& variables = {});

}  // namespace sandbox::sys
