// What a cgroup holds and counts. It takes a kernel whose controllers are of version 2, and a tree that was handed
// over:
// `./dev test-vm limits_cgroup` runs it where there are both, as root and as a user.
#include <sandbox/sandbox.hpp>

#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "json/json.hpp"
#include "support/named.hpp"
#include "support/sandbox_test.hpp"

namespace sandbox_test {
namespace {

using ::sandbox::json::Json;
using Words = std::vector<std::string>;

class LimitsCgroup : public NamesTest {
  protected:
    void SetUp() override {
        NamesTest::SetUp();
        const Result plan = run({given("SANDBOX_BIN"), "--explain", "--pids", "9", "--memory", "99M", "--", "true"});
        const std::string before = "cgroup: below ";
        const std::size_t at = plan.out.find(before);
        ASSERT_NE(at, std::string::npos) << "no cgroup can be had here" << plan;
        const std::size_t start = at + before.size();
        parent_ = plan.out.substr(start, plan.out.find_first_of(",;\n", start) - start);
    }
    void TearDown() override {
        EXPECT_EQ(cgroups(), std::set<std::string>());
        NamesTest::TearDown();
    }

    /// Of sandboxes, where they are made.
    [[nodiscard]] std::set<std::string> cgroups() const {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(parent_)) {
            if (entry.path().filename().string().starts_with("sandbox-")) {
                names.insert(entry.path().filename());
            }
        }
        return names;
    }
    [[nodiscard]] Result limited(const std::string& script, Words options) const {
        options.insert(options.end(), {"--report", place()});
        return inside_shell(script, {.sandbox = std::move(options)});
    }
    [[nodiscard]] std::string place() const { return directory() / "report.json"; }
    [[nodiscard]] Json report() const { return ::sandbox::json::parse_json(read_file(place())); }
    [[nodiscard]] std::string reason() const { return report().find("reason")->text; }
    [[nodiscard]] long figure(const std::string& outer, const std::string& key) const {
        const Json whole = report();
        const Json* const object = whole.find(outer);
        const Json* const value = object == nullptr ? nullptr : object->find(key);
        return value == nullptr || value->kind != Json::Kind::number ? -1 : static_cast<long>(value->number);
    }
    [[nodiscard]] const std::string& parent() const { return parent_; }

  private:
    std::string parent_;
};

TEST_F(LimitsCgroup, TooMuchMemoryIsTheEnd) {
    const Result result = limited("dd if=/dev/zero of=/dev/null bs=96M count=1", {"--memory", "32M"});
    EXPECT_EQ(result.exit_status, 128 + SIGKILL) << result;
    EXPECT_NE(result.err.find("sandbox: out of memory: 1 process was killed at --memory 32.0M\n"), std::string::npos)
        << result;
    EXPECT_EQ(reason(), "oom");
    EXPECT_GE(figure("memory", "out_of_memory_kills"), 1);
    EXPECT_GE(figure("memory", "peak_bytes"), 16 << 20);
    EXPECT_LE(figure("memory", "peak_bytes"), 32 << 20);
    EXPECT_EQ(report().find("memory")->find("source")->text, "cgroup");
}

TEST_F(LimitsCgroup, TooLittleMemoryToStartIsSaid) {
    const Result result = limited("true", {"--memory", "64K"});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("--memory may be too little"), std::string::npos) << result;
    EXPECT_EQ(reason(), "setup-failed");
}

TEST_F(LimitsCgroup, WhatIsWithinItRuns) {
    const Result result = limited("dd if=/dev/zero of=/dev/null bs=16M count=1 2>/dev/null", {"--memory", "96M"});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(reason(), "exited");
    EXPECT_GE(figure("memory", "peak_bytes"), 16 << 20);
    EXPECT_EQ(figure("memory", "out_of_memory_kills"), 0);
}

// A child that is killed is the command's to notice. One that goes on has not failed.
TEST_F(LimitsCgroup, AChildOutOfMemory) {
    const std::string hog = "dd if=/dev/zero of=/dev/null bs=96M count=1; echo $?";
    Result result = limited(hog + "; exit 3", {"--memory", "32M"});
    EXPECT_NE(result.out.find("137"), std::string::npos) << result;
    EXPECT_EQ(result.exit_status, 3) << result;
    EXPECT_EQ(reason(), "oom");
    result = limited(hog + "; exit 0", {"--memory", "32M"});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(reason(), "exited");
    EXPECT_GE(figure("memory", "out_of_memory_kills"), 1);
}

TEST_F(LimitsCgroup, PrivateFilesAreMemory) {
    const Result result = limited("cat /dev/zero >/tmp/x; exit 1", {"--memory", "32M", "--tmp-size", "256M"});
    EXPECT_NE(result.exit_status, 0) << result;
    EXPECT_EQ(reason(), "oom");
}

TEST_F(LimitsCgroup, NoMoreProcessesThanThat) {
    const Result result = limited("for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; kill 0", {"--pids", "5", "--init"});
    EXPECT_NE(result.exit_status, 0) << result;
    EXPECT_EQ(reason(), "pids");
    EXPECT_GE(figure("pids", "refused"), 1);
    EXPECT_EQ(figure("pids", "peak"), 5);
    EXPECT_NE(result.err.find("sandbox: no process beyond --pids 5 could be started, "), std::string::npos) << result;
}

TEST_F(LimitsCgroup, ASingleOne) {
    EXPECT_EQ(limited("exit 4", {"--pids", "1"}).exit_status, 4);
    EXPECT_EQ(figure("pids", "peak"), 1);
    EXPECT_EQ(reason(), "exited");
    EXPECT_NE(limited("sleep 0; sleep 0", {"--pids", "1"}).exit_status, 0);
    EXPECT_EQ(reason(), "pids");
    for (const Words& shared : {Words{"--share", "pid"}, Words{"--init"}, Words{"--net", "host"}}) {
        Words options = shared;
        options.insert(options.end(), {"--pids", "1"});
        EXPECT_EQ(limited("exit 4", options).exit_status, 4) << shared.front();
    }
}

TEST_F(LimitsCgroup, AForkBombEndsWithItsTime) {
    const Result result = limited("b() { b | b & }; trap '' TERM; (b; b) & while :; do :; done",
                                  {"--pids", "30", "--timeout", "2s", "--kill-after", "0.5s"});
    EXPECT_EQ(result.exit_status, 124) << result.exit_status;
    EXPECT_EQ(reason(), "timeout");
    EXPECT_LE(figure("pids", "peak"), 30);
}

TEST_F(LimitsCgroup, ProcessorTimeIsHeldUp) {
    const Result result = limited("i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done", {"--cpus", "0.1"});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_GT(figure("time", "throttled_us"), 0);
}

// Not seen in /proc: children whose end is ignored.
TEST_F(LimitsCgroup, ProcessorTimeOfEverybodyCounts) {
    const Result result = limited("trap '' CHLD; while :; do (i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done); done",
                                  {"--cpu-time", "1s", "--pids", "20"});
    EXPECT_EQ(result.exit_status, 124) << result;
    EXPECT_EQ(reason(), "cpu-time");
    EXPECT_GE(figure("time", "user_us") + figure("time", "system_us"), 1000000);
    EXPECT_EQ(report().find("time")->find("source")->text, "cgroup");
}

// At a normal end nobody waits for them.
TEST_F(LimitsCgroup, TheTimeOfThoseThatAreKilledWithTheCommandCounts) {
    (void)limited("(while :; do :; done) & i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exit 0",
                  {"--pids", "20"});
    EXPECT_GT(figure("time", "user_us"), 0);
    EXPECT_EQ(reason(), "exited");
}

TEST_F(LimitsCgroup, TheProcessorsAreThose) {
    Result result = limited("grep Cpus_allowed_list /proc/self/status", {"--cpuset", "0"});
    EXPECT_EQ(result.out, "Cpus_allowed_list:\t0\n") << result;
    result = limited("echo ran", {"--cpuset", "0,4095"});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find("--cpuset 0,4095: there is no processor 4095"), std::string::npos) << result;
    EXPECT_EQ(reason(), "setup-failed");
}

TEST_F(LimitsCgroup, TheInsideSeesItsLimits) {
    const Result result = limited(
        "cd /sys/fs/cgroup && cat memory.max memory.swap.max cpu.max pids.max io.weight cpuset.cpus && cat "
        "/proc/self/cgroup",
        {"--memory", "64M", "--swap", "1M", "--cpus", "1.5", "--pids", "7", "--io-weight", "50", "--cpuset", "0"});
    const std::string own = "67108864\n1048576\n150000 100000\n8\ndefault 50\n0\n0::/\n";
    EXPECT_EQ(result.out, own) << result;
    EXPECT_EQ(limited("cat /sys/fs/cgroup/memory.swap.max", {"--memory", "64M"}).out, "0\n");
}

// A16.
TEST_F(LimitsCgroup, TheInsideChangesNothingOfIt) {
    const std::string attempts =
        "cd /sys/fs/cgroup; [ -e pids.max ] || echo no cgroup\n"
        "for f in pids.max memory.max cpu.max cgroup.procs cgroup.kill cgroup.freeze cgroup.subtree_control "
        "cgroup.max.depth; do (echo max >$f) 2>/dev/null && echo wrote $f; done\n"
        "(echo 1 >cgroup.procs) 2>/dev/null && echo moved\n"
        "mkdir x 2>/dev/null && echo made\n"
        "chmod 777 . pids.max 2>/dev/null && echo chmod\n"
        "mount -o remount,rw /sys/fs/cgroup 2>/dev/null && echo remounted\n"
        "mkdir -p /tmp/c; mount -t cgroup2 c /tmp/c 2>/dev/null && echo mounted\n"
        "unshare --cgroup true 2>/dev/null && echo unshared\n"
        "unshare --user --map-root-user --cgroup --mount true 2>/dev/null && echo unshared all\n"
        "umount /sys/fs/cgroup 2>/dev/null && echo unmounted; true";
    for (const Words& more : {Words{}, Words{"--net", "host"}, Words{"--share", "pid"}, Words{"--landlock", "none"},
                              Words{"--seccomp", "none"}, Words{"--allow-namespaces", "user,mnt"},
                              Words{"--landlock", "none", "--seccomp", "none"}, Words{"--own", "mnt,net"}}) {
        Words options = more;
        options.insert(options.end(), {"--pids", "20", "--memory", "200M"});
        const Result result = limited(attempts, options);
        std::string told = result.out;
        if (more.size() == 2 && (more[0] == "--own" || more[0] == "--allow-namespaces")) {
            // Its own mounts are the inside's affair: what is under them is still read-only to it.
            EXPECT_EQ(told.find("wrote"), std::string::npos) << result;
            EXPECT_EQ(told.find("moved"), std::string::npos) << result;
            EXPECT_EQ(told.find("made"), std::string::npos) << result;
            EXPECT_EQ(told.find("\nmounted"), std::string::npos) << result;
            EXPECT_EQ(told.find("remounted"), std::string::npos) << result;
            continue;
        }
        EXPECT_EQ(told, "") << more.size() << (more.empty() ? "" : more.front()) << result;
    }
    // It could be done: what is refused is what would be needed.
    for (const Words& bad : {Words{"--own", "cgroup"}, Words{"--allow-namespaces", "user,mnt,cgroup"}}) {
        Words options = bad;
        options.insert(options.end(), {"--pids", "20"});
        const Result result = limited("echo ran", options);
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_EQ(result.out, "") << result;
    }
}

TEST_F(LimitsCgroup, WhatRunsOnIsKilled) {
    for (const Words& more : {Words{}, Words{"--init"}, Words{"--share", "pid"}, Words{"--only", "net"}}) {
        Words options = more;
        options.insert(options.end(), {"--pids", "20"});
        const Result result = limited("(trap '' TERM HUP; setsid sleep 1000 >/dev/null 2>&1 &) ; exit 0", options);
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(cgroups(), std::set<std::string>());
    }
}

// It is empty soon, and whoever makes the next one removes it.
TEST_F(LimitsCgroup, WhatAKilledLauncherLeft) {
    for (const Words& more : {Words{}, Words{"--share", "pid"}}) {
        Words options = more;
        options.insert(options.end(), {"--pids", "20"});
        Running running = start_inside({"sh", "-c", "echo on; exec sleep 1000"}, {.sandbox = options});
        running.expect("on");
        ASSERT_EQ(cgroups().size(), 1U);
        const std::string events = parent() + "/" + *cgroups().begin() + "/cgroup.events";
        running.send(SIGKILL);
        (void)running.wait();
        EXPECT_TRUE(wait_until([&] { return read_file(events).find("populated 0") != std::string::npos; }, "the end"));
        if (more.empty()) {
            EXPECT_EQ(inside({"true"}, {.sandbox = {"--pids", "5"}}).exit_status, 0);
        } else {
            EXPECT_EQ(sandbox({"gc"}).exit_status, 0);
        }
        EXPECT_EQ(cgroups(), std::set<std::string>());
    }
}

// One of another launcher, who lives, is left alone.
TEST_F(LimitsCgroup, ManyBesideEachOther) {
    std::vector<Running> all;
    for (int i = 0; i < 8; ++i) {
        all.push_back(start_inside({"sh", "-c", "echo on; cat; cat /sys/fs/cgroup/pids.max"},
                                   {.sandbox = {"--pids", std::to_string(10 + i)}, .keep_input_open = true}));
    }
    for (Running& running : all) {
        running.expect("on");
    }
    EXPECT_EQ(cgroups().size(), 8U);
    for (int i = 0; i < 8; ++i) {
        all[static_cast<std::size_t>(i)].close_input();
        const Result result = all[static_cast<std::size_t>(i)].wait();
        EXPECT_NE(result.out.find(std::to_string(11 + i)), std::string::npos) << result;
    }
}

TEST_F(LimitsCgroup, AFailedStartLeavesNone) {
    EXPECT_EQ(inside({"/no/such"}, {.sandbox = {"--pids", "5"}}).exit_status, 127);
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--pids", "5", "--cwd", "/no/such"}}).exit_status, 125);
    EXPECT_EQ(cgroups(), std::set<std::string>());
}

// Who enters is in it, too: it counts, and it ends with the others.
TEST_F(LimitsCgroup, WhoEntersCounts) {
    for (const Words& more : {Words{}, Words{"--share", "pid"}}) {
        Words options = more;
        options.insert(options.end(), {"--pids", "6"});
        Running running = start_named("box", "exec sleep 1000", options);
        const Result entered = sandbox(
            {"enter", "box", "--", "sh", "-c",
             "cat /proc/self/cgroup; for i in 1 2 3 4 5 6 7 8; do sleep 1000 >/dev/null 2>&1 & done; echo all"});
        EXPECT_EQ(entered.out.rfind("0::/\n", 0), 0U) << entered;
        EXPECT_EQ(entered.out.find("all"), std::string::npos) << entered;
        EXPECT_EQ(sandbox({"stop", "box", "--timeout", "0"}).exit_status, 0);
        (void)running.wait();
    }
}

TEST_F(LimitsCgroup, WhoJoinsHasItsOwn) {
    Running first = start_named("first", "exec sleep 1000", {"--pids", "6"});
    for (const char* kind : {"pid=first", "net=first", "ipc=first"}) {
        const Result second =
            limited("cat /proc/self/cgroup /sys/fs/cgroup/pids.max; exit 3", {"--join", kind, "--pids", "9"});
        EXPECT_EQ(second.exit_status, 3) << second;
        EXPECT_NE(second.out.find("0::/\n1"), std::string::npos) << kind << second;
    }
    EXPECT_EQ(sandbox({"stop", "first", "--timeout", "0"}).exit_status, 0);
    (void)first.wait();
}

TEST_F(LimitsCgroup, TheListHasWhatItCounts) {
    Running running = start_named("box", "exec sleep 1000", {"--pids", "6", "--memory", "64M"});
    const Json shown = ::sandbox::json::parse_json(sandbox({"inspect", "--json", "box"}).out);
    ASSERT_NE(shown.find("cgroup"), nullptr);
    EXPECT_EQ(shown.find("cgroup")->text, parent() + "/" + *cgroups().begin());
    EXPECT_NE(sandbox({"inspect", "box"}).out.find("  memory.max = 67108864, for --memory 67108864\n"),
              std::string::npos);
    Running watch({given("SANDBOX_BIN"), "list", "--watch", "--json"});
    const std::string first = watch.expect("}]\n");
    const std::string second = watch.expect("}]\n");
    for (const std::string& line : {first, second}) {
        const Json look = ::sandbox::json::parse_json(line);
        ASSERT_EQ(look.items.size(), 1U) << line;
        EXPECT_EQ(look.items[0].find("counted_by")->text, "cgroup");
        EXPECT_EQ(look.items[0].find("pids")->number, 2U);
        EXPECT_GT(look.items[0].find("memory")->number, 0U);
    }
    watch.send(SIGINT);
    EXPECT_EQ(watch.wait().signal, SIGINT);
    EXPECT_EQ(sandbox({"stop", "box"}).exit_status, 0);
    (void)running.wait();
}

TEST_F(LimitsCgroup, ALibrarysCallerHasTheFigures) {
    ::sandbox::Spec spec;
    spec.command = {"sh", "-c", "for i in 1 2 3 4 5 6; do sleep 1000 & done"};
    spec.limits.pids = 3;
    ::sandbox::Process process = ::sandbox::launch(spec);
    const ::sandbox::Outcome outcome = process.wait();
    EXPECT_EQ(outcome.limit, ::sandbox::Limit::pids);
    ASSERT_TRUE(process.usage().cgroup);
    EXPECT_GE(process.usage().cgroup->refused_pids, 1U);
    EXPECT_TRUE(process.usage().peak_of_all);
    spec.command = {"sleep", "1000"};
    { const ::sandbox::Process dropped = ::sandbox::launch(spec); }
    EXPECT_EQ(cgroups(), std::set<std::string>());
}

}  // namespace
}  // namespace sandbox_test
