// Which variables the command gets.
#include "plan/environment.hpp"
#include "unit/planning.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

using Strings = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

const Identity identity{.home = "/home/ann", .cwd = "/work", .user = "root"};
const Variables own = {
    {"HOME", "/home/ann"},    {"PWD", "/work"},
    {"USER", "root"},         {"LOGNAME", "root"},
    {"container", "sandbox"}, {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};

Environment environment(const Strings& caller, std::vector<EnvironmentRule> rules = {}, bool clear = false) {
    Spec spec;
    spec.environment = std::move(rules);
    spec.clear_environment = clear;
    return build_environment(spec, caller, identity);
}

Variables and_own(Variables variables) {
    variables.insert(own.begin(), own.end());
    return variables;
}

TEST(Environment, OfACallerWithout) {
    EXPECT_EQ(environment({}).variables, own);
    EXPECT_EQ(environment({}).withheld, 0U);
}

TEST(Environment, PassesTheAllowListAndNothingElse) {
    const Strings allowed = {
        "CARGO_HOME",
        "CC",
        "CFLAGS",
        "CI",
        "COLORTERM",
        "CXX",
        "CXXFLAGS",
        "EDITOR",
        "GEM_HOME",
        "GOPATH",
        "GOROOT",
        "JAVA_HOME",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_PAPER",
        "LDFLAGS",
        "LOCALE_ARCHIVE",
        "NODE_PATH",
        "NO_COLOR",
        "PAGER",
        "PATH",
        "PKG_CONFIG_PATH",
        "PYTHONPATH",
        "RUSTUP_HOME",
        "SHELL",
        "SOURCE_DATE_EPOCH",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TERM",
        "TERMINFO",
        "TERMINFO_DIRS",
        "TZ",
        "VIRTUAL_ENV",
    };
    const Strings withheld = {
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "SSH_AUTH_SOCK",
        "GPG_AGENT_INFO",
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
        "XDG_RUNTIME_DIR",
        "http_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "DOCKER_HOST",
        "KUBECONFIG",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "BASH_ENV",
        "ENV",
        "MAIL",
        "OLDPWD",
        "CI_TOKEN",
        "CCX",
        "LC",
        "XLC_ALL",
        "path",
    };
    Strings caller;
    Variables expected;
    for (const std::string& name : allowed) {
        caller.push_back(name + "=of " + name);
        expected[name] = "of " + name;
    }
    for (const std::string& name : withheld) {
        caller.push_back(name + "=secret");
    }
    const Environment result = environment(caller);
    EXPECT_EQ(result.variables, and_own(expected));
    EXPECT_EQ(result.withheld, withheld.size());
}

TEST(Environment, TheSandboxSpeaksForItself) {
    const Environment result = environment({"HOME=/root", "PWD=/x", "USER=ann", "LOGNAME=ann", "container=docker"});
    EXPECT_EQ(result.variables, own);
    EXPECT_EQ(result.withheld, 0U);
}

TEST(Environment, NoUserWhereTheInsideKnowsNone) {
    const Environment result =
        build_environment({}, {"USER=ann", "LOGNAME=ann"}, {.home = "/", .cwd = "/", .user = {}});
    EXPECT_FALSE(result.variables.contains("USER"));
    EXPECT_FALSE(result.variables.contains("LOGNAME"));
    EXPECT_EQ(result.withheld, 2U);
}

TEST(Environment, ANamePassesOneVariable) {
    const Environment result = environment({"A=1", "AB=2", "B=3"}, {{"A", {}}, {"MISSING", {}}});
    EXPECT_EQ(result.variables, and_own({{"A", "1"}}));
    EXPECT_EQ(result.withheld, 2U);
}

TEST(Environment, AnEmptyValueIsAValue) {
    EXPECT_EQ(environment({"TERM=", "A="}, {{"A", {}}, {"B", ""}}).variables,
              and_own({{"A", ""}, {"B", ""}, {"TERM", ""}}));
}

TEST(Environment, AGlobPassesMany) {
    const Environment result = environment({"CI_JOB=1", "CI_X=2", "CI=3", "XCI_=4"}, {{"CI_*", {}}});
    EXPECT_EQ(result.variables, and_own({{"CI", "3"}, {"CI_JOB", "1"}, {"CI_X", "2"}}));
    EXPECT_EQ(result.withheld, 1U);
}

TEST(Environment, AGlobDoesNotUndoWhatTheSandboxSays) {
    const Environment result =
        environment({"HOME=/root", "PWD=/x", "USER=ann", "LOGNAME=ann", "container=docker", "TOKEN=t"}, {{"*", {}}});
    EXPECT_EQ(result.variables, and_own({{"TOKEN", "t"}}));
    EXPECT_EQ(result.withheld, 0U);
}

TEST(Environment, AFullNameDoes) {
    const Environment result = environment({"HOME=/root", "USER=ann"}, {{"HOME", {}}, {"USER", "bob"}});
    EXPECT_EQ(result.variables.at("HOME"), "/root");
    EXPECT_EQ(result.variables.at("USER"), "bob");
    EXPECT_EQ(result.variables.at("LOGNAME"), "root");
}

TEST(Environment, RulesApplyInTheirOrder) {
    const Strings caller = {"A=caller"};
    EXPECT_EQ(environment(caller, {{"A", "1"}, {"A", "2"}}).variables.at("A"), "2");
    EXPECT_EQ(environment(caller, {{"A", "1"}, {"A", {}}}).variables.at("A"), "caller");
    EXPECT_EQ(environment(caller, {{"*", {}}, {"A", "1"}}).variables.at("A"), "1");
    EXPECT_EQ(environment({}, {{"A", "1"}, {"A", {}}}).variables.at("A"), "1")
        << "not set in the caller: passes nothing";
}

TEST(Environment, ClearedPassesOnlyWhatIsNamed) {
    const Environment result = environment({"PATH=/mine", "LANG=C", "A=1", "B=2"}, {{"A", {}}}, true);
    EXPECT_EQ(result.variables, and_own({{"A", "1"}}));
    EXPECT_EQ(result.withheld, 2U) << "LANG and B; there is a PATH inside, if not the caller's";
}

TEST(Environment, EntriesThatAreNoVariablesArePassedOver) {
    const Environment result = environment({"no equal sign", "=starts with one", "A=b=c", "A=again"}, {{"A", {}}});
    EXPECT_EQ(result.variables, and_own({{"A", "b=c"}})) << "the first of two counts, as in getenv(3)";
    EXPECT_EQ(result.withheld, 0U);
}

TEST(Environment, StringsAreSorted) {
    const Strings strings = environment({"TERM=vt100", "LANG=C"}, {{"a", "1"}, {"Z", "=="}}).strings();
    EXPECT_TRUE(std::is_sorted(strings.begin(), strings.end()));
    EXPECT_EQ(strings.size(), 10U);
    EXPECT_EQ(std::count(strings.begin(), strings.end(), "Z==="), 1);
}

TEST(Environment, TheUserIsTheOneOfThePasswdInside) {
    const auto user_of = [](const test::FakeHost& host, const Spec& spec) {
        const Plan plan = test::plan_for(spec, host);
        return find_variable(std::get<Execute>(plan.steps.back()).environment, "USER");
    };
    Spec spec = test::default_spec();
    test::FakeHost host;
    EXPECT_EQ(user_of(host, spec), "root");
    spec.uid = SelfId{};
    EXPECT_EQ(user_of(host, spec), "ann");
    spec.uid = 5U;
    EXPECT_EQ(user_of(host, spec), std::nullopt);
    host.tree.file("/etc/passwd", "broken\nx:5\nnobody:x:50:\nlast:x:5:5::/:/bin/sh");
    EXPECT_EQ(user_of(host, spec), "last") << "no newline at the end; lines that are none are passed over";
    spec.root = "/srv";
    EXPECT_EQ(user_of(host, spec), std::nullopt) << "the tree has no passwd";
    host.tree.file("/srv/etc/passwd", "guest:x:5:5::/:/bin/sh\n");
    EXPECT_EQ(user_of(host, spec), "guest");
}

TEST(FindVariable, MatchesTheWholeName) {
    const Strings strings = {"HOMES=1", "HOME", "HOME=2", "HOME=3", "EMPTY="};
    EXPECT_EQ(find_variable(strings, "HOME"), "2");
    EXPECT_EQ(find_variable(strings, "HOM"), std::nullopt);
    EXPECT_EQ(find_variable(strings, "EMPTY"), "");
}

TEST(Glob, Matches) {
    for (const auto& [pattern, name] : std::vector<std::pair<std::string, std::string>>{
             {"*", ""},     {"*", "A"},       {"", ""},    {"A", "A"},     {"A*", "A"}, {"A*", "ABC"},  {"*C", "ABC"},
             {"A*C", "AC"}, {"A*C", "ABCBC"}, {"?", "A"},  {"A?C", "ABC"}, {"**", "A"}, {"*B*", "ABC"}, {"*A*A*", "AA"},
             {"A**", "A"},  {"*?", "AB"},     {"?*", "A"}, {"[A]", "[A]"}, {"*", "*"},  {"\\*", "\\x"}}) {
        EXPECT_TRUE(glob_matches(pattern, name)) << pattern << " " << name;
    }
}

TEST(Glob, DoesNotMatch) {
    for (const auto& [pattern, name] : std::vector<std::pair<std::string, std::string>>{{"", "A"},
                                                                                        {"A", ""},
                                                                                        {"A", "B"},
                                                                                        {"A", "AB"},
                                                                                        {"A*", "BA"},
                                                                                        {"*C", "CA"},
                                                                                        {"?", ""},
                                                                                        {"?", "AB"},
                                                                                        {"A?C", "AC"},
                                                                                        {"A*C", "ABCD"},
                                                                                        {"*A*A*", "A"},
                                                                                        {"*?", ""},
                                                                                        {"[A]", "A"},
                                                                                        {"a", "A"}}) {
        EXPECT_FALSE(glob_matches(pattern, name)) << pattern << " " << name;
    }
}

TEST(Glob, ManyStarsTakeNoExponentialTime) {
    std::string pattern;
    for (int i = 0; i < 100; ++i) {
        pattern += "*A";
    }
    EXPECT_FALSE(glob_matches(pattern + "B", std::string(5000, 'A')));
}

}  // namespace
}  // namespace sandbox::plan
