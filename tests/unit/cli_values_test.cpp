// Every option with good values and bad ones.
#include "unit/cli_parsing.hpp"

#include "cli/limit_values.hpp"
#include "cli/option_table.hpp"
#include "cli/values.hpp"
#include "spec/limits.hpp"

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::cli {
namespace {

Spec spec_of(const std::string& option, const std::string& value) {
    return parse_words({option, value}).spec;
}

Bind bind_of(const std::string& option, const std::string& value) {
    return std::get<Bind>(spec_of(option, value).mounts.at(0));
}

Tmpfs tmpfs_of(const std::string& value) {
    return std::get<Tmpfs>(spec_of("--tmpfs", value).mounts.at(0));
}

TEST(Values, Ids) {
    EXPECT_EQ(spec_of("--uid", "0").uid, InsideId{0U});
    EXPECT_EQ(spec_of("--uid", "4294967294").uid, InsideId{4294967294U});
    EXPECT_EQ(spec_of("--uid", "self").uid, InsideId{SelfId{}});
    EXPECT_EQ(spec_of("--gid", "1000").gid, InsideId{1000U});
    EXPECT_EQ(spec_of("--gid", "self").gid, InsideId{SelfId{}});
    EXPECT_FALSE(spec_of("--gid", "1").uid);
}

TEST(Values, Names) {
    EXPECT_EQ(spec_of("--hostname", "box").hostname, "box");
    EXPECT_EQ(spec_of("--domainname", "example.org").domainname, "example.org");
    EXPECT_EQ(spec_of("--root", "tree").root, "tree");
    EXPECT_EQ(spec_of("--cwd", "/work").cwd, "/work");
    EXPECT_EQ(spec_of("--report", "r.json").report, "r.json");
    EXPECT_EQ(spec_of("--report-fd", "9").report_descriptor, 9);
}

TEST(Values, Namespaces) {
    using enum Namespace;
    EXPECT_EQ(spec_of("--only", "pid").only, (NamespaceSet{pid}));
    EXPECT_EQ(spec_of("--only", "mnt,pid,uts,ipc,net,cgroup,user,time").only,
              (NamespaceSet{mnt, pid, uts, ipc, net, cgroup, user, time}));
    EXPECT_EQ(spec_of("--share", "pid,uts,ipc,cgroup").share, (NamespaceSet{pid, uts, ipc, cgroup}));
    EXPECT_EQ(spec_of("--own", "net,mnt,ipc,uts,cgroup").own, (NamespaceSet{mnt, net, ipc, uts, cgroup}));
    EXPECT_EQ(spec_of("--allow-namespaces", "user,time").allow_namespaces, (NamespaceSet{user, time}));
}

TEST(Values, NamespacesThatCannotBeSharedOrOwnedSayWhy) {
    const std::map<std::string, std::string> shared{
        {"user", "no sandbox"}, {"mnt", "mount namespace of its own"}, {"net", "net"}, {"time", "already"}};
    for (const auto& [kind, why] : shared) {
        const Error error = refusal({"--share", "pid," + kind});
        EXPECT_EQ(std::string_view(error.what()).rfind("--share pid," + kind + ": ", 0), 0U) << error.what();
        EXPECT_NE(std::string_view(error.what()).find(why), std::string_view::npos) << error.what();
    }
    EXPECT_EQ(refusal({"--share", "net"}).fix(), "use --net host");
    for (const std::string kind : {"user", "pid", "time"}) {
        const Error error = refusal({"--own", kind});
        const std::string start = "--own " + kind + ": ";
        EXPECT_TRUE(std::string_view(error.what()).starts_with(start + kind)) << error.what();
    }
}

TEST(Values, Offsets) {
    EXPECT_EQ(spec_of("--boottime-offset", "-3600").boottime_offset, -3600);
    EXPECT_EQ(spec_of("--monotonic-offset", "10m").monotonic_offset, 600);
    EXPECT_FALSE(spec_of("--monotonic-offset", "10m").boottime_offset);
}

TEST(Values, Choices) {
    EXPECT_EQ(spec_of("--net", "host").network, Network::host);
    EXPECT_EQ(spec_of("--net", "none").network, Network::none);
    EXPECT_EQ(spec_of("--home", "rw").home, Home::writable);
    EXPECT_EQ(spec_of("--home", "ro").home, Home::readable);
    EXPECT_EQ(spec_of("--home", "private").home, Home::isolated);
    EXPECT_EQ(spec_of("--landlock", "auto").landlock, LandlockUse::automatic);
    EXPECT_EQ(spec_of("--landlock", "require").landlock, LandlockUse::require);
    EXPECT_EQ(spec_of("--landlock", "none").landlock, LandlockUse::none);
    EXPECT_EQ(spec_of("--seccomp", "default").system_calls, SystemCalls::standard);
    EXPECT_EQ(spec_of("--seccomp", "strict").system_calls, SystemCalls::strict);
    EXPECT_EQ(spec_of("--seccomp", "none").system_calls, SystemCalls::none);
    EXPECT_EQ(spec_of("--tty", "new").tty, Tty::own);
    EXPECT_EQ(spec_of("--tty", "inherit").tty, Tty::inherited);
    const Error error = refusal({"--landlock", "requires"});
    EXPECT_STREQ(error.what(), "--landlock requires: must be auto, require or none");
    EXPECT_EQ(error.fix(), "did you mean require?");
}

TEST(Values, SystemCallNames) {
    using Words = std::vector<std::string>;
    EXPECT_EQ(spec_of("--allow-syscall", "bpf,@mount").allow_system_calls, (Words{"bpf", "@mount"}));
    EXPECT_EQ(spec_of("--deny-syscall", "ptrace").deny_system_calls, Words{"ptrace"});
    // Of other machines, and of none of the lists.
    EXPECT_EQ(spec_of("--allow-syscall", "socketcall,clone3").allow_system_calls, (Words{"socketcall", "clone3"}));
    EXPECT_EQ(refusal({"--allow-syscall", "bpff"}).fix(), "did you mean bpf?");
    EXPECT_EQ(refusal({"--deny-syscall", "@mout"}).fix(), "did you mean @mount?");
    EXPECT_EQ(refusal({"--deny-syscall", "qqqqqqq"}).fix(), "syscalls(2) lists them; a group begins with @");
    EXPECT_EQ(refusal({"--deny-syscall", "@qqqqqqq"}).fix(),
              "groups are aio, clock, debug, io-uring, ipc, keyring, module, mount, namespace, network, numa, quota, "
              "raw-io, reboot or swap");
}

TEST(Values, Binds) {
    EXPECT_EQ(bind_of("--ro", "/a"), (Bind{"/a", "", false, false}));
    EXPECT_EQ(bind_of("--ro-try", "/a:/b"), (Bind{"/a", "/b", false, true}));
    EXPECT_EQ(bind_of("--rw", ".:/work"), (Bind{".", "/work", true, false}));
    EXPECT_EQ(bind_of("--rw-try", "/a"), (Bind{"/a", "", true, true}));
}

TEST(Values, BindsSplitAtTheFirstColonThatIsNotEscaped) {
    EXPECT_EQ(parse_bind("a:b:c"), (Bind{"a", "b:c", false, false}));
    EXPECT_EQ(parse_bind(R"(a\:b)"), (Bind{"a:b", "", false, false}));
    EXPECT_EQ(parse_bind(R"(a\:b:c\:d)"), (Bind{"a:b", "c:d", false, false}));
    EXPECT_EQ(parse_bind(R"(a\\:b)"), (Bind{R"(a\)", "b", false, false}));
    EXPECT_EQ(parse_bind(R"(a\\\:b)"), (Bind{R"(a\:b)", "", false, false}));
    EXPECT_EQ(parse_bind(R"(a:b\\)"), (Bind{"a", R"(b\)", false, false}));
    EXPECT_EQ(parse_bind(R"(a\)"), (Bind{R"(a\)", "", false, false}));
    EXPECT_EQ(parse_bind(R"(by\x2duuid:b\y)"), (Bind{R"(by\x2duuid)", R"(b\y)", false, false}));
}

/// To other tools this asks for a read-only mount.
TEST(Values, ABindWithAFlagBehindItIsRefused) {
    EXPECT_NE(refusal({"--rw", "/a:/b:ro"}).fix().find("--ro"), std::string::npos);
    EXPECT_NE(refusal({"--ro", "/a:/b:rw"}).fix().find("--rw"), std::string::npos);
    EXPECT_EQ(parse_bind(R"(/a:/b\:ro)").target, "/b:ro");
}

TEST(Values, Limits) {
    using namespace std::chrono_literals;
    const auto limits = [](const std::string& option, const std::string& value) {
        return spec_of(option, value).limits;
    };
    EXPECT_EQ(limits("--timeout", "90s").timeout, 90s);
    EXPECT_EQ(limits("--timeout", "10m").timeout, 10min);
    EXPECT_EQ(limits("--timeout", "0.25").timeout, 250ms);
    EXPECT_FALSE(limits("--timeout", "1").cpu_time);
    EXPECT_EQ(limits("--cpu-time", "1.5h").cpu_time, 90min);
    EXPECT_EQ(Limits().kill_after, 2s);
    EXPECT_EQ(limits("--kill-after", "0").kill_after, 0s);
    EXPECT_EQ(limits("--max-output", "10M").output, 10ULL << 20);
    EXPECT_EQ(limits("--max-output", "0").output, 0U);
    EXPECT_EQ(limits("--nice", "-20").nice, -20);
    EXPECT_EQ(limits("--nice", "19").nice, 19);
    EXPECT_EQ(limits("--oom-score", "1000").oom_score, 1000);
    EXPECT_EQ(limits("--oom-score", "-1000").oom_score, -1000);
    EXPECT_EQ(limits("--tmp-size", "64M").tmp_size, 64ULL << 20);
}

TEST(Values, ResourceLimits) {
    const auto limit = [](const std::string& value) { return *spec_of("--rlimit", value).limits.resources.begin(); };
    using Pair = std::pair<const Resource, ResourceLimit>;
    EXPECT_EQ(limit("nofile=256"), (Pair{Resource::nofile, {256, 256}}));
    EXPECT_EQ(limit("nofile=256:1024"), (Pair{Resource::nofile, {256, 1024}}));
    EXPECT_EQ(limit("as=2G:unlimited"), (Pair{Resource::as, {2ULL << 30, unlimited}}));
    EXPECT_EQ(limit("core=infinity"), (Pair{Resource::core, {unlimited, unlimited}}));
    EXPECT_EQ(limit("cpu=0"), (Pair{Resource::cpu, {0, 0}}));
    EXPECT_EQ(refusal({"--rlimit", "nofile=5", "--rlimit", "nofile=6"}).fix(), "give it once");
    EXPECT_EQ(parse_words({"--rlimit", "nofile=5", "--rlimit", "nproc=6"}).spec.limits.resources.size(), 2U);
}

TEST(Values, Tmpfs) {
    EXPECT_EQ(tmpfs_of("/t"), (Tmpfs{"/t", {}, {}}));
    EXPECT_EQ(tmpfs_of("/t:size=512M"), (Tmpfs{"/t", 512ULL << 20, {}}));
    EXPECT_EQ(tmpfs_of("/t:size=512m"), (Tmpfs{"/t", 512ULL << 20, {}}));
    EXPECT_EQ(tmpfs_of("/t:mode=1777,size=1K"), (Tmpfs{"/t", 1024, 01777}));
    EXPECT_EQ(tmpfs_of(R"(/t\:x:mode=0700)"), (Tmpfs{"/t:x", {}, 0700}));
}

TEST(Values, WhatIsMade) {
    const auto mount = [](const std::string& option, const std::string& value) {
        return spec_of(option, value).mounts.at(0);
    };
    EXPECT_EQ(mount("--dir", "/d"), Mount(Directory{"/d", {}}));
    EXPECT_EQ(mount("--dir", R"(/d\:e:mode=0700)"), Mount(Directory{"/d:e", 0700}));
    EXPECT_EQ(mount("--symlink", "/to:/from"), Mount(Symlink{"/to", "/from"}));
    EXPECT_EQ(mount("--symlink", R"(a\:b:/from:c)"), Mount(Symlink{"a:b", "/from:c"}));
    EXPECT_EQ(mount("--file", "a:/b"), Mount(FileCopy{"a", "/b", {}}));
    EXPECT_EQ(mount("--file", "a:/b:c:mode=0600"), Mount(FileCopy{"a", "/b:c", 0600}));
    EXPECT_EQ(mount("--file", R"(a:/b\:mode=0600)"), Mount(FileCopy{"a", "/b:mode=0600", {}}));
    EXPECT_EQ(mount("--data", "3:/b"), Mount(FileData{3, "/b", {}}));
    EXPECT_EQ(mount("--data", "0:/b:mode=0400"), Mount(FileData{0, "/b", 0400}));
    EXPECT_EQ(mount("--device", "/dev/kvm"), Mount(Device{"/dev/kvm", "", false}));
    EXPECT_EQ(mount("--device-try", "/dev/kvm:/dev/x"), Mount(Device{"/dev/kvm", "/dev/x", true}));
}

TEST(Values, Environment) {
    const auto rule = [](const std::string& value) { return spec_of("--env", value).environment.at(0); };
    EXPECT_EQ(rule("A=b"), (EnvironmentRule{"A", "b"}));
    EXPECT_EQ(rule("A="), (EnvironmentRule{"A", ""}));
    EXPECT_EQ(rule("A=b=*c"), (EnvironmentRule{"A", "b=*c"}));
    EXPECT_EQ(rule("A"), (EnvironmentRule{"A", {}}));
    EXPECT_EQ(rule("CI_*"), (EnvironmentRule{"CI_*", {}}));
    EXPECT_EQ(rule("*"), (EnvironmentRule{"*", {}}));
}

TEST(Values, Flags) {
    EXPECT_TRUE(parse_words({"--clear-env"}).spec.clear_environment);
    EXPECT_TRUE(parse_words({"--init"}).spec.init);
    EXPECT_TRUE(parse_words({"--new-session"}).spec.new_session);
    EXPECT_TRUE(parse_words({"--die-with-parent"}).spec.die_with_parent);
    EXPECT_TRUE(parse_words({"--core-dumps"}).spec.core_dumps);
    EXPECT_TRUE(parse_words({"--explain"}).explain);
    EXPECT_TRUE(parse_words({"--verbose"}).verbose);
    EXPECT_TRUE(parse_words({"--summary"}).summary);
    EXPECT_TRUE(parse_words({"--quiet"}).quiet);
    EXPECT_TRUE(parse_words({"--version"}).version);
    EXPECT_TRUE(parse_words({"--help"}).help);
}

/// Bad values by option; an option whose every value is a name or a path has none.
const std::map<std::string_view, std::vector<std::string>> bad_values{
    {"uid", {"-1", "4294967295", "4294967296", "root", "0x0", "1000 ", "Self", "1:2"}},
    {"gid", {"-1", "4294967295", "99999999999999999999", "wheel", "+1"}},
    {"map-users", {"1", "1:2", "1:2:3:4", "a:2:3", "1:-2:3", "1:2:", ":2:3", "1:2:4294967295", "1: 2:3", "some"}},
    {"map-groups", {"1:2:0x3", "4294967295:0:1", "Auto"}},
    {"user", {}},
    {"overlay", {}},
    {"layer", {}},
    {"changes", {}},
    {"status-fd", {"-1", "x", "4294967296", "2147483648", "5 "}},
    {"hostname", {}},
    {"domainname", {}},
    {"only", {"net,", ",net", "net,,pid", "network", "all", "PID", "net pid", ","}},
    {"share", {"pid,foo", "user", "mnt", "net", "time", ","}},
    {"join", {"net", "net=", "=web", "mnt=web", "user=web", "time=/x", "nets=web", "net=a b", "net=-web"}},
    {"own", {"user", "pid", "time", "mount", "mnt,"}},
    {"allow-namespaces", {"users", "all", ",", "user,"}},
    {"boottime-offset", {"1x", "+1", "9223372036854775808", "1.5", "now"}},
    {"monotonic-offset", {"1 ", "-", "106751991167301d"}},
    {"root", {}},
    {"ro", {":/b", "/a:", ":"}},
    {"ro-try", {":/b", "/a:", "/a:/b:ro"}},
    {"rw", {":/b", "/a:", "/a:/b:ro"}},
    {"rw-try", {":/b", "/a:", "/a:/b:rw"}},
    {"memory", {"0", "-1", "1X", "M", "1.5G", "99999999999999999999"}},
    {"swap", {"-1", "x", "1 M"}},
    {"cpus", {"0", "0.009", "-1", "1.", ".5", "1.2345", "1,5", "all", "10000000"}},
    {"pids", {"0", "-1", "x", "1K", "9999999999"}},
    {"io-weight", {"0", "10001", "-1", "x", "99999999999999999999"}},
    {"cpuset", {",", "1,", "3-1", "1,1", "2,1", "0-1,1", "x", "-1", "99999", "0 1"}},
    {"limits", {"none", "Required", "best"}},
    {"tmpfs",
     {":size=1M", "/t:", "/t:size=", "/t:size=0", "/t:size=-1", "/t:size=1X", "/t:size=16777216T", "/t:mode=8",
      "/t:mode=0x1", "/t:mode=17777", "/t:size=1M,size=2M", "/t:mode=1,mode=1", "/t:uid=0", "/t:size=1M,",
      "/t:size=1M:mode=1", "/t:/u"}},
    {"dir", {":mode=0755", "/d:0755", "/d:mode=", "/d:mode=9", "/d:mode=0755,mode=0755", "/d:/e", ":"}},
    {"symlink", {"/a", ":/b", "/a:", ":"}},
    {"file", {"/a", ":/b", "/a:", "/a:/b:mode=", "/a:/b:mode=8", ":"}},
    {"data", {"3", ":/b", "3:", "x:/b", "-1:/b", "4294967296:/b", "3:/b:mode=99"}},
    {"device", {":/b", "/dev/null:", ":"}},
    {"device-try", {":/b", "/dev/null:"}},
    {"hide", {}},
    {"home", {"readonly", "Private", "yes", "private,rw"}},
    {"net", {"hots", "off", "None"}},
    {"env", {"=x", "=", "A*=1", "?=1"}},
    {"cwd", {}},
    {"landlock", {"on", "off", "2"}},
    {"fd", {"-1", "x", "3x", "2147483648", "+3", " 3"}},
    {"cap-drop", {"chwon", "chown,", ",", "ALL chown", "cap_"}},
    {"cap-add", {"root", "cap_cap_chown", "21"}},
    {"seccomp", {"on", "strickt", "auto", "profile"}},
    {"allow-syscall", {"bpff", "bpf,", ",", "@", "@mnt", "mount ptrace", "BPF", "165", "mount@"}},
    {"deny-syscall", {"ptraze", "@all", "-ptrace"}},
    {"tty", {"own", "none", "raw"}},
    {"name", {"a/b", ".", "..", "-x", "a b", "\xc3\xbc"}},
    {"log", {}},
    {"timeout", {"0", "0s", "-1", "1.s", ".5", "1.0000000001", "5x", "1 s", "292y", "106752d", "s", "1e3", "0x1"}},
    {"cpu-time", {"0", "0ms", "+1", "1h30m", "soon"}},
    {"kill-after", {"-2s", "x", "2ss"}},
    {"rlimit",
     {"nofile", "=5", "files=5", "nofile=", "nofile=:5", "nofile=5:", "nofile=5:4", "nofile=1K", "nofile=-1", "cpu=1s",
      "as=1X", "as=16777216T", "as=1G:512M", "NOFILE=5", "nofile=5:6:7", "RLIMIT_NOFILE=5", "nofile=unlimited:5"}},
    {"max-output", {"-1", "1X", "all", "1.5M"}},
    {"report", {}},
    {"report-fd", {"-1", "x", "4294967296", "2147483648", "5 "}},
    {"nice", {"20", "-21", "x", "1.5", "+1", "-", "00000"}},
    {"oom-score", {"1001", "-1001", "x", "9999999"}},
    {"tmp-size", {"0", "0K", "-1", "1X", "half"}},
};

TEST(Values, BadOnesAreErrorsThatNameOptionAndValue) {
    for (const auto& [name, values] : bad_values) {
        for (const std::string& value : values) {
            const std::string option = "--" + std::string(name);
            const std::string joined = option + "=";
            for (const Error& error : {refusal({option, value}), refusal({joined + value})}) {
                const std::string_view what = error.what();
                EXPECT_TRUE(what.starts_with(option + " ")) << what;
                EXPECT_NE(what.find(value), std::string_view::npos) << what;
                EXPECT_EQ(error.exit_status(), 125);
            }
        }
    }
}

TEST(Values, EveryOptionWithAValueHasItsBadOnes) {
    for (const Option& option : option_table) {
        EXPECT_EQ(bad_values.contains(option.name), option.takes_value()) << option.name;
    }
}

TEST(IdMappings, RangesAddUp) {
    using Ranges = std::vector<IdRange>;
    const Spec spec =
        parse_words({"--map-users", "0:100000:65536", "--map-users=70000:5:1", "--map-groups", "1:2:3"}).spec;
    EXPECT_EQ(std::get<Ranges>(spec.map_users.value()), (Ranges{{0, 100000, 65536}, {70000, 5, 1}}));
    EXPECT_EQ(std::get<Ranges>(spec.map_groups.value()), (Ranges{{1, 2, 3}}));
    EXPECT_FALSE(parse_words({}).spec.map_users || parse_words({}).spec.user);
}

TEST(IdMappings, Names) {
    EXPECT_EQ(std::get<IdSet>(parse_words({"--map-users", "auto"}).spec.map_users.value()), IdSet::automatic);
    EXPECT_EQ(std::get<IdSet>(parse_words({"--map-users", "subids"}).spec.map_users.value()), IdSet::subordinate);
    EXPECT_EQ(std::get<IdSet>(parse_words({"--map-groups", "all"}).spec.map_groups.value()), IdSet::all);
    EXPECT_EQ(parse_words({"--user", "ann:staff"}).spec.user, "ann:staff");
}

TEST(IdMappings, WhatIsNone) {
    for (const char* value : {"1", "1:2", "1:2:3:4", "a:2:3", "1:-2:3", "1:2:", ":2:3", "1:2:4294967295", "1:2:0x3",
                              "1: 2:3", "4294967295:0:1"}) {
        EXPECT_NE(std::string(refusal({"--map-users", value}).what()).find(value), std::string::npos) << value;
    }
    EXPECT_EQ(std::string(refusal({"--map-users", "atuo"}).what()),
              "--map-users atuo: must be auto, subids, all, private or real");
    EXPECT_EQ(std::string(refusal({"--map-users", "auto", "--map-users", "1:2:3"}).what()),
              "--map-users 1:2:3: adds to a name that stands for all ids");
    EXPECT_EQ(std::string(refusal({"--map-users", "1:2:3", "--map-users", "auto"}).what()),
              "--map-users auto: names all ids, and others are given as well");
}

TEST(Values, LimitsOfACgroup) {
    EXPECT_EQ(parse_cpus("2"), 2000U);
    EXPECT_EQ(parse_cpus("0.5"), 500U);
    EXPECT_EQ(parse_cpus("1.025"), 1025U);
    EXPECT_EQ(parse_cpus("0.01"), 10U);
    EXPECT_EQ(parse_cpuset("0-3,8"), "0-3,8");
    EXPECT_EQ(spec::parse_processors("0-3,8"), (std::vector<unsigned>{0, 1, 2, 3, 8}));
    EXPECT_EQ(spec::cpus_text(1025), "1.025");
    EXPECT_EQ(spec::cpus_text(2000), "2");
    EXPECT_TRUE(parse_holding("best-effort"));
    EXPECT_FALSE(parse_holding("required"));
}

}  // namespace
}  // namespace sandbox::cli
