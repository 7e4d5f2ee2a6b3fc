#include "cli/summary.hpp"

#include "spec/limits.hpp"

#include <chrono>
#include <cstdint>
#include <cstring>

namespace sandbox::cli {
namespace {

/// With three digits behind the point.
std::string decimal(std::uint64_t thousandths) {
    const std::string text = std::to_string(1000 + thousandths % 1000).substr(1);
    return std::to_string(thousandths / 1000) + "." + text;
}

std::string seconds(std::chrono::nanoseconds time) {
    return decimal(static_cast<std::uint64_t>(std::chrono::round<std::chrono::milliseconds>(time).count())) + " s";
}

std::string fate(const Outcome& outcome) {
    if (outcome.limit == Limit::memory) {
        return "out of memory";
    }
    if (outcome.limit == Limit::pids) {
        return "out of processes";
    }
    if (outcome.limit) {
        return "ended by " + std::string(spec::option(*outcome.limit));
    }
    switch (outcome.kind) {
        case Outcome::Kind::exited:
            return "exited with " + std::to_string(outcome.value);
        case Outcome::Kind::signaled: {
            const char* const name = sigabbrev_np(outcome.value);
            return "ended by " +
                   (name == nullptr ? "signal " + std::to_string(outcome.value) : "SIG" + std::string(name));
        }
        case Outcome::Kind::lost:
            break;
    }
    return "lost";
}

}  // namespace

std::string summary_line(const Outcome& outcome, const Usage& usage) {
    constexpr std::uint64_t mebibyte = 1ULL << 20U;
    const std::string peak = decimal(usage.peak_memory * 1000 / mebibyte);
    return "sandbox: " + fate(outcome) + "; " + seconds(usage.wall) + " real, " + seconds(usage.user) + " user, " +
           seconds(usage.system) + " system, " + peak.substr(0, peak.size() - 2) + " MiB peak\n";
}

}  // namespace sandbox::cli
