#include "plan/profile_filter.hpp"

#include "seccomp/compile_profile.hpp"
#include "seccomp/listening.hpp"
#include "seccomp/machine.hpp"
#include "spec/capabilities.hpp"
#include "spec/escape.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <linux/seccomp.h>
#include <seccomp.h>

namespace sandbox::plan {
namespace {

/// As profiles name this machine.
constexpr std::string_view machine = seccomp::native_architecture == seccomp::Architecture::x86_64 ? "amd64" : "arm64";

constexpr std::size_t most_instructions = 4096 - seccomp::most_added;  // BPF_MAXINSNS

/// As profiles name it.
std::string name_of(Capability capability) {
    std::string name = "CAP_" + std::string(spec::capability_names.at(static_cast<std::size_t>(capability)));
    std::ranges::transform(name, name.begin(), [](unsigned char letter) { return std::toupper(letter); });
    return name;
}

/// What the command's bounding set will be.
std::vector<std::string> capabilities_of(const Plan& plan) {
    std::vector<std::string> names;
    for (const Step& step : plan.steps) {
        if (const auto* capabilities = std::get_if<Capabilities>(&step)) {
            for (std::size_t i = 0; i < capability_count; ++i) {
                const auto capability = static_cast<Capability>(i);
                if (capabilities->set.contains(capability)) {
                    names.push_back(name_of(capability));
                }
            }
        }
    }
    return names;
}

// A name with a fault in it would be a capability that nobody has, and turn the rule around.
void check_capabilities(const seccomp::OciProfile& profile) {
    for (const seccomp::Rule& rule : profile.rules) {
        for (const auto* names : {&rule.includes.capabilities, &rule.excludes.capabilities}) {
            for (const std::string& name : *names) {
                const std::optional<Capability> known = spec::capability_from_name(name);
                if (!known || name_of(*known) != name) {
                    throw seccomp::BadProfile(rule.line, "\"" + name + "\" is no capability, as CAP_SYS_ADMIN");
                }
            }
        }
    }
}

seccomp::CompiledProfile compile(const Plan& plan, const host::Facts& facts, std::span<const std::string_view> allow,
                                 std::span<const std::string_view> deny) {
    const seccomp::OciProfile profile = seccomp::parse_profile(facts.system_call_profile);
    check_capabilities(profile);
    seccomp::OciProfile here =
        seccomp::profile_for(profile, machine, capabilities_of(plan),
                             seccomp::kernel_version(facts.kernel_release).value_or(seccomp::KernelVersion{}));
    seccomp::change(here, allow, deny);
    return seccomp::compile(seccomp::native_architecture, here);
}

std::string described(std::uint32_t answer) {
    switch (answer & SECCOMP_RET_ACTION_FULL) {
        case SECCOMP_RET_ERRNO: {
            const auto error = static_cast<int>(answer & SECCOMP_RET_DATA);
            const char* const name = strerrorname_np(error);
            return "refuses it with " + (name == nullptr ? std::to_string(error) : std::string(name));
        }
        case SECCOMP_RET_TRAP:
            return "answers it with SIGSYS";
        default:
            return "kills who makes it";
    }
}

/// What the program says of a call without regard to its arguments; nothing where it lets it through.
std::optional<std::string> refusal(const seccomp::Program& program, const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) {
        return std::nullopt;  // not on this machine
    }
    seccomp_data data{};
    data.nr = number;
    data.arch = seccomp::row(seccomp::native_architecture).token;
    const std::uint32_t answer = seccomp::run_filter(program, data).value_or(SECCOMP_RET_KILL_PROCESS);
    const bool through = answer == SECCOMP_RET_ALLOW || answer == SECCOMP_RET_LOG;
    return through ? std::nullopt : std::optional(described(answer));
}

void check_startable(const seccomp::Program& program, const std::string& what) {
    for (const char* const name : {"execve", "write", "rt_sigprocmask"}) {
        if (const std::optional<std::string> how = refusal(program, name)) {
            throw Error(what + ": the command is started under the filter, which takes " + name + ", and the profile " +
                        *how)
                .with_fix("allow it in the profile, or by --allow-syscall " + std::string(name));
        }
    }
}

void note_what_programs_miss(Plan& plan, const seccomp::Program& program) {
    std::string missing;
    for (const char* const name : {"exit_group", "brk", "mmap", "mprotect", "openat", "read", "close", "fstat",
                                   "newfstatat", "arch_prctl", "set_tid_address"}) {
        if (refusal(program, name)) {
            missing += std::string(missing.empty() ? "" : ", ") + name;
        }
    }
    if (!missing.empty()) {
        plan.notes.push_back("seccomp: the profile refuses what most programs start with: " + missing);
    }
}

}  // namespace

void append_profile(seccomp::Program& program, Plan& plan, const Spec& spec, const host::Facts& facts,
                    std::span<const std::string_view> allow, std::span<const std::string_view> deny) {
    const std::string what = "--seccomp " + spec::escaped(spec.system_call_profile.value());
    seccomp::CompiledProfile compiled;
    try {
        compiled = compile(plan, facts, allow, deny);
    } catch (const seccomp::BadProfile& bad) {
        throw Error(what + ": " + spec::escaped(bad.what()));
    } catch (const std::system_error& failed) {
        throw Error(what + ": cannot compile it: " + spec::escaped(failed.what()));
    }
    program.insert(program.end(), compiled.program.begin(), compiled.program.end());
    if (program.size() > most_instructions) {
        throw Error(what + ": it comes to " + std::to_string(program.size()) +
                    " instructions of the kernel's filter machine, which takes " + std::to_string(most_instructions))
            .with_fix("write fewer conditions");
    }
    check_startable(program, what);
    note_what_programs_miss(plan, program);
    if (!compiled.unknown.empty()) {
        plan.notes.push_back("seccomp: " + std::to_string(compiled.unknown.size()) +
                             " names in the profile are no system calls that libseccomp knows, and say nothing");
    }
    if (!spec.own.empty() || !spec.allow_namespaces.empty()) {
        plan.notes.emplace_back(
            "seccomp: the profile decides, also about what --own and --allow-namespaces are useless without");
    }
}

}  // namespace sandbox::plan
