// sandbox list --watch: what sandboxes use, again and again.
#pragma once

#include <sandbox/registry.hpp>

#include <chrono>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace sandbox::cli {

/// One look, with which the next one is compared.
struct Look {
    std::chrono::nanoseconds time{};  ///< CLOCK_MONOTONIC
    std::map<std::string, LiveUsage> usage;
};

/// `1.5` processors between two looks as `150%`; `-` where there was none before.
[[nodiscard]] std::string share_text(const std::string& name, const Look& before, const Look& now);
[[nodiscard]] std::string watch_table(std::span<const NamedSandbox> sandboxes, const Look& before, const Look& now);
/// One line: an array of objects.
[[nodiscard]] std::string watch_json(std::span<const NamedSandbox> sandboxes, const Look& now);

/// Those named, or all. On a terminal each look is in the place of the one before. Until a signal ends the process, or
/// nobody reads what it prints.
[[noreturn]] void watch_list(const std::vector<std::string>& names, bool as_json);

}  // namespace sandbox::cli
