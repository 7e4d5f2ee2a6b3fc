// The whole plan, for the default and for every option that changes more than a mount.
#include "unit/golden.hpp"
#include "unit/planning.hpp"

#include <functional>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace sandbox::plan {
namespace {

using test::default_spec;
using test::expect_golden;
using test::explained;
using test::FakeHost;

struct Case {
    std::string name;
    std::function<void(Spec&)> ask = [](Spec&) {};
    std::function<void(FakeHost&)> arrange = [](FakeHost&) {};
};

std::ostream& operator<<(std::ostream& stream, const Case& option) {
    return stream << option.name;
}

Case only(const std::string& kind_name, Namespace kind) {
    return {"only_" + kind_name, [kind](Spec& spec) { spec.only = NamespaceSet{kind}; }};
}
Case share(const std::string& kind_name, Namespace kind) {
    return {"share_" + kind_name, [kind](Spec& spec) { spec.share = {kind}; }};
}
Case landlock(const std::string& name, int abi, LandlockUse use) {
    return {"landlock_" + name, [use](Spec& spec) { spec.landlock = use; },
            [abi](FakeHost& host) { host.facts.landlock_abi = abi; }};
}

void make_a_terminal(FakeHost& host) {
    for (host::Stream& stream : host.facts.streams) {
        stream.type = S_IFCHR;
        stream.access = O_RDWR;
        stream.terminal = stream.controlling = true;
    }
    host.facts.terminal_foreground = true;
    host.tree.device("/dev/pts/3");
    host.tree.link("/proc/self/fd/0", "/dev/pts/3");
}

// A tree with what most trees have, and without what they need not have.
void make_a_tree(FakeHost& host) {
    for (const char* directory : {"bin", "dev", "etc", "proc", "root", "sys", "tmp", "usr", "var/tmp"}) {
        host.tree.directory("/srv/tree/" + std::string(directory));
    }
    host.tree.file("/srv/tree/etc/passwd", "guest:x:0:0::/root:/bin/sh\n");
    host.tree.file("/srv/tree/init");
    host.tree.link("/srv/tree/lib", "usr/lib");
}

const std::vector<Case> cases = {
    {"default"},
    {"init", [](Spec& spec) { spec.init = true; }},
    {"limits",
     [](Spec& spec) {
         spec.limits.timeout = std::chrono::minutes(10);
         spec.limits.cpu_time = std::chrono::milliseconds(1500);
         spec.limits.kill_after = std::chrono::milliseconds(500);
         spec.limits.resources = {{Resource::nofile, {256, 1024}}, {Resource::core, {unlimited, unlimited}}};
         spec.limits.nice = 10;
         spec.limits.oom_score = 500;
         spec.limits.tmp_size = 64U << 20U;
     }},
    {"limits_output", [](Spec& spec) { spec.limits.output = 1000000; }},
    {"report_in_a_writable_directory",
     [](Spec& spec) {
         spec.mounts = {test::rw(".")};
         spec.report = "report.json";
     }},
    {"report_below_a_writable_directory",
     [](Spec& spec) {
         spec.mounts = {test::rw(".")};
         spec.report = "out/report.json";
     },
     [](FakeHost& host) { host.tree.directory("/home/ann/project/out"); }},
    {"limits_above_the_callers",
     [](Spec& spec) {
         spec.limits.resources = {{Resource::nofile, {256, 1024}}};
     },
     [](FakeHost& host) {
         host.facts.hard_limits = {{Resource::nofile, 512}};
     }},
    {"limits_of_a_priority", [](Spec& spec) { spec.limits.nice = -5; }},
    {"new_session", [](Spec& spec) { spec.new_session = true; }},
    {"terminal", [](Spec& spec) { spec.foreground = true; }, make_a_terminal},
    {"terminal_init", [](Spec& spec) { spec.foreground = spec.init = true; }, make_a_terminal},
    {"tty_new",
     [](Spec& spec) {
         spec.foreground = true;
         spec.tty = Tty::own;
     },
     make_a_terminal},
    {"tty_new_in_a_pipeline",
     [](Spec& spec) {
         spec.foreground = spec.init = true;
         spec.tty = Tty::own;
     },
     [](FakeHost& host) {
         make_a_terminal(host);
         host.facts.streams[1] = FakeHost().facts.streams[1];
     }},
    {"tty_new_only",
     [](Spec& spec) {
         spec.foreground = true;
         spec.tty = Tty::own;
         spec.only = NamespaceSet{Namespace::uts};
     },
     make_a_terminal},
    {"tty_new_without_a_terminal",
     [](Spec& spec) {
         spec.foreground = true;
         spec.tty = Tty::own;
     }},
    {"uid_self_gid_5",
     [](Spec& spec) {
         spec.uid = SelfId{};
         spec.gid = 5U;
     }},
    {"map_users_auto", [](Spec& spec) { spec.map_users = IdSet::automatic; },
     [](FakeHost& host) {
         host.facts.users.subordinate = {{{100000, 65536}}, "/etc/subuid", "getsubids"};
         host.facts.group_ids.subordinate = {{{100000, 65536}}, "/etc/subgid", "getsubids"};
         host.facts.groups = {1000, 27};
         host.facts.group = "sudo:x:27:ann\n";
     }},
    {"user",
     [](Spec& spec) {
         spec.map_users = std::vector<IdRange>{{0, 100000, 1001}};
         spec.user = "1000:0";
     },
     [](FakeHost& host) {
         host.facts.users.subordinate = {{{100000, 65536}}, "/etc/subuid", "getsubids"};
     }},
    {"hostname",
     [](Spec& spec) {
         spec.hostname = "box";
         spec.domainname = "example";
     }},
    {"clocks",
     [](Spec& spec) {
         spec.boottime_offset = 86400;
         spec.monotonic_offset = -7;
     }},
    {"root", [](Spec& spec) { spec.root = "/srv/tree"; }, make_a_tree},
    {"root_relative", [](Spec& spec) { spec.root = "tree"; },
     [](FakeHost& host) {
         make_a_tree(host);
         host.enter("/srv");
     }},
    {"home_rw", [](Spec& spec) { spec.home = Home::writable; }},
    only("mnt", Namespace::mnt),
    only("pid", Namespace::pid),
    only("uts", Namespace::uts),
    only("ipc", Namespace::ipc),
    only("net", Namespace::net),
    only("cgroup", Namespace::cgroup),
    only("user", Namespace::user),
    only("time", Namespace::time),
    share("pid", Namespace::pid),
    {"share_pid_in_a_container", [](Spec& spec) { spec.share = {Namespace::pid}; },
     [](FakeHost& host) { host.facts.sysctls_read_only = true; }},
    {"only_uts_in_a_container", [](Spec& spec) { spec.only = NamespaceSet{Namespace::uts}; },
     [](FakeHost& host) { host.facts.sysctls_read_only = true; }},
    share("uts", Namespace::uts),
    share("ipc", Namespace::ipc),
    share("cgroup", Namespace::cgroup),
    {"own_mnt_net",
     [](Spec& spec) {
         spec.own = {Namespace::mnt, Namespace::net};
     }},
    {"own_ipc_cgroup",
     [](Spec& spec) {
         spec.own = {Namespace::ipc, Namespace::cgroup};
     }},
    {"allow_user_mnt",
     [](Spec& spec) {
         spec.allow_namespaces = {Namespace::user, Namespace::mnt};
     }},
    {"groups_stay", [](Spec&) {},
     [](FakeHost& host) {
         host.facts.groups = {1000, 4, 27};
         host.facts.group = "adm:x:4:ann\n";
     }},
    {"groups_of_root", [](Spec&) {},
     [](FakeHost& host) {
         host.facts.groups = {4};
         host.facts.may_drop_groups = true;
     }},
    {"core_dumps", [](Spec& spec) { spec.core_dumps = true; }},
    {"core_limit_of_0_and_a_pipe", [](Spec&) {},
     [](FakeHost& host) {
         host.facts.core_limit = 0;
         host.facts.cores_are_piped = true;
     }},
    {"descriptors", [](Spec&) {},
     [](FakeHost& host) {
         host.facts.descriptors = {{5, host.facts.streams[0]}, {9, host.facts.streams[1]}};
     }},
    {"cap_drop_all", [](Spec& spec) { spec.cap_drop = CapabilitySet::all(); }},
    {"cap_drop_and_add",
     [](Spec& spec) {
         spec.own = {Namespace::net};
         spec.cap_drop = {Capability::net_raw, Capability::kill};
         spec.cap_add = {Capability::sys_ptrace};
     }},
    {"seccomp_strict", [](Spec& spec) { spec.system_calls = SystemCalls::strict; }},
    {"seccomp_none", [](Spec& spec) { spec.system_calls = SystemCalls::none; }},
    {"seccomp_changed",
     [](Spec& spec) {
         spec.own = {Namespace::mnt};
         spec.allow_system_calls = {"bpf", "@keyring"};
         spec.deny_system_calls = {"pivot_root"};
     }},
    {"seccomp_log", [](Spec& spec) { spec.log_refusals = true; }},
    {"seccomp_profile",
     [](Spec& spec) {
         spec.system_call_profile = "./seccomp.json";
         spec.deny_system_calls = {"ptrace"};
     },
     [](FakeHost& host) {
         host.facts.system_call_profile = R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
             {"names": ["execve", "rt_sigprocmask", "write", "mmap", "frobnicate"], "action": "SCMP_ACT_ALLOW"}]})";
     }},
    {"cap_add_with_a_user_id",
     [](Spec& spec) {
         spec.uid = 5U;
         spec.cap_add = {Capability::sys_ptrace};
     }},
    {"net_host", [](Spec& spec) { spec.network = Network::host; }},
    {"net_host_resolver_in_run", [](Spec& spec) { spec.network = Network::host; },
     [](FakeHost& host) {
         host.tree.file("/run/systemd/resolve/stub-resolv.conf");
         host.tree.remove("/etc/resolv.conf");
         host.tree.link("/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
     }},
    {"net_host_resolver_dangling", [](Spec& spec) { spec.network = Network::host; },
     [](FakeHost& host) {
         host.tree.remove("/etc/resolv.conf");
         host.tree.link("/etc/resolv.conf", "/run/gone");
     }},
    {"environment",
     [](Spec& spec) {
         spec.environment = {{"AWS_*", {}}, {"CI", "1"}, {"LANG", "C"}};
     }},
    {"clear_environment", [](Spec& spec) { spec.clear_environment = true; }},
    {"interactive_shell", [](Spec& spec) { spec.command.clear(); }},
    landlock("none", 7, LandlockUse::none),
    landlock("abi_0", 0, LandlockUse::automatic),
    landlock("abi_1", 1, LandlockUse::automatic),
    landlock("abi_2", 2, LandlockUse::automatic),
    landlock("abi_2_required", 2, LandlockUse::require),
    {"landlock_missing_and_a_file_on_0", [](Spec&) {},
     [](FakeHost& host) {
         host.facts.landlock_abi = 0;
         host.facts.streams[0].type = S_IFREG;
     }},
    {"hostile_names",
     [](Spec& spec) {
         spec.command = {"tr\x1b[2Jue\n"};
         spec.environment = {{"A\x07", "x"}};
         spec.cwd = "/tmp/\xe2\x80\xae";
     }},
    {"nixos", [](Spec&) {},
     [](FakeHost& host) {
         host.tree.directory("/nix/store/abc-system");
         host.tree.link("/run/current-system", "/nix/store/abc-system");
         host.tree.directory("/run/opengl-driver");
     }},
};

class Golden : public testing::TestWithParam<Case> {};

TEST_P(Golden, Plan) {
    Spec spec = default_spec();
    FakeHost host;
    GetParam().ask(spec);
    GetParam().arrange(host);
    expect_golden("plan_" + GetParam().name, explained(spec, host));
}

INSTANTIATE_TEST_SUITE_P(Options, Golden, testing::ValuesIn(cases),
                         [](const auto& parameter) { return parameter.param.name; });

TEST(Golden, TheSameSpecAndHostGiveTheSamePlan) {
    EXPECT_EQ(explained(default_spec()), explained(default_spec()));
}

}  // namespace
}  // namespace sandbox::plan
