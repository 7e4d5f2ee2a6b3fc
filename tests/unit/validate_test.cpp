// Contradictions inside a Spec, and the words for them.
#include "spec/validate.hpp"
#include "unit/planning.hpp"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::spec {
namespace {

using test::default_spec;

struct Case {
    std::function<void(Spec&)> ask;
    std::string message;  ///< what a person reads
};

std::string message_for(const std::function<void(Spec&)>& ask) {
    Spec spec = default_spec();
    ask(spec);
    try {
        validate(spec);
    } catch (const Error& error) {
        EXPECT_EQ(error.exit_status(), 125);
        EXPECT_FALSE(error.step()) << "nothing has been tried";
        return render(error);
    }
    return {};
}

void check(const std::vector<Case>& cases) {
    for (const auto& [ask, message] : cases) {
        EXPECT_EQ(message_for(ask), message);
    }
}

const std::string nul("a\0b", 3);

TEST(Validate, ADefaultSpecIsGood) {
    EXPECT_EQ(message_for([](Spec&) {}), "");
    EXPECT_EQ(message_for([](Spec& spec) { spec.command.clear(); }), "");
}

TEST(Validate, IdRanges) {
    const auto users = [](const std::vector<IdRange>& ranges) { return [=](Spec& spec) { spec.map_users = ranges; }; };
    const std::string name_and_number =
        "sandbox: --uid and --gid: they give the caller's own id another number, and --map-users and --map-groups say "
        "all numbers\n  fix: --map-users IN:OUT:COUNT, or --user for who the command is\n";
    check({
        {users({{0, 100000, 65536}}), ""},
        {users({{0, 1000, 1}, {1, 100000, 65535}}), ""},
        {users({{4294967294, 4294967294, 1}}), ""},
        {users({{0, 0, 4294967295}}), ""},
        {users({}),
         "sandbox: --map-users: 0 ranges; the kernel takes 1 to 339\n"
         "  fix: join ranges that follow each other\n"},
        {users({{0, 1, 0}}), "sandbox: --map-users 0:1:0: a range of no ids maps nothing\n  fix: leave it out\n"},
        {users({{1, 0, 4294967295}}),
         "sandbox: --map-users 1:0:4294967295: it runs over 4294967294, the largest id\n  fix: a smaller COUNT\n"},
        {users({{0, 4294967294, 2}}),
         "sandbox: --map-users 0:4294967294:2: it runs over 4294967294, the largest id\n  fix: a smaller COUNT\n"},
        {users({{0, 100, 10}, {9, 200, 1}}),
         "sandbox: --map-users 9:200:1: it overlaps with 0:100:10: an id inside would be two\n"
         "  fix: give each id once\n"},
        {users({{0, 100, 10}, {10, 109, 5}}),
         "sandbox: --map-users 10:109:5: it overlaps with 0:100:10: an id outside would have two numbers inside\n"
         "  fix: give each id once\n"},
        {[](Spec& spec) {
             spec.map_groups = std::vector<IdRange>{{0, 0, 0}};
         },
         "sandbox: --map-groups 0:0:0: a range of no ids maps nothing\n  fix: leave it out\n"},
        {[](Spec& spec) {
             spec.uid = 5U;
             spec.map_users = IdSet::automatic;
         },
         name_and_number},
        {[](Spec& spec) {
             spec.gid = 5U;
             spec.user = "ann";
         },
         "sandbox: --uid and --gid: --user says who the command is\n  fix: use one of the two\n"},
        {[](Spec& spec) { spec.user = ":5"; },
         "sandbox: --user ':5': not a user\n  fix: --user NAME, or --user UID:GID\n"},
    });
}

TEST(Validate, Terminals) {
    const auto own = [](bool foreground, bool new_session) {
        return [=](Spec& spec) {
            spec.tty = Tty::own;
            spec.foreground = foreground;
            spec.new_session = new_session;
        };
    };
    check({
        {own(true, false), ""},
        {own(true, true),
         "sandbox: --tty new and --new-session: one gives a terminal, the other takes it away\n"
         "  fix: use one of the two\n"},
        {own(false, false),
         "sandbox: a terminal of the command's own needs a caller in the foreground, who relays it\n"},
    });
}

TEST(Validate, Limits) {
    using namespace std::chrono_literals;
    check({
        {[](Spec& spec) { spec.limits.timeout = 0s; },
         "sandbox: --timeout: no time at all is left to the command\n  fix: leave it out for no limit\n"},
        {[](Spec& spec) { spec.limits.cpu_time = -1s; },
         "sandbox: --cpu-time: no time at all is left to the command\n  fix: leave it out for no limit\n"},
        {[](Spec& spec) { spec.limits.kill_after = -1ns; },
         "sandbox: --kill-after: a time before the end is none after it\n"},
        {[](Spec& spec) {
             spec.limits.resources[Resource::nofile] = {9, 8};
         },
         "sandbox: --rlimit nofile = 9:8: the soft limit is above the hard one\n  fix: --rlimit NAME=SOFT:HARD\n"},
        {[](Spec& spec) { spec.limits.nice = 20; }, "sandbox: --nice 20: not within -20 and 19\n"},
        {[](Spec& spec) { spec.limits.oom_score = -1001; }, "sandbox: --oom-score -1001: not within -1000 and 1000\n"},
        {[](Spec& spec) { spec.limits.tmp_size = 0; },
         "sandbox: --tmp-size: a size of 0 would mean no limit to the kernel\n  fix: leave it out for half of the "
         "memory\n"},
        {[](Spec& spec) {
             spec.limits.tmp_size = 1;
             spec.only = NamespaceSet{};
         },
         "sandbox: --tmp-size and --only: --only shows the host's tree as it is, without private directories\n  fix: "
         "use one of the two\n"},
        {[](Spec& spec) {
             spec.limits = {.timeout = 1ns,
                            .cpu_time = 1ns,
                            .kill_after = 0s,
                            .output = 0,
                            .resources = {},
                            .nice = -20,
                            .oom_score = 1000,
                            .tmp_size = 1};
         },
         ""},
    });
}

TEST(Validate, Reports) {
    check({
        {[](Spec& spec) { spec.report = ""; }, "sandbox: --report '': not the name of a file\n  fix: --report FILE\n"},
        {[](Spec& spec) { spec.report_descriptor = 2; },
         "sandbox: --report-fd 2: 0, 1 and 2 are the command's\n  fix: one from 3 up, as with 3>FILE\n"},
        {[](Spec& spec) {
             spec.report_descriptor = 5;
             spec.descriptors = {5};
         },
         "sandbox: --report-fd 5: --fd passes the same descriptor to the command\n  fix: use two descriptors\n"},
        {[](Spec& spec) {
             spec.report_descriptor = 5;
             spec.report = "r";
         },
         ""},
    });
}

TEST(Validate, Commands) {
    check({
        {[](Spec& spec) { spec.command = {""}; },
         "sandbox: the command is an empty word: nothing can be executed\n  fix: sandbox -- COMMAND [ARG]...\n"},
        {[](Spec& spec) {
             spec.command = {"echo", nul};
         },
         "sandbox: an argument of the command contains a NUL byte: it would be cut there\n"},
        {[](Spec& spec) {
             spec.command = {"echo", ""};
         },
         ""},
    });
}

TEST(Validate, EnvironmentNames) {
    const auto setting = [](const std::string& name, const std::optional<std::string>& value) {
        return [name, value](Spec& spec) { spec.environment = {{name, value}}; };
    };
    check({
        {setting("", "x"), "sandbox: --env '': not the name of an environment variable\n"},
        {setting("A=B", {}), "sandbox: --env 'A=B': not the name of an environment variable\n"},
        {setting(nul, {}), "sandbox: --env 'a\\x00b': not the name of an environment variable\n"},
        {setting("A", nul), "sandbox: --env 'A': not the name of an environment variable\n"},
        {setting("A", ""), ""},
        {setting("with blank", "x"), ""},
        {setting("CI_*", {}), ""},
    });
}

TEST(Validate, HostAndDomainNames) {
    const std::string most(64, 'x');
    const std::string limits = "sandbox: host and domain names have 1 to 64 bytes (uname(2)): '";
    check({
        {[&](Spec& spec) { spec.hostname = most; }, ""},
        {[&](Spec& spec) { spec.hostname = most + "x"; }, limits + most + "x'\n"},
        {[&](Spec& spec) { spec.hostname = ""; }, limits + "'\n"},
        {[&](Spec& spec) { spec.hostname = nul; }, limits + "a\\x00b'\n"},
        {[&](Spec& spec) { spec.domainname = ""; }, limits + "'\n"},
        {[&](Spec& spec) { spec.domainname = most; }, ""},
    });
    const std::string shared =
        "sandbox: --hostname and --domainname: the uts namespace is the host's in this sandbox\n"
        "  fix: leave uts out of --share, or add it to --only\n";
    check({
        {[](Spec& spec) {
             spec.hostname = "x";
             spec.share = {Namespace::uts};
         },
         shared},
        {[](Spec& spec) {
             spec.domainname = "x";
             spec.only = NamespaceSet{Namespace::net};
         },
         shared},
        {[](Spec& spec) {
             spec.hostname = "x";
             spec.only = NamespaceSet{Namespace::uts};
         },
         ""},
    });
}

TEST(Validate, Ids) {
    const std::string message = "sandbox: an id of 4294967295 means `no id` to the kernel: the largest is 4294967294\n";
    check({
        {[](Spec& spec) { spec.uid = 4294967295U; }, message},
        {[](Spec& spec) { spec.gid = 4294967295U; }, message},
        {[](Spec& spec) { spec.uid = spec.gid = 4294967294U; }, ""},
        {[](Spec& spec) { spec.uid = SelfId{}; }, ""},
    });
}

TEST(Validate, Share) {
    const auto sharing = [](Namespace kind) { return [kind](Spec& spec) { spec.share = {kind}; }; };
    check({
        {sharing(Namespace::user),
         "sandbox: --share user: a sandbox always has its own user namespace\n"
         "  fix: leave it out; --home rw, --rw DIR and --uid self bring the inside closer to the host\n"},
        {sharing(Namespace::mnt),
         "sandbox: --share mnt: a sandbox always has its own mnt namespace\n"
         "  fix: leave it out; --home rw, --rw DIR and --uid self bring the inside closer to the host\n"},
        {sharing(Namespace::net), "sandbox: --share net: the network has an option of its own\n  fix: --net host\n"},
        {sharing(Namespace::time),
         "sandbox: --share time: the time namespace is the host's anyway\n"
         "  fix: leave it out; --boottime-offset and --monotonic-offset make a new one\n"},
        {sharing(Namespace::pid), ""},
        {sharing(Namespace::uts), ""},
        {sharing(Namespace::ipc), ""},
        {sharing(Namespace::cgroup), ""},
    });
}

TEST(Validate, Own) {
    const auto owning = [](Namespace kind) { return [kind](Spec& spec) { spec.own = {kind}; }; };
    check({
        {owning(Namespace::user),
         "sandbox: --own user: this namespace cannot be handed to the guest\n"
         "  fix: the guest lives in a user namespace of its own already\n"},
        {owning(Namespace::pid),
         "sandbox: --own pid: this namespace cannot be handed to the guest\n"
         "  fix: --allow-namespaces pid lets it make its own\n"},
        {owning(Namespace::time),
         "sandbox: --own time: this namespace cannot be handed to the guest\n"
         "  fix: --allow-namespaces time lets it make its own\n"},
        {owning(Namespace::mnt), ""},
        {owning(Namespace::uts), ""},
        {owning(Namespace::ipc), ""},
        {owning(Namespace::net), ""},
        {owning(Namespace::cgroup), ""},
    });
    const auto hosts = [](const std::string& kind) {
        return "sandbox: --own " + kind +
               ": that namespace is the host's in this sandbox\n"
               "  fix: let the sandbox have its own, or leave it out of --own\n";
    };
    check({
        {[](Spec& spec) {
             spec.own = {Namespace::net};
             spec.network = Network::host;
         },
         hosts("net")},
        {[](Spec& spec) {
             spec.own = {Namespace::ipc};
             spec.share = {Namespace::ipc};
         },
         hosts("ipc")},
        {[](Spec& spec) {
             spec.own = {Namespace::cgroup};
             spec.only = NamespaceSet{Namespace::net};
         },
         hosts("cgroup")},
    });
}

TEST(Validate, OnlyExcludesWhatBuildsAView) {
    const auto only_and = [](const std::function<void(Spec&)>& ask) {
        return [ask](Spec& spec) {
            spec.only = NamespaceSet{Namespace::net};
            ask(spec);
        };
    };
    const auto message = [](const std::string& option) {
        return "sandbox: --only and " + option +
               ": --only shows the host's tree and namespaces as they are\n  fix: use one of the two\n";
    };
    check({
        {only_and([](Spec& spec) { spec.share = {Namespace::pid}; }), message("--share")},
        {only_and([](Spec& spec) { spec.network = Network::host; }), message("--net")},
        {only_and([](Spec& spec) { spec.root = "/x"; }), message("--root")},
        {only_and([](Spec& spec) { spec.home = Home::writable; }), message("--home")},
        {only_and([](Spec& spec) { spec.mounts = {test::tmpfs("/x")}; }),
         message("--ro, --rw, --tmpfs and their like")},
        {only_and([](Spec& spec) { spec.cwd = "/"; }), ""},
        {only_and([](Spec& spec) { spec.init = spec.new_session = true; }), ""},
    });
}

TEST(Validate, Mounts) {
    const auto mounting = [](const Mount& mount) { return [mount](Spec& spec) { spec.mounts = {mount}; }; };
    const std::string empty_source = "sandbox: --ro, --rw: an empty source names nothing\n";
    check({
        {mounting(test::ro("")), empty_source},
        {mounting(test::rw("", "/x")), empty_source},
        {mounting(test::ro(nul)), empty_source},
        {mounting(test::ro("x", nul)), empty_source},
        {mounting(test::ro("relative", "also/relative")), ""},
        {mounting(test::tmpfs("x")), "sandbox: --tmpfs x: the target is not an absolute path\n  fix: --tmpfs /PATH\n"},
        {mounting(test::tmpfs("")), "sandbox: --tmpfs : the target is not an absolute path\n  fix: --tmpfs /PATH\n"},
        {mounting(test::tmpfs("/" + nul)),
         "sandbox: --tmpfs /a\\x00b: the target is not an absolute path\n  fix: --tmpfs /PATH\n"},
        {mounting(test::tmpfs("/x")), ""},
    });
}

TEST(Validate, RootHomeAndCwd) {
    check({
        {[](Spec& spec) {
             spec.root = "/x";
             spec.home = Home::writable;
         },
         "sandbox: --root and --home: a tree of its own shows nothing of the host's homes\n"
         "  fix: --rw \"$HOME\" shows it\n"},
        {[](Spec& spec) { spec.root = ""; }, "sandbox: --root '': not a directory\n"},
        {[](Spec& spec) { spec.root = "relative"; }, ""},
        {[](Spec& spec) { spec.cwd = "x"; },
         "sandbox: --cwd 'x': not an absolute path\n  fix: --cwd is a path of the inside, e.g. --cwd /tmp\n"},
        {[](Spec& spec) { spec.cwd = ""; },
         "sandbox: --cwd '': not an absolute path\n  fix: --cwd is a path of the inside, e.g. --cwd /tmp\n"},
        {[](Spec& spec) { spec.cwd = "/x"; }, ""},
    });
}

// root has no NUL check of its own above: a path would be cut there, and another tree used.
TEST(Validate, ARootWithANulByteIsRefused) {
    EXPECT_NE(message_for([](Spec& spec) { spec.root = "/srv" + nul; }), "");
}

// tmpfs(5): size=0 is no limit at all, the opposite of what is written.
TEST(Validate, ATmpfsOfNoSizeIsRefused) {
    EXPECT_NE(message_for([](Spec& spec) { spec.mounts = {Tmpfs{.target = "/x", .size = 0, .mode = {}}}; }), "");
}

}  // namespace
}  // namespace sandbox::spec
