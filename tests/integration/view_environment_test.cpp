// The environment: an allow-list, and what --env and --clear-env make of it.
#include <map>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using ViewEnvironment = SandboxTest;
using Variables = std::map<std::string, std::string>;

// What env(1) prints inside, where the caller has just these variables.
Variables environment_inside(const Variables& callers, const std::vector<std::string>& options = {}) {
    std::vector<std::string> command{"env", "-i"};
    for (const auto& [name, value] : callers) {
        command.push_back(name + "=" + value);
    }
    command.push_back(sandbox_binary());
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"--", "env", "--null"});
    const Result result = run(command);
    EXPECT_EQ(result.exit_status, 0) << result;
    Variables variables;
    for (std::size_t at = 0; at < result.out.size();) {
        const std::size_t end = result.out.find('\0', at);
        const std::string line = result.out.substr(at, end - at);
        variables[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
        at = end + 1;
    }
    return variables;
}

const Variables usual{{"HOME", "/root"}, {"PATH", "/usr/bin:/bin"}};
const Variables own{{"HOME", "/root"}, {"LOGNAME", "root"}, {"PATH", "/usr/bin:/bin"},
                    {"PWD", "/"},      {"USER", "root"},    {"container", "sandbox"}};

Variables with(const Variables& some, const Variables& more) {
    Variables all = more;
    all.insert(some.begin(), some.end());
    return all;
}

TEST_F(ViewEnvironment, WhatTheSandboxSays) {
    EXPECT_EQ(environment_inside(usual), own);
    EXPECT_EQ(environment_inside(
                  with(usual, {{"USER", "ada"}, {"LOGNAME", "ada"}, {"PWD", "/somewhere"}, {"container", "x"}})),
              own);
}

TEST_F(ViewEnvironment, WithoutAPathThereIsOne) {
    const Variables inside = environment_inside({{"HOME", "/root"}});
    EXPECT_TRUE(contains(inside.at("PATH"), "/usr/bin"));
}

TEST_F(ViewEnvironment, SecretsAndDoorsStayOutside) {
    const Variables callers{{"AWS_SECRET_ACCESS_KEY", "x"},
                            {"GITHUB_TOKEN", "x"},
                            {"NPM_TOKEN", "x"},
                            {"SSH_AUTH_SOCK", "/x"},
                            {"GPG_AGENT_INFO", "x"},
                            {"DBUS_SESSION_BUS_ADDRESS", "x"},
                            {"DISPLAY", ":0"},
                            {"WAYLAND_DISPLAY", "x"},
                            {"XAUTHORITY", "/x"},
                            {"XDG_RUNTIME_DIR", "/run/user/0"},
                            {"DOCKER_HOST", "x"},
                            {"KUBECONFIG", "/x"},
                            {"http_proxy", "http://u:p@x"},
                            {"HTTPS_PROXY", "x"},
                            {"no_proxy", "x"},
                            {"DATABASE_URL", "x"},
                            {"OLDPWD", "/x"},
                            {"SUDO_USER", "x"},
                            {"LD_LIBRARY_PATH", "/x"},
                            {"CI_JOB_TOKEN", "x"},
                            {"MAIL", "x"},
                            {"SHLVL", "1"},
                            {"_", "x"},
                            {"LCX", "x"}};
    EXPECT_EQ(environment_inside(with(usual, callers)), own);
}

TEST_F(ViewEnvironment, WhatABuildNeedsIsPassed) {
    Variables callers;
    for (const char* name : {"TERM",
                             "TERMINFO",
                             "TERMINFO_DIRS",
                             "COLORTERM",
                             "NO_COLOR",
                             "LANG",
                             "LANGUAGE",
                             "LC_ALL",
                             "LC_MESSAGES",
                             "LOCALE_ARCHIVE",
                             "TZ",
                             "SHELL",
                             "EDITOR",
                             "PAGER",
                             "CI",
                             "SOURCE_DATE_EPOCH",
                             "CC",
                             "CXX",
                             "CFLAGS",
                             "CXXFLAGS",
                             "LDFLAGS",
                             "PKG_CONFIG_PATH",
                             "JAVA_HOME",
                             "GOPATH",
                             "GOROOT",
                             "CARGO_HOME",
                             "RUSTUP_HOME",
                             "VIRTUAL_ENV",
                             "PYTHONPATH",
                             "NODE_PATH",
                             "GEM_HOME",
                             "SSL_CERT_FILE",
                             "SSL_CERT_DIR"}) {
        callers[name] = std::string("value of ") + name;
    }
    EXPECT_EQ(environment_inside(with(usual, callers)), with(own, callers));
}

TEST_F(ViewEnvironment, TheTimeZoneCounts) {
    EXPECT_EQ(inside({"date", "+%Z%z"}, {.set = {{"TZ", "XYZ-3"}}}).out, "XYZ+0300\n");
}

TEST_F(ViewEnvironment, OneIsPassedOrSet) {
    const Variables callers = with(usual, {{"TOKEN", "secret"}, {"OTHER", "x"}, {"EMPTY", ""}});
    EXPECT_EQ(environment_inside(callers, {"--env", "TOKEN"}), with(own, {{"TOKEN", "secret"}}));
    EXPECT_EQ(environment_inside(callers, {"--env", "NEW=value"}), with(own, {{"NEW", "value"}}));
    EXPECT_EQ(environment_inside(callers, {"--env=TOKEN=mine"}), with(own, {{"TOKEN", "mine"}}));
    EXPECT_EQ(environment_inside(callers, {"--env", "TOKEN="}), with(own, {{"TOKEN", ""}}));
    EXPECT_EQ(environment_inside(callers, {"--env", "EMPTY"}), with(own, {{"EMPTY", ""}}));
    EXPECT_EQ(environment_inside(callers, {"--env", "MISSING"}), own) << "what the caller lacks is not made";
    EXPECT_EQ(environment_inside(callers, {"--env", "ODD=a=b\nc"}), with(own, {{"ODD", "a=b\nc"}}));
    EXPECT_EQ(environment_inside(callers, {"--env", "X=1", "--env", "X=2"}), with(own, {{"X", "2"}}));
}

TEST_F(ViewEnvironment, Patterns) {
    const Variables ci{{"CI_JOB", "1"}, {"CI_TOKEN", "2"}};
    const Variables callers = with(usual, with(ci, {{"CIX", "3"}, {"A1", "4"}, {"A22", "5"}}));
    EXPECT_EQ(environment_inside(callers, {"--env", "CI_*"}), with(own, ci));
    EXPECT_EQ(environment_inside(callers, {"--env", "A?"}), with(own, {{"A1", "4"}}));
    EXPECT_EQ(environment_inside(callers, {"--env", "*TOKEN*"}), with(own, {{"CI_TOKEN", "2"}}));
    EXPECT_EQ(environment_inside(callers, {"--env", "NOTHING*"}), own);
    const Variables all = with(callers, {{"HOME", "/elsewhere"}, {"USER", "ada"}, {"PWD", "/x"}, {"container", "no"}});
    EXPECT_EQ(environment_inside(all, {"--env", "*"}), with(all, own))
        << "a pattern does not undo what the sandbox says of itself";
}

TEST_F(ViewEnvironment, ClearEnv) {
    const Variables callers = with(usual, {{"TERM", "xterm"}, {"LANG", "C"}, {"CI", "1"}, {"TOKEN", "x"}});
    Variables cleared = environment_inside(with({{"HOME", "/root"}}, callers), {"--clear-env"});
    EXPECT_NE(cleared.at("PATH"), "");
    cleared["PATH"] = own.at("PATH");
    EXPECT_EQ(cleared, own);
    Variables some = environment_inside(callers, {"--clear-env", "--env", "TERM", "--env", "X=1", "--env", "PATH"});
    EXPECT_EQ(some, with(own, {{"TERM", "xterm"}, {"X", "1"}}));
}

TEST_F(ViewEnvironment, ThePathThatIsSetIsTheOneSearched) {
    const Result result =
        inside({"tool"}, {.sandbox = {"--env", "PATH=/srv/tools", "--ro", "/bin/true:/srv/tools/tool"}});
    EXPECT_EQ(result.exit_status, 0) << result;
    const Result missing = inside({"true"}, {.sandbox = {"--env", "PATH=/srv/tools"}});
    EXPECT_EQ(missing.exit_status, 127) << missing;
    EXPECT_TRUE(contains(missing.err, "/srv/tools")) << missing;
}

TEST_F(ViewEnvironment, WrongNamesAreErrors) {
    for (const std::string value : {"=x", "A*=x"}) {
        const Result result = inside({"echo", "ran"}, {.sandbox = {"--env", value}});
        EXPECT_EQ(result.exit_status, 125) << value << result;
        EXPECT_TRUE(contains(result.err, "--env")) << value << result;
    }
}

}  // namespace
}  // namespace sandbox_test
