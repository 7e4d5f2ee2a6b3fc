#include "cli/scope.hpp"

#include "spec/escape.hpp"
#include "sys/program.hpp"

#include <sandbox/process.hpp>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

namespace sandbox::cli {
namespace {

using Line = std::vector<std::string>;

// Whoever reads it is the process that set it, under another program meanwhile: its children have other pids.
constexpr const char* marker = "SANDBOX_SCOPE_OF";

Line systemd_run(const Line& command) {
    Line words;
    if (::geteuid() != 0) {
        words.emplace_back("--user");
    }
    words.insert(words.end(), {"--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--"});
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

std::string own_program() {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    if (length <= 0 || ::access(path.data(), X_OK) < 0) {
        throw Error("cannot run again in a scope of systemd's: the program's own file is not to be found")
            .with_fix("systemd-run --user --scope -p Delegate=yes sandbox ...");
    }
    return {path.data(), static_cast<std::size_t>(length)};
}

// What it would say on standard error if it were run instead, and with another exit status.
void try_scope() {
    const std::optional<sys::ProgramResult> result =
        sys::run_program("systemd-run", systemd_run({"true"}), {"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"});
    if (!result) {
        throw Error("limits take a cgroup, and systemd-run, which would have one made, is not there")
            .with_fix("install systemd-run, or --limits best-effort, where --memory and --pids are of setrlimit(2)");
    }
    if (!result->succeeded) {
        throw Error("limits take a cgroup, and systemd makes none: " +
                    spec::escaped(result->errors.substr(0, result->errors.find('\n'))))
            .with_fix(
                "systemd-run --user --scope -p Delegate=yes true shows whether it can; or --limits best-effort, "
                "where --memory and --pids are of setrlimit(2)");
    }
}

}  // namespace

void enter_scope(const Options& options, std::span<const char* const> argv) {
    if (!options.spec.limits.need_cgroup() || !needs_scope(options.spec)) {
        return;
    }
    const std::string self = std::to_string(::getpid());
    const char* const marked = std::getenv(marker);
    if (marked != nullptr && marked == self) {
        return;  // as far as it goes: the plan says what is missing
    }
    try {
        try_scope();
    } catch (const Error&) {
        if (options.spec.limits.best_effort) {
            return;
        }
        throw;
    }
    Line command{own_program()};
    command.insert(command.end(), argv.begin() + 1, argv.end());
    Line words = systemd_run(command);
    words.insert(words.begin(), "systemd-run");
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    ::setenv(marker, self.c_str(), 1);
    ::execvp("systemd-run", pointers.data());
    throw Error(std::string("cannot start systemd-run: ") + std::strerror(errno));
}

}  // namespace sandbox::cli
