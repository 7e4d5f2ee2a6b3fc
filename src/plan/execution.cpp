#include "plan/execution.hpp"

#include "plan/environment.hpp"
#include "spec/paths.hpp"

#include <algorithm>
#include <utility>

namespace sandbox::plan {
namespace {

// As execvp(3) has it: an empty component of PATH is the current directory.
std::vector<std::string> candidates(const std::string& command, const std::string& path) {
    if (command.find('/') != std::string::npos) {
        return {command};
    }
    std::vector<std::string> found;
    for (std::size_t start = 0; start <= path.size();) {
        const std::size_t end = std::min(path.find(':', start), path.size());
        const std::string directory = path.substr(start, end - start);
        found.push_back(directory.empty() ? "./" + command : spec::join(directory, command));
        start = end + 1;
    }
    return found;
}

}  // namespace

void plan_execution(Plan& plan, const Spec& spec, const std::vector<std::string>& caller) {
    const Environment environment = build_environment(spec, caller, plan.identity);
    Execute execute;
    execute.environment = environment.strings();
    for (const auto& [name, value] : environment.variables) {
        plan.environment_names.push_back(name);
    }
    plan.environment_withheld = environment.withheld;
    execute.arguments = spec.command.empty() ? std::vector<std::string>{"/bin/sh"} : spec.command;
    execute.candidates = candidates(execute.arguments.front(), environment.variables.at("PATH"));
    plan.steps.push_back(std::move(execute));
}

}  // namespace sandbox::plan
