#include "plan/filter.hpp"

#include "plan/profile_filter.hpp"
#include "seccomp/compiled.hpp"
#include "seccomp/listening.hpp"
#include "seccomp/names.hpp"
#include "spec/escape.hpp"
#include "spec/namespaces.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

namespace sandbox::plan {
namespace {

/// What was opened on purpose, and the calls without which that is useless.
struct Purpose {
    NamespaceSet may_make;
    seccomp::Opened calls;
    bool network = false;  ///< may be configured: nft(8), ip(8), dhclient(8)
};

Purpose purpose_of(const Plan& plan, const Spec& spec) {
    const auto is_open = [&](Namespace kind) { return spec.own.contains(kind) || plan.allowed.contains(kind); };
    return {plan.allowed,
            {.mounts = is_open(Namespace::mnt), .setns = !spec.own.empty() || !plan.allowed.empty()},
            is_open(Namespace::net)};
}

std::uint32_t clone_flags_without(NamespaceSet may_make) {
    std::uint64_t flags = 0;
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        flags |= may_make.contains(row.kind) ? 0 : row.clone_flag;
    }
    return static_cast<std::uint32_t>(flags);
}

std::span<const sock_filter> compiled_program(seccomp::Profile profile, seccomp::Opened opened) {
#if defined(__x86_64__)
    const std::span<const seccomp::Compiled> all = seccomp::compiled::x86_64;
#else
    const std::span<const seccomp::Compiled> all = seccomp::compiled::aarch64;
#endif
    return std::ranges::find_if(
               all, [&](const seccomp::Compiled& one) { return one.profile == profile && one.opened == opened; })
        ->program;
}

/// The names that the words of an option stand for.
std::vector<std::string_view> named(const std::vector<std::string>& words, const char* option) {
    std::vector<std::string_view> names;
    for (const std::string& word : words) {
        const std::vector<std::string_view> some = seccomp::calls_named(word);
        if (some.empty()) {
            throw Error(std::string(option) + ' ' + spec::escaped(word) + ": neither a system call nor a group of them")
                .with_fix("syscalls(2) lists system calls; the groups are in sandbox(1)");
        }
        names.insert(names.end(), some.begin(), some.end());
    }
    return names;
}

bool has_any(const std::vector<std::string_view>& names, std::initializer_list<std::string_view> wanted) {
    return std::ranges::any_of(wanted,
                               [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); });
}

/// The program is started under the filter.
void check_startable(const std::vector<std::string_view>& denied) {
    for (const std::string_view name :
         {"execve", "exit_group", "brk", "mmap", "mprotect", "openat", "read", "close", "write", "rt_sigprocmask"}) {
        if (has_any(denied, {name})) {
            throw Error("--deny-syscall " + std::string(name) +
                        ": the command is started under the filter, and no program starts without it")
                .with_fix("leave it out");
        }
    }
}

std::string listed(const char* what, const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? std::string("; ") + what + ": " : ", ") + word;
    }
    return text;
}

std::string summary_of(const Purpose& purpose, const Spec& spec) {
    if (spec.system_call_profile) {
        return "as " + *spec.system_call_profile + " says; the terminal's ioctls and foreign tables are refused" +
               listed("allowed", spec.allow_system_calls) + listed("denied", spec.deny_system_calls);
    }
    if (spec.system_calls == SystemCalls::none) {
        return "none: only the terminal's ioctls and foreign tables are refused";
    }
    std::string opened;
    const auto add = [&](const std::string& what) { opened += (opened.empty() ? "; opened: " : ", ") + what; };
    if (!purpose.may_make.empty()) {
        add("new namespaces of " + spec::names(purpose.may_make));
    }
    if (purpose.calls.setns) {
        add("setns");
    }
    if (purpose.calls.mounts) {
        add("mounts");
    }
    if (purpose.network) {
        add("network configuration");
    }
    return (spec.system_calls == SystemCalls::strict ? "strict" : "default") + opened +
           listed("allowed", spec.allow_system_calls) + listed("denied", spec.deny_system_calls);
}

/// By number. Compiled when this was built, unless the lists are the user's.
void append_numbers(seccomp::Program& program, const Purpose& purpose, const Spec& spec) {
    const seccomp::Profile profile =
        spec.system_calls == SystemCalls::strict ? seccomp::Profile::strict : seccomp::Profile::standard;
    if (spec.allow_system_calls.empty() && spec.deny_system_calls.empty()) {
        const std::span<const sock_filter> ready = compiled_program(profile, purpose.calls);
        program.insert(program.end(), ready.begin(), ready.end());
        return;
    }
    const std::vector<std::string_view> denied = named(spec.deny_system_calls, "--deny-syscall");
    check_startable(denied);
    seccomp::Calls calls = seccomp::calls_of(profile, purpose.calls);
    seccomp::change(calls, named(spec.allow_system_calls, "--allow-syscall"), denied);
    const seccomp::Program compiled = seccomp::compile(seccomp::native_architecture, calls);
    program.insert(program.end(), compiled.begin(), compiled.end());
}

}  // namespace

seccomp::Arguments filter_arguments(const Plan& plan, const Spec& spec) {
    seccomp::Arguments arguments;
    if (spec.system_calls == SystemCalls::none || spec.system_call_profile) {
        return arguments;
    }
    const Purpose purpose = purpose_of(plan, spec);
    const std::vector<std::string_view> allowed = named(spec.allow_system_calls, "--allow-syscall");
    const std::vector<std::string_view> denied = named(spec.deny_system_calls, "--deny-syscall");
    if (!has_any(allowed, {"clone", "unshare"})) {
        arguments.refused_namespaces = clone_flags_without(purpose.may_make);
    }
    arguments.check_sockets = !has_any(allowed, {"socket", "socketpair"});
    arguments.families = {AF_UNIX};
    if (spec.system_calls != SystemCalls::strict || purpose.network || spec.network == Network::host) {
        arguments.families = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
        arguments.protocols = {NETLINK_ROUTE};
    }
    if (purpose.network) {
        arguments.families.push_back(AF_PACKET);
        arguments.protocols.insert(arguments.protocols.end(),
                                   {NETLINK_SOCK_DIAG, NETLINK_XFRM, NETLINK_NETFILTER, NETLINK_GENERIC});
    }
    arguments.check_personality = !has_any(allowed, {"personality"});
    // A sandbox inside makes itself one.
    arguments.new_session_keyring = purpose.may_make.contains(Namespace::user) && !has_any(denied, {"keyctl"});
    return arguments;
}

void plan_filter(Plan& plan, const Spec& spec, const host::Facts& facts, bool alone_against_namespaces) {
    if (spec.system_calls == SystemCalls::none && alone_against_namespaces) {
        throw Error("--seccomp none: /proc/sys is read-only here, and so the filter alone refuses new namespaces")
            .with_fix("leave --seccomp none or --share pid out");
    }
    if (spec.system_call_profile && alone_against_namespaces) {
        throw Error("--seccomp " + spec::escaped(*spec.system_call_profile) +
                    ": /proc/sys is read-only here, and so sandbox's own filter alone refuses new namespaces")
            .with_fix("leave --seccomp or --share pid out");
    }
    const Purpose purpose = purpose_of(plan, spec);
    Seccomp step{seccomp::check_arguments(seccomp::native_architecture, filter_arguments(plan, spec)),
                 summary_of(purpose, spec)};
    if (spec.system_call_profile) {
        const std::vector<std::string_view> denied = named(spec.deny_system_calls, "--deny-syscall");
        check_startable(denied);
        append_profile(step.program, plan, spec, facts, named(spec.allow_system_calls, "--allow-syscall"), denied);
    } else if (spec.system_calls == SystemCalls::none) {
        step.program.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
    } else {
        append_numbers(step.program, purpose, spec);
    }
    if (spec.log_refusals) {
        seccomp::Listening listening = seccomp::listening(step.program);
        step.told = std::move(listening.told);
        step.rest = std::move(listening.rest);
        step.summary += "; what is refused is named at the end";
    }
    plan.steps.push_back(std::move(step));
}

}  // namespace sandbox::plan
