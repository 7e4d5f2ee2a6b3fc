// What a run was, as sandbox-report(5) has it. Pure.
#pragma once

#include <sandbox/error.hpp>
#include <sandbox/process.hpp>
#include <sandbox/spec.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace sandbox::report {

/// Of the making of a sandbox.
struct Phase {
    std::string name;
    std::chrono::nanoseconds time{};
};

/// Either `ended` or `failed` is there.
struct Report {
    std::vector<std::string> command;
    std::optional<std::string> name;
    std::chrono::system_clock::time_point start;
    std::vector<Phase> setup;  ///< as far as it came
    Usage usage;
    Limits limits;
    std::optional<Outcome> ended;
    std::optional<Error> failed;
};

/// `exited`, `signaled`, `lost`, the name of a limit, or `setup-failed`.
[[nodiscard]] std::string reason(const Report& report);
/// The JSON, in lines.
[[nodiscard]] std::string write(const Report& report);

}  // namespace sandbox::report
