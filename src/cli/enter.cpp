#include "cli/enter.hpp"

#include "cli/foreground.hpp"
#include "cli/values.hpp"
#include "cli/verbose.hpp"
#include "spec/numbers.hpp"

#include <sandbox/registry.hpp>

#include <cstdio>
#include <optional>
#include <string>

namespace sandbox::cli {
namespace {

EnterSpec spec_of(const VerbCall& call) {
    EnterSpec spec;
    spec.command = call.command;
    spec.cwd = call.value(VerbOptionId::enter_cwd);
    spec.foreground = true;
    if (const std::optional<std::string> tty = call.value(VerbOptionId::enter_tty)) {
        spec.tty = parse_tty(*tty);
    }
    if (const auto rules = call.options.find(VerbOptionId::enter_env); rules != call.options.end()) {
        for (const std::string& rule : rules->second) {
            spec.environment.push_back(parse_environment_rule(rule));
        }
    }
    spec.trace = call.has(VerbOptionId::enter_verbose) || call.has(VerbOptionId::enter_status_fd);
    return spec;
}

}  // namespace

void enter_and_exit(const VerbCall& call) {
    open_missing_standard_descriptors();
    EnterSpec spec;
    std::optional<StatusLines> status;
    try {
        spec = spec_of(call);
        if (const std::optional<std::string> number = call.value(VerbOptionId::enter_status_fd)) {
            status.emplace(parse_descriptor(*number));
        }
    } catch (const spec::BadValue& bad) {
        throw Error("enter: " + std::string(bad.what())).with_fix(bad.fix());
    }
    Process process = launch_and_tell(status, [&] { return enter(call.words.front(), spec); });
    if (call.has(VerbOptionId::enter_verbose)) {
        std::fputs(verbose_text(process.trace()).c_str(), stderr);
    }
    finish(process, status, {});
}

}  // namespace sandbox::cli
