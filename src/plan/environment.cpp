#include "plan/environment.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace sandbox::plan {
namespace {

// No tokens, no agent sockets, no proxies: what a build or a shell needs and nothing that opens a door.
constexpr std::array passed_names = {
    "PATH",
    "TERM",
    "TERMINFO",
    "TERMINFO_DIRS",
    "COLORTERM",
    "NO_COLOR",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LOCALE_ARCHIVE",
    "TZ",
    "SHELL",
    "EDITOR",
    "PAGER",
    "CI",
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "SOURCE_DATE_EPOCH",
    "GOPATH",
    "GOROOT",
    "GEM_HOME",
    "JAVA_HOME",
    "PKG_CONFIG_PATH",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "NODE_PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
};
constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_passed(std::string_view name) {
    return std::any_of(passed_names.begin(), passed_names.end(),
                       [name](const char* pattern) { return glob_matches(pattern, name); });
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view name) {
    std::size_t star = std::string_view::npos;
    std::size_t retry = 0;
    std::size_t p = 0;
    std::size_t n = 0;
    while (n < name.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] == name[n] && pattern[p] != '*'))) {
            ++p;
            ++n;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            retry = n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++retry;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::optional<std::string> find_variable(const std::vector<std::string>& environment, std::string_view name) {
    for (const std::string& entry : environment) {
        if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name)) {
            return entry.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

Environment build_environment(const Spec& spec, const std::vector<std::string>& caller, const Identity& identity) {
    std::map<std::string, std::string> available;
    for (const std::string& entry : caller) {
        if (const std::size_t equal = entry.find('='); equal != std::string::npos && equal > 0) {
            available.emplace(entry.substr(0, equal), entry.substr(equal + 1));
        }
    }
    Environment result;
    if (!spec.clear_environment) {
        std::copy_if(available.begin(), available.end(), std::inserter(result.variables, result.variables.end()),
                     [](const auto& variable) { return is_passed(variable.first); });
    }
    result.variables.emplace("PATH", default_path);
    result.variables["HOME"] = identity.home;
    result.variables["PWD"] = identity.cwd;
    if (identity.user) {
        result.variables["USER"] = result.variables["LOGNAME"] = *identity.user;
    }
    result.variables["container"] = "sandbox";
    for (const EnvironmentRule& rule : spec.environment) {
        if (rule.value) {
            result.variables[rule.name] = *rule.value;
            continue;
        }
        const bool is_glob = rule.name.find_first_of("*?") != std::string::npos;
        for (const auto& [name, value] : available) {
            // A glob passes what the caller has; it does not undo what the sandbox says of itself.
            const bool own =
                name == "HOME" || name == "PWD" || name == "USER" || name == "LOGNAME" || name == "container";
            if (is_glob ? glob_matches(rule.name, name) && !own : rule.name == name) {
                result.variables[name] = value;
            }
        }
    }
    result.withheld =
        static_cast<std::size_t>(std::count_if(available.begin(), available.end(), [&result](const auto& variable) {
            return !result.variables.contains(variable.first);
        }));
    return result;
}

std::vector<std::string> Environment::strings() const {
    std::vector<std::string> entries;
    for (const auto& [name, value] : variables) {
        entries.push_back(name + "=" + value);
    }
    return entries;
}

}  // namespace sandbox::plan
