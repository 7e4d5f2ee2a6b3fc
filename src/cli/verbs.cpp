#include "cli/verbs.hpp"

#include "cli/quote.hpp"
#include "spec/escape.hpp"

#include <sandbox/process.hpp>

#include <algorithm>
#include <cstdio>

namespace sandbox::cli {
namespace {

int collect() {
    const std::vector<std::string> problems = collect_garbage();
    for (const std::string& problem : problems) {
        std::fputs(("sandbox: " + spec::escaped(problem) + "\n").c_str(), stderr);
    }
    return problems.empty() ? 0 : 125;
}

void refuse_arguments(const Verb& verb, std::span<const std::string> arguments) {
    if (verb.arguments.empty() && !arguments.empty()) {
        const std::string name(verb.name);
        throw Error(name + " " + quoted(arguments.front()) + ": the verb takes no arguments")
            .with_fix("sandbox " + name + "; a command of that name: sandbox -- " + name);
    }
}

}  // namespace

const Verb* find_verb(std::string_view name) {
    const auto* const found = std::ranges::find(verb_table, name, &Verb::name);
    return found == verb_table.end() ? nullptr : found;
}

int run_verb(const Verb& verb, std::span<const std::string> arguments) {
    refuse_arguments(verb, arguments);
    switch (verb.id) {
        case VerbId::gc:
            return collect();
    }
    return 125;
}

}  // namespace sandbox::cli
