// Capabilities: which the command has, what each is good for, and what needs none.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <sstream>

#include "host/probe.hpp"
#include "host/tree.hpp"
#include "plan/build.hpp"
#include "run/launcher.hpp"
#include "spec/capabilities.hpp"
#include "spec/validate.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using sandbox::CapabilitySet;
using sandbox::Spec;
using sandbox::plan::Plan;
using ConfinementCapabilities = SandboxTest;

constexpr const char* wanted = "00000000802405fb";  // the twelve of the default set
constexpr const char* nothing = "0000000000000000";

/// `Cap???` of the probe `state`, and the securebits.
void expect_sets(const std::vector<std::string>& options, const std::string& set, const std::string& securebits) {
    const Result result = inside({probe("state")}, {.sandbox = options});
    for (const char* name : {"CapPrm=", "CapBnd="}) {
        EXPECT_EQ(line_starting(result.out, name), name + set) << testing::PrintToString(options);
    }
    for (const char* name : {"CapInh=", "CapAmb="}) {
        EXPECT_EQ(line_starting(result.out, name), std::string(name) + nothing);
    }
    EXPECT_EQ(line_starting(result.out, "securebits="), "securebits=" + securebits);
    EXPECT_EQ(line_starting(result.out, "NoNewPrivs="), "NoNewPrivs=1");
}

std::string hexadecimal(std::uint64_t value) {
    std::ostringstream text;
    text.width(16);
    text.fill('0');
    text << std::hex << value;
    return text.str();
}

std::uint64_t every_capability_of_the_kernel() {
    const unsigned last = static_cast<unsigned>(std::stoul(read_file("/proc/sys/kernel/cap_last_cap")));
    return (std::uint64_t{2} << last) - 1;
}

TEST_F(ConfinementCapabilities, TheSetsOfTheCommand) {
    expect_sets({}, wanted, "0");
    expect_sets({"--init"}, wanted, "0");
    expect_sets({"--landlock", "none"}, wanted, "0");
    // Those of kernels newer than the table of names are dropped, too: there is no bit left.
    expect_sets({"--cap-drop", "ALL"}, nothing, "0xc3");
    expect_sets({"--cap-add", "ALL"}, hexadecimal(every_capability_of_the_kernel()), "0");
    expect_sets({"--cap-drop", "ALL", "--cap-add", "CAP_KILL,chown"}, "0000000000000021", "0");
    expect_sets({"--cap-add", "ALL", "--cap-drop", "all"}, nothing, "0xc3");
    expect_sets({"--own", "net"}, "00000000802435fb", "0");
    expect_sets({"--allow-namespaces", "net"}, "00000000802435fb", "0");
    expect_sets({"--own", "ipc", "--cap-drop", "kill"}, "00000000802485db", "0");
    expect_sets({"--own", "net", "--cap-drop", "ALL"}, nothing, "0xc3");
    const Result only = inside({"cat", "/proc/self/status"}, {.sandbox = {"--only", "pid"}});
    EXPECT_TRUE(has_line(only.out, std::string("CapEff:\t") + wanted)) << only;
    EXPECT_TRUE(has_line(only.out, std::string("CapBnd:\t") + wanted)) << only;
}

TEST_F(ConfinementCapabilities, AUserIdThatIsNot0HasNone) {
    expect_sets({"--uid", "1000"}, nothing, "0xc3");
    const Result result = inside({"true"}, {.sandbox = {"--uid", "1000", "--cap-add", "kill"}});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(contains(result.err, "--cap-add kill: user id 1000 inside has no capabilities")) << result;
    const Result explained = inside({"true"}, {.sandbox = {"--uid", "1000", "--explain"}});
    EXPECT_TRUE(contains(explained.out, "capabilities: none, as user id 1000 inside is not 0")) << explained;
}

TEST_F(ConfinementCapabilities, NothingIsGainedBack) {
    // A set-user-ID program or one with file capabilities is not needed: root inside would gain at any exec.
    for (const char* script :
         {"exec cat /proc/self/status", "su -c 'cat /proc/self/status' || cat /proc/self/status"}) {
        const Result result = inside_shell(script, {.sandbox = {"--cap-drop", "ALL"}});
        EXPECT_TRUE(contains(result.out, std::string("CapPrm:\t") + nothing)) << script << result;
        EXPECT_TRUE(contains(result.out, std::string("CapEff:\t") + nothing)) << script << result;
    }
    const Result result = inside_shell("cat /proc/self/status");
    EXPECT_TRUE(contains(result.out, std::string("CapEff:\t") + wanted)) << result;
}

/// What the probe `powers` reports: capability -> `done` or an errno.
std::map<std::string, std::string> outcomes(const std::string& text) {
    std::map<std::string, std::string> found;
    for (const std::string& line : lines_of(text)) {
        const std::size_t colon = line.find(": ");
        if (colon != std::string::npos) {
            found[line.substr(0, colon)] = line.substr(colon + 2);
        }
    }
    return found;
}

std::vector<std::string> default_names() {
    return words_of(sandbox::spec::names(sandbox::spec::default_capabilities));
}

std::map<std::string, std::string> powers(const std::vector<std::string>& options) {
    // net for net_bind_service, which counts in a network of one's own. A number for the own id: root, too, has one
    // then.
    std::vector<std::string> all{"--own", "net", "--map-users", "real", "--uid", "0"};
    all.insert(all.end(), options.begin(), options.end());
    const Result result = inside({probe("powers"), "/tmp"}, {.sandbox = all});
    EXPECT_EQ(result.exit_status, 0) << result;
    return outcomes(result.out);
}

// One id is mapped. What is about the ids of others is good for nothing then: there are none.
TEST_F(ConfinementCapabilities, WhatEachIsGoodForWithOneId) {
    const std::map<std::string, std::string> with = powers({});
    ASSERT_EQ(with.size(), default_names().size());
    for (const std::string& name : default_names()) {
        std::map<std::string, std::string> without = powers({"--cap-drop", name});
        const bool needs_other_ids = name == "chown" || name == "fowner" || name == "fsetid" || name == "kill" ||
                                     name == "setgid" || name == "setuid";
        EXPECT_EQ(with.at(name) == "done", !needs_other_ids) << name << " " << with.at(name);
        if (!needs_other_ids) {
            EXPECT_TRUE(without[name] == "EPERM" || without[name] == "EACCES") << name << " " << without[name];
            without[name] = "done";
        }
        EXPECT_EQ(without, with) << "without " << name << " alone";
    }
}

/// A plan whose maps have a thousand ids more, 1 inside being 100001 outside, as ranges of subordinate ids will have.
Plan with_a_range(const Spec& spec) {
    sandbox::spec::validate(spec);
    Plan plan = sandbox::plan::build(spec, sandbox::host::probe(), sandbox::host::RealTree());
    for (auto* extents : {&plan.setup_maps.users, &plan.setup_maps.groups}) {
        extents->push_back({1, 100001, 1000});
    }
    for (auto* extents : {&plan.guest_maps.users, &plan.guest_maps.groups}) {
        extents->push_back({1, 1, 1000});
    }
    return plan;
}

TEST_F(ConfinementCapabilities, WhatEachIsGoodForWithMoreIds) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "only root can map ids that are not its own";
    }
    constexpr unsigned outside_id = 100001;
    write_file(directory() / "other", "");
    write_file(directory() / "group", "");
    ASSERT_EQ(chown((directory() / "other").c_str(), outside_id, 0), 0);
    ASSERT_EQ(chown((directory() / "group").c_str(), 0, outside_id), 0);
    const auto run_without = [&](CapabilitySet dropped) {
        Spec spec;
        spec.command = {"/bin/sh", "-c", "/tmp/probes/powers /mnt > /mnt/out"};
        spec.own = {sandbox::Namespace::net};
        spec.cap_drop = dropped;
        spec.mounts = {
            sandbox::Bind{.source = directory().path(), .target = "/mnt", .writable = true, .optional = false},
            sandbox::Bind{
                .source = given("SANDBOX_PROBES"), .target = "/tmp/probes", .writable = false, .optional = false}};
        spec.cwd = "/";
        spec.map_users = sandbox::IdSet::real;
        EXPECT_EQ(sandbox::run::start(with_a_range(spec), {}).wait().exit_status(), 0);
        return outcomes(read_file(directory() / "out"));
    };
    const std::map<std::string, std::string> with = run_without({});
    for (const std::string& name : default_names()) {
        EXPECT_EQ(with.at(name), "done") << name;
        auto without = run_without({sandbox::spec::capability_from_name(name).value()});
        EXPECT_TRUE(without[name] == "EPERM" || without[name] == "EACCES") << name << " " << without[name];
        without[name] = "done";
        if (name == "setuid") {
            EXPECT_EQ(without["kill"], "ESRCH") << "nobody else is there to be killed";
            without["kill"] = "done";
        }
        EXPECT_EQ(without, with) << "without " << name << " alone";
    }
}

// SYS_ADMIN over a user namespace that owns the host name alone: nothing else that asks for it is open.
TEST_F(ConfinementCapabilities, SysAdminIsGoodForTheHostNameAlone) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{"--map-users", "real", "--uid", "0"},
                                                    {"--map-users", "real", "--uid", "0", "--cap-add", "ALL"}}) {
        const Result result = inside({probe("attempts")}, {.sandbox = options});
        for (const std::string& line : lines_of(result.out)) {
            EXPECT_EQ(line.ends_with(": done"), line == "sethostname: done") << line;
        }
        EXPECT_TRUE(has_line(result.out, "sethostname: done")) << result;
    }
    const Result without = inside({probe("attempts")}, {.sandbox = {"--cap-drop", "sys_admin"}});
    EXPECT_TRUE(has_line(without.out, "sethostname: EPERM")) << without;
}

// What package managers and scripts that are run by root do.
TEST_F(ConfinementCapabilities, WhatProgramsOfRootDo) {
    const Result result = inside_shell(
        "cd /tmp && touch f && chown 0:0 f && chown root:root f && install -o root -g root -m 4755 f g && "
        "cp -a f h && tar -cf t f g && mkdir x && tar -xpf t -C x && stat -c '%u:%g %a' x/g && "
        "mkfifo p && mknod q p && ln f l && mv l m && chmod 0 f && cat f && "
        "hostname box && hostname && ping -c 1 127.0.0.1 > /dev/null && "
        "nice -n 5 true && id -u && whoami");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "0:0 4755\nbox\n0\nroot\n") << result;
    // No devices, with any capability.
    const Result device = inside_shell("mknod /tmp/d c 1 3", {.sandbox = {"--cap-add", "ALL"}});
    EXPECT_NE(device.exit_status, 0) << device;
}

TEST_F(ConfinementCapabilities, AndWithoutAny) {
    const Result result =
        inside_shell("cd /tmp && touch f && chown 0:0 f && mkfifo p && ping -c 1 127.0.0.1 > /dev/null && echo done",
                     {.sandbox = {"--cap-drop", "ALL"}});
    EXPECT_EQ(result.out, "done\n") << result;
}

// Who owns a network, or may make one, can do something with it.
TEST_F(ConfinementCapabilities, OwnedAndAllowedNetworksAreOfUse) {
    const std::string configure =
        "ip link add v0 type veth peer name v1 && ip -br link show v0 > /dev/null && echo made";
    EXPECT_EQ(inside_shell(configure, {.sandbox = {"--own", "net"}}).out, "made\n");
    EXPECT_EQ(inside({"unshare", "-n", "sh", "-c", configure}, {.sandbox = {"--allow-namespaces", "net"}}).out,
              "made\n");
    EXPECT_EQ(inside({"unshare", "-Urn", "sh", "-c", configure}, {.sandbox = {"--allow-namespaces", "user,net"}}).out,
              "made\n");
    EXPECT_NE(inside_shell(configure, {.sandbox = {"--own", "net", "--cap-drop", "net_admin"}}).exit_status, 0);
    const Result explained = inside({"true"}, {.sandbox = {"--own", "net,ipc", "--explain"}});
    EXPECT_TRUE(contains(explained.out, "capabilities: net_admin net_raw ipc_owner added")) << explained;
}

}  // namespace
}  // namespace sandbox_test
