#include "plan/execution.hpp"

#include "plan/command.hpp"
#include "plan/environment.hpp"

#include <utility>

namespace sandbox::plan {
void plan_execution(Plan& plan, const Spec& spec, const std::vector<std::string>& caller) {
    const Environment environment = build_environment(spec, caller, plan.identity);
    Execute execute;
    execute.environment = environment.strings();
    for (const auto& [name, value] : environment.variables) {
        plan.environment_names.push_back(name);
    }
    plan.environment_withheld = environment.withheld;
    execute.arguments = spec.command.empty() ? std::vector<std::string>{"/bin/sh"} : spec.command;
    execute.candidates = command_candidates(execute.arguments.front(), environment.variables.at("PATH"));
    plan.steps.push_back(std::move(execute));
}

}  // namespace sandbox::plan
