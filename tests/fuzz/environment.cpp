// The environment: one line a variable of the caller, up to a line `--`; then one line a rule.
#include "fuzz/fuzz.hpp"

#include "cli/values.hpp"
#include "plan/environment.hpp"
#include "spec/numbers.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace sandbox_fuzz {
namespace {

using namespace sandbox;

/// `*` and `?`, by trying everything.
bool matches(std::string_view pattern, std::string_view name) {
    if (pattern.empty()) {
        return name.empty();
    }
    if (pattern.front() == '*') {
        return matches(pattern.substr(1), name) || (!name.empty() && matches(pattern, name.substr(1)));
    }
    return !name.empty() && (pattern.front() == '?' || pattern.front() == name.front()) &&
           matches(pattern.substr(1), name.substr(1));
}

void check_globs(const std::string& pattern, const std::vector<std::string>& names) {
    // The oracle takes exponential time.
    if (pattern.size() > 8 || std::ranges::count(pattern, '*') > 3) {
        return;
    }
    for (const std::string& name : names) {
        must(name.size() > 12 || plan::glob_matches(pattern, name) == matches(pattern, name), "a glob is * and ?");
    }
}

}  // namespace

void environment(std::string_view text) {
    const std::vector<std::string> all = words_of(text);
    const auto separator = std::ranges::find(all, "--");
    const std::vector<std::string> caller(all.begin(), separator);
    Spec spec;
    for (auto line = separator; line != all.end(); ++line) {
        (void)accepts<spec::BadValue>([&] { spec.environment.push_back(cli::parse_environment_rule(*line)); });
        check_globs(*line, caller);
    }
    for (const bool clear : {false, true}) {
        spec.clear_environment = clear;
        const plan::Environment built = plan::build_environment(spec, caller, {"/root", "/work", "root"});
        must(built.variables.contains("PATH") && built.variables.contains("HOME"), "PATH and HOME are always there");
        must(built.withheld <= caller.size(), "no more is withheld than there was");
        for (const std::string& entry : built.strings()) {
            must(entry.find('=') != std::string::npos && entry.front() != '=', "an entry is NAME=VALUE");
            must(!spec.environment.empty() || entry.find("TOKEN") != 0, "a token is passed on request only");
        }
    }
}

}  // namespace sandbox_fuzz
