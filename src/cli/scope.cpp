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

// The scope's own description would be the command's arguments, for everybody to read.
Line systemd_run(const Line& command) {
    Line words;
    if (::geteuid() != 0) {
        words.emplace_back("--user");
    }
    words.insert(words.end(), {"--scope", "--quiet", "--collect", "--description=sandbox", "-p", "Delegate=yes", "--"});
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

std::string by_hand() {
    return std::string("systemd-run ") + (::geteuid() != 0 ? "--user " : "") + "--scope -p Delegate=yes";
}

std::string own_program() {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    if (length <= 0 || ::access(path.data(), X_OK) < 0) {
        throw Error("cannot run again in a scope of systemd's: the program's own file is not to be found")
            .with_fix(by_hand() + " sandbox ...");
    }
    return {path.data(), static_cast<std::size_t>(length)};
}

// What it would say on standard error if it were run instead, and with another exit status. Whether it takes `$` in
// words for variables: systemd means to, from some version after 254 on.
bool try_scope() {
    const std::optional<sys::ProgramResult> result =
        sys::run_program("systemd-run", systemd_run({"echo", "$$"}), {"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"});
    if (!result) {
        throw Error("limits take a cgroup, and systemd-run, which would have one made, is not there")
            .with_fix("install systemd-run, or --limits best-effort, where --memory and --pids are of setrlimit(2)");
    }
    if (!result->succeeded) {
        throw Error("limits take a cgroup, and systemd makes none: " +
                    spec::escaped(result->errors.substr(0, result->errors.find('\n'))))
            .with_fix(by_hand() +
                      " true shows whether it can; or --limits best-effort, where --memory and --pids are of "
                      "setrlimit(2)");
    }
    return result->output == "$\n";
}

void escape_dollars(Line& words) {
    for (std::string& word : words) {
        for (std::size_t at = 0; (at = word.find('$', at)) != std::string::npos; at += 2) {
            word.insert(at, 1, '$');
        }
    }
}

}  // namespace

bool is_in_own_scope() {
    const char* const marked = std::getenv(marker);
    if (marked == nullptr) {
        return false;
    }
    const bool own = std::to_string(::getpid()) == marked;
    ::unsetenv(marker);
    if (own) {
        settle_in_scope();
    }
    return own;
}

void enter_scope(const Options& options, std::span<const char* const> argv) {
    if (!options.spec.limits.need_cgroup() || !needs_scope(options.spec)) {
        return;
    }
    bool expands = false;
    try {
        expands = try_scope();
    } catch (const Error&) {
        if (options.spec.limits.best_effort) {
            return;
        }
        throw;
    }
    Line command{own_program()};
    command.insert(command.end(), argv.begin() + 1, argv.end());
    if (expands) {
        escape_dollars(command);
    }
    Line words = systemd_run(command);
    words.insert(words.begin(), "systemd-run");
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    ::setenv(marker, std::to_string(::getpid()).c_str(), 1);
    ::execvp("systemd-run", pointers.data());
    throw Error(std::string("cannot start systemd-run: ") + std::strerror(errno));
}

}  // namespace sandbox::cli
