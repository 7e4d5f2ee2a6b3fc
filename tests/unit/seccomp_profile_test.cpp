// Profiles of containers: what their text means, what is refused in it, and the programs that they become.
#include "unit/seccomp_filters.hpp"

#include "seccomp/compile_profile.hpp"
#include "seccomp/profile.hpp"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <asm/ioctls.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>

namespace sandbox::seccomp {
namespace {

using json::most_json_bytes;
using json::most_json_depth;
using json::most_json_keys;
using json::parse_json;

std::string refusal(const std::string& text) {
    try {
        (void)parse_profile(text);
        return "taken";
    } catch (const BadProfile& bad) {
        return bad.what();
    }
}

/// A profile with these rules, on the second line.
std::string with_rules(const std::string& rules, const std::string& more = "") {
    return R"({"defaultAction": "SCMP_ACT_ERRNO")" + more + ",\n\"syscalls\": [" + rules + "]}";
}
std::string rule(const std::string& more, const std::string& action = "SCMP_ACT_ALLOW") {
    return R"({"names": ["read"], "action": ")" + action + "\"" + more + "}";
}

TEST(SeccompJson, WhereEverythingStands) {
    const Json json = parse_json("{\"a\":\n[1,\n\n2\n],\n\"b\": \"x\\u00e9\" }");
    ASSERT_EQ(json.kind, Json::Kind::object);
    EXPECT_EQ(json.keys, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(json.line, 1U);
    ASSERT_EQ(json.items.at(0).items.size(), 2U);
    EXPECT_EQ(json.items[0].line, 2U);
    EXPECT_EQ(json.items[0].items[0].line, 2U);
    EXPECT_EQ(json.items[0].items[1].line, 4U) << "where it ends, not where what follows begins";
    EXPECT_EQ(json.items[0].items[1].number, 2U);
    EXPECT_EQ(json.items[1].line, 6U);
    EXPECT_EQ(json.items[1].text, "x\u00e9");
    EXPECT_EQ(parse_json("18446744073709551615").number, ~std::uint64_t{0});
    EXPECT_EQ(parse_json("18446744073709551616").kind, Json::Kind::other_number);
    EXPECT_EQ(parse_json("-1").kind, Json::Kind::other_number);
    EXPECT_EQ(parse_json("1e2").kind, Json::Kind::other_number);
}

TEST(SeccompJson, AsDeepAndAsLargeAsIsTaken) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_NO_THROW((void)parse_json(nested(most_json_depth)));
    EXPECT_EQ(refusal(nested(most_json_depth + 1)), "line 1: nested more than 16 deep");
    EXPECT_EQ(refusal(nested(100000)), "line 1: nested more than 16 deep");
    EXPECT_EQ(refusal(std::string(most_json_bytes + 1, ' ')), "line 1: more than 1 MiB");
    std::string keys = "{";
    for (std::size_t i = 0; i <= most_json_keys; ++i) {
        keys += "\"" + std::to_string(i) + "\": 1,\n";
    }
    EXPECT_EQ(refusal(keys + "}"), "line 65: more than 64 keys in one object");
}

TEST(SeccompProfileText, WhatIsRefused) {
    const std::pair<std::string, std::string> cases[] = {
        {"",
         "line 1: not JSON: syntax error while parsing value - unexpected end of input; expected '[', '{', or a "
         "literal"},
        {"[]", "line 1: a profile must be an object"},
        {"{}", "line 1: \"defaultAction\" is missing"},
        {R"({"defaultAction": null})", "line 1: \"defaultAction\" is missing"},
        {R"({"defaultAction": 1})", "line 1: \"defaultAction\" must be a text"},
        {R"({"defaultAction": "ALLOW"})",
         "line 1: \"ALLOW\" is no action (SCMP_ACT_ALLOW, _ERRNO, _KILL, _KILL_PROCESS, _LOG, _TRAP)"},
        {R"({"defaultAction": "SCMP_ACT_NOTIFY"})",
         "line 1: SCMP_ACT_NOTIFY asks for another process that decides, which there is not"},
        {R"({"defaultAction": "SCMP_ACT_ALLOW", "defaultAction": "SCMP_ACT_ALLOW"})",
         "line 1: \"defaultAction\" stands twice in one object"},
        {"{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n\"listenerPath\": \"/run/x\"}",
         "line 2: \"listenerPath\" asks for another process that decides, which there is not"},
        {"{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"]}",
         "line 2: \"flags\" of seccomp(2) are not the profile's to set"},
        {R"({"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1})",
         "line 1: \"defaultErrnoRet\" is for SCMP_ACT_ERRNO alone"},
        {R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096})",
         "line 1: \"defaultErrnoRet\" must be a whole number from 0 to 4095"},
        {R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "defaultErrno": "ENOSYS"})",
         "line 1: \"defaultErrnoRet\" and \"defaultErrno\" are different errors"},
        {R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "ENOTHING"})",
         "line 1: \"ENOTHING\" is no error number and the name of none"},
        {with_rules("", R"(, "architectures": ["SCMP_ARCH_X86_46"])"),
         "line 1: \"SCMP_ARCH_X86_46\" is no architecture, as SCMP_ARCH_X86_64"},
        {with_rules("", R"(, "architectures": ["SCMP_ARCH_X86"], "archMap": [{"architecture": "SCMP_ARCH_ARM"}])"),
         "line 1: \"architectures\" and \"archMap\" in one profile"},
        {with_rules("", R"(, "archMap": [{"subArchitectures": []}])"), "line 1: \"architecture\" is missing"},
        {with_rules("", R"(, "sycalls": [])"), "line 1: \"sycalls\" is not known here"},
        {with_rules("1"), "line 2: an item of \"syscalls\" must be an object"},
        {with_rules("{}"), "line 2: a rule that names no system call"},
        {with_rules(R"({"names": [], "action": "SCMP_ACT_ALLOW"})"), "line 2: a rule that names no system call"},
        {with_rules(R"({"names": ["read"]})"), "line 2: \"action\" is missing"},
        {with_rules(rule(R"(, "name": "write")")), "line 2: \"name\" and \"names\" in one rule"},
        {with_rules(R"({"names": ["re\u0000ad"], "action": "SCMP_ACT_ALLOW"})"), "line 2: \"names\" has a NUL in it"},
        {with_rules(rule("", "SCMP_ACT_TRACE")),
         "line 2: SCMP_ACT_TRACE asks for another process that decides, which there is not"},
        {with_rules(rule(R"(, "errnoRet": 1)")), "line 2: \"errnoRet\" is for SCMP_ACT_ERRNO alone"},
        {with_rules(rule(R"(, "errnoRet": -1)", "SCMP_ACT_ERRNO")),
         "line 2: \"errnoRet\" must be a whole number from 0 to 4095"},
        {with_rules(rule(R"(, "arg": [])")), "line 2: \"arg\" is not known here"},
        {with_rules(rule(R"(, "args": {})")), "line 2: \"args\" must be a list"},
        {with_rules(rule(R"(, "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}])")),
         "line 2: \"index\" must be a whole number from 0 to 5"},
        {with_rules(rule(R"(, "args": [{"index": 0, "op": "SCMP_CMP_EQ"}])")), "line 2: \"value\" is missing"},
        {with_rules(rule(R"(, "args": [{"index": 0, "value": 18446744073709551616, "op": "SCMP_CMP_EQ"}])")),
         "line 2: \"value\" must be a whole number from 0 to 18446744073709551615"},
        {with_rules(rule(R"(, "args": [{"index": 0, "value": 1.5, "op": "SCMP_CMP_EQ"}])")),
         "line 2: \"value\" must be a whole number from 0 to 18446744073709551615"},
        {with_rules(rule(R"(, "args": [{"index": 0, "value": 0, "op": "EQ"}])")),
         "line 2: \"EQ\" is no comparison (SCMP_CMP_NE, _LT, _LE, _EQ, _GE, _GT, _MASKED_EQ)"},
        {with_rules(rule(R"(, "includes": {"cap": []})")), "line 2: \"cap\" is not known here"},
        {with_rules(rule(R"(, "includes": {"minKernel": "five"})")),
         "line 2: \"five\" is no version of a kernel, as 5.15"},
        {with_rules(rule(R"(, "includes": {"minKernel": "5.15-rc"})")),
         "line 2: \"5.15-rc\" is no version of a kernel, as 5.15"},
    };
    for (const auto& [text, why] : cases) {
        EXPECT_EQ(refusal(text), why) << text;
    }
}

TEST(SeccompProfileText, WhatEncodersWriteOfNothing) {
    EXPECT_EQ(refusal(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "", "architectures": null, "archMap": [],
                          "flags": [], "listenerPath": "", "syscalls": [{"name": "read", "names": null, "comment": "",
                          "action": "SCMP_ACT_ALLOW", "args": null, "includes": {}, "excludes": null}]})"),
              "taken");
}

TEST(SeccompProfileText, Errors) {
    const auto error_of = [](const std::string& more) {
        return parse_profile(R"({"defaultAction": "SCMP_ACT_ERRNO")" + more + "}").default_action.error;
    };
    EXPECT_EQ(error_of(""), 1U);
    EXPECT_EQ(error_of(R"(, "defaultErrnoRet": 38)"), 38U);
    EXPECT_EQ(error_of(R"(, "defaultErrno": "ENOSYS")"), 38U);
    EXPECT_EQ(error_of(R"(, "defaultErrno": "38", "defaultErrnoRet": 38)"), 38U);
    EXPECT_EQ(error_of(R"(, "defaultErrnoRet": 0)"), 0U);
}

TEST(SeccompProfileText, KernelVersions) {
    EXPECT_EQ(kernel_version("5.15.0-91-generic"), (KernelVersion{5, 15}));
    EXPECT_EQ(kernel_version("6.1"), (KernelVersion{6, 1}));
    EXPECT_FALSE(kernel_version("6"));
    EXPECT_FALSE(kernel_version(""));
    EXPECT_FALSE(kernel_version("v6.1"));
    EXPECT_LT((KernelVersion{4, 20}), (KernelVersion{5, 1}));
}

TEST(SeccompProfileText, RulesThatHoldHere) {
    const auto holds = [](const std::string& more) {
        const OciProfile profile = parse_profile(with_rules(rule(more)));
        return !profile_for(profile, "amd64", {"CAP_CHOWN", "CAP_KILL"}, {5, 15}).rules.empty();
    };
    EXPECT_TRUE(holds(""));
    EXPECT_TRUE(holds(R"(, "includes": {"arches": ["arm64", "amd64"]})"));
    EXPECT_FALSE(holds(R"(, "includes": {"arches": ["arm64"]})"));
    EXPECT_FALSE(holds(R"(, "excludes": {"arches": ["arm64", "amd64"]})"));
    EXPECT_TRUE(holds(R"(, "includes": {"caps": ["CAP_CHOWN", "CAP_KILL"]})"));
    EXPECT_FALSE(holds(R"(, "includes": {"caps": ["CAP_CHOWN", "CAP_SYS_ADMIN"]})")) << "all of them";
    EXPECT_FALSE(holds(R"(, "excludes": {"caps": ["CAP_SYS_ADMIN", "CAP_KILL"]})")) << "any of them";
    EXPECT_TRUE(holds(R"(, "excludes": {"caps": ["CAP_SYS_ADMIN"]})"));
    EXPECT_TRUE(holds(R"(, "includes": {"minKernel": "5.15"})"));
    EXPECT_FALSE(holds(R"(, "includes": {"minKernel": "5.16"})"));
    EXPECT_FALSE(holds(R"(, "excludes": {"minKernel": "4.8"})"));
}

/// What the profile alone becomes, asked by name.
class Alone {
  public:
    explicit Alone(const std::string& text) : compiled_(compile(native_architecture, parse_profile(text))) {}
    std::uint32_t operator()(const std::string& name, Values arguments = {}) const {
        seccomp_data data{};
        data.nr = number_of(row(native_architecture), name);
        data.arch = row(native_architecture).token;
        std::ranges::copy(arguments, data.args);
        return run_filter(compiled_.program, data).value_or(0xdead);
    }
    [[nodiscard]] const std::set<std::string>& unknown() const { return compiled_.unknown; }

  private:
    CompiledProfile compiled_;
};

TEST(SeccompProfileProgram, EveryAction) {
    const Alone filter(with_rules(R"({"name": "read", "action": "SCMP_ACT_ALLOW"},
        {"name": "write", "action": "SCMP_ACT_LOG"}, {"name": "open", "action": "SCMP_ACT_ERRNO", "errnoRet": 99},
        {"names": ["close", "openat"], "action": "SCMP_ACT_TRAP"}, {"name": "mkdirat", "action": "SCMP_ACT_KILL"},
        {"name": "fchmod", "action": "SCMP_ACT_KILL_PROCESS"}, {"name": "frobnicate", "action": "SCMP_ACT_ALLOW"},
        {"name": "fchdir", "action": "SCMP_ACT_ERRNO", "errno": "EPERM"})",
                                  R"(, "defaultErrno": "ENOSYS")"));
    EXPECT_EQ(filter("read"), allowed);
    EXPECT_EQ(filter("write"), SECCOMP_RET_LOG);
    EXPECT_EQ(filter("openat"), SECCOMP_RET_TRAP);
    EXPECT_EQ(filter("close"), SECCOMP_RET_TRAP);
    EXPECT_EQ(filter("mkdirat"), SECCOMP_RET_KILL_THREAD);
    EXPECT_EQ(filter("fchmod"), SECCOMP_RET_KILL_PROCESS);
    EXPECT_EQ(filter("fchdir"), error(EPERM));
    EXPECT_EQ(filter("getpid"), error(ENOSYS));
    EXPECT_EQ(filter.unknown(), std::set<std::string>{"frobnicate"});
}

TEST(SeccompProfileProgram, EveryComparison) {
    const struct {
        const char* comparison;
        std::vector<std::uint64_t> hold;
        std::vector<std::uint64_t> do_not;
    } cases[] = {
        {"SCMP_CMP_NE", {4, 6, high | 5}, {5}}, {"SCMP_CMP_LT", {0, 4}, {5, 6, high}},
        {"SCMP_CMP_LE", {0, 5}, {6, high | 1}}, {"SCMP_CMP_EQ", {5}, {4, high | 5}},
        {"SCMP_CMP_GE", {5, 6, high}, {4}},     {"SCMP_CMP_GT", {6, high}, {5, 4}},
    };
    for (const auto& [comparison, hold, do_not] : cases) {
        const Alone filter(
            with_rules(rule(R"(, "args": [{"index": 2, "value": 5, "op": ")" + std::string(comparison) + R"("}])")));
        for (const std::uint64_t value : hold) {
            EXPECT_EQ(filter("read", {0, 0, value}), allowed) << comparison << ' ' << value;
        }
        for (const std::uint64_t value : do_not) {
            EXPECT_EQ(filter("read", {5, 5, value}), error(EPERM)) << comparison << ' ' << value;
        }
    }
    const Alone masked(with_rules(
        rule(R"(, "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}])")));
    EXPECT_EQ(masked("read", {17}), allowed);
    EXPECT_EQ(masked("read", {0x10000000}), error(EPERM));
}

TEST(SeccompProfileProgram, SeveralConditions) {
    const Alone both(with_rules(rule(R"(, "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"},
                                                       {"index": 1, "value": 2, "op": "SCMP_CMP_EQ"}])")));
    EXPECT_EQ(both("read", {1, 2}), allowed);
    EXPECT_EQ(both("read", {1, 3}), error(EPERM));
    EXPECT_EQ(both("read", {0, 2}), error(EPERM));
    // As in every runtime of containers.
    const Alone one_argument(with_rules(rule(R"(, "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"},
                                                               {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}])")));
    EXPECT_EQ(one_argument("read", {1}), allowed);
    EXPECT_EQ(one_argument("read", {2}), allowed);
    EXPECT_EQ(one_argument("read", {3}), error(EPERM));
}

TEST(SeccompProfileProgram, ARefusalIsNotLost) {
    const std::string refused = rule("", "SCMP_ACT_KILL");
    const std::string refused_for_1 =
        rule(R"(, "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}])", "SCMP_ACT_KILL");
    const auto compiled = [](const std::string& rules) -> std::string {
        try {
            (void)Alone(with_rules(rules));
            return "taken";
        } catch (const BadProfile& bad) {
            return bad.what();
        }
    };
    EXPECT_EQ(compiled(rule("") + ",\n" + refused_for_1),
              "line 3: the rule refuses read, and the one of line 2 allows it whatever happens");
    EXPECT_EQ(compiled(refused_for_1 + ",\n" + rule("")),
              "line 2: the rule refuses read, and the one of line 3 allows it whatever happens");
    EXPECT_EQ(compiled(rule("") + ",\n" + refused),
              "line 3: the rule refuses read, and the one of line 2 allows it whatever happens");
    EXPECT_EQ(compiled(rule("") + "," + rule("")), "taken");
    EXPECT_EQ(Alone(with_rules(refused + "," + rule("")))("read"), SECCOMP_RET_KILL_THREAD) << "the first";
}

/// The whole filter of the command.
Filter filter_of(
    const std::string& text, const Ask& ask = [](Spec&) {}) {
    test::FakeHost host;
    host.facts.system_call_profile = text;
    return {row(native_architecture),
            [&ask](Spec& spec) {
                spec.system_call_profile = "./profile";
                ask(spec);
            },
            host};
}

std::string all_but(const std::string& rules) {
    return R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [)" + rules + "]}";
}

TEST(SeccompProfilePlan, TheTerminalAndOtherTablesStayClosed) {
    const Filter filter = filter_of(all_but(""));
    EXPECT_EQ(filter("ioctl", {0, high | TIOCSTI}), error(EPERM));
    EXPECT_EQ(filter("ioctl", {0, TIOCLINUX}), error(EPERM));
    EXPECT_EQ(filter("ioctl", {0, TIOCSETD}), error(EPERM));
    EXPECT_EQ(filter("ioctl", {0, TCGETS}), allowed);
    EXPECT_EQ(filter.by_number(filter.machine().foreign_numbers | 1), error(ENOSYS));
    EXPECT_EQ(filter.by_number(1, {}, AUDIT_ARCH_I386), error(ENOSYS));
    expect_all(filter, mount_calls + " bpf clone3 setns", allowed);
    const Filter with_ioctl = filter_of(all_but(""), [](Spec& spec) { spec.allow_system_calls = {"ioctl"}; });
    EXPECT_EQ(with_ioctl("ioctl", {0, TIOCSTI}), error(EPERM));
}

TEST(SeccompProfilePlan, ListsOnTop) {
    const std::string text =
        all_but(R"({"names": ["mkdir", "mkdirat", "chroot"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99},
        {"name": "getpid", "action": "SCMP_ACT_KILL", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]})");
    const Filter filter = filter_of(text, [](Spec& spec) {
        spec.allow_system_calls = {"mkdirat", "getpid"};
        spec.deny_system_calls = {"ptrace", "mkdir", "clone3", "@mount"};
    });
    EXPECT_EQ(filter("chroot"), error(99));
    EXPECT_EQ(filter("mkdirat"), allowed);
    EXPECT_EQ(filter("getpid", {1}), allowed);
    EXPECT_EQ(filter("ptrace"), error(EPERM));
    EXPECT_EQ(filter("clone3"), error(ENOSYS));
    expect_all(filter, "mkdir " + mount_calls, error(EPERM));
}

TEST(SeccompProfilePlan, ByTheCapabilitiesOfTheCommand) {
    const std::string text =
        all_but(R"({"name": "ptrace", "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_PTRACE"]}},
        {"name": "chroot", "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_CHROOT"]}})");
    const Filter plain = filter_of(text);
    EXPECT_EQ(plain("ptrace"), error(EPERM));
    EXPECT_EQ(plain("chroot"), error(EPERM));
    const Filter changed = filter_of(text, [](Spec& spec) {
        spec.cap_add = {Capability::sys_ptrace};
        spec.cap_drop = {Capability::sys_chroot};
    });
    EXPECT_EQ(changed("ptrace"), allowed);
    EXPECT_EQ(changed("chroot"), allowed);
}

std::string planned(
    const std::string& text, const Ask& ask = [](Spec&) {}) {
    Spec spec = test::default_spec();
    spec.system_call_profile = "dir/p\x1b.json";
    ask(spec);
    test::FakeHost host;
    host.facts.system_call_profile = text;
    return test::explained(spec, host);
}

TEST(SeccompProfilePlan, WhatCannotBe) {
    const std::string begin = "sandbox: --seccomp dir/p\\x1b.json: ";
    EXPECT_EQ(planned("{\n\"\x1b"), begin +
                                        "line 2: not JSON: syntax error while parsing object key - invalid string: "
                                        "control character U+001B (ESC) must be escaped to \\u001B; last read: "
                                        "'\"<U+001B>'; expected string literal\n");
    EXPECT_EQ(planned(R"({"defaultAction": "SCMP_ACT_KILL"})"),
              begin +
                  "the command is started under the filter, which takes execve, and the profile kills who makes it\n"
                  "  fix: allow it in the profile, or by --allow-syscall execve\n");
    EXPECT_EQ(planned(all_but(R"({"name": "write", "action": "SCMP_ACT_ERRNO", "errno": "EIO"})")),
              begin +
                  "the command is started under the filter, which takes write, and the profile refuses it with EIO\n"
                  "  fix: allow it in the profile, or by --allow-syscall write\n");
    EXPECT_EQ(planned(all_but(""), [](Spec& spec) { spec.deny_system_calls = {"execve"}; }),
              "sandbox: --deny-syscall execve: the command is started under the filter, and no program starts without "
              "it\n  fix: leave it out\n");
    EXPECT_EQ(planned(all_but(rule(R"(, "includes": {"caps": ["CAP_SYSADMIN"]})"))),
              begin + "line 1: \"CAP_SYSADMIN\" is no capability, as CAP_SYS_ADMIN\n");
    EXPECT_EQ(planned(all_but(""), [](Spec& spec) { spec.system_calls = SystemCalls::strict; }),
              "sandbox: a list of system calls and a profile of them: the command can have one\n");
    std::string many;
    for (int i = 0; i < 500; ++i) {
        const std::string value = std::to_string(i);
        const auto is_value = [&](int argument) {
            return R"({"index": )" + std::to_string(argument) + R"(, "value": )" + value + R"(, "op": "SCMP_CMP_EQ"})";
        };
        many += (many.empty() ? "" : ",") +
                rule(R"(, "args": [)" + is_value(0) + "," + is_value(1) + "," + is_value(2) + "]", "SCMP_ACT_KILL");
    }
    const std::string message = planned(all_but(many));
    EXPECT_NE(message.find("instructions of the kernel's filter machine, which takes 4092"), std::string::npos)
        << message.substr(0, 300);
}

TEST(SeccompProfilePlan, NotWhereNothingElseRefusesNamespaces) {
    Spec spec = test::default_spec();
    spec.system_call_profile = "p.json";
    spec.share = {Namespace::pid};
    test::FakeHost host;
    host.facts.sysctls_read_only = true;
    EXPECT_EQ(test::explained(spec, host),
              "sandbox: --seccomp p.json: /proc/sys is read-only here, and so sandbox's own filter alone refuses new "
              "namespaces\n  fix: leave --seccomp or --share pid out\n");
}

TEST(SeccompProfilePlan, NotesWhatThereIsToKnow) {
    const std::string text = planned(
        R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
            {"names": ["execve", "write", "rt_sigprocmask", "exit_group", "frob", "nicate"], "action": "SCMP_ACT_ALLOW"}]})",
        [](Spec& spec) { spec.own = {Namespace::mnt}; });
    EXPECT_NE(text.find("seccomp: 2 names in the profile are no system calls that libseccomp knows"),
              std::string::npos);
    EXPECT_NE(text.find("the profile refuses what most programs start with: brk, mmap"), std::string::npos);
    EXPECT_NE(text.find("the profile decides, also about what --own"), std::string::npos);
    EXPECT_NE(text.find("as dir/p\\x1b.json says"), std::string::npos) << text;
}

}  // namespace
}  // namespace sandbox::seccomp
