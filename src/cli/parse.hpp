// argv -> Options.
#pragma once

#include "cli/verb_call.hpp"

#include <sandbox/error.hpp>
#include <sandbox/spec.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sandbox::cli {

struct Options {
    std::optional<VerbCall> call;  ///< then the rest is as it was made
    Spec spec;
    std::optional<std::string> log;        ///< where a detached command writes
    std::optional<int> status_descriptor;  ///< status.hpp
    bool explain = false;
    bool verbose = false;
    bool summary = false;
    bool quiet = false;
    bool version = false;
    bool help = false;
};

/// Reads the whole command line, the program's name included, and nothing else. Throws Error (exit status 125) that
/// names the option and the value.
[[nodiscard]] Options parse(std::span<const char* const> argv);

}  // namespace sandbox::cli
