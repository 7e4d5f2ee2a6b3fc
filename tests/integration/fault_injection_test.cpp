// Every step of a plan and every stage around it fails once, on purpose: the error must name it, and nothing may be
// left.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "host/probe.hpp"
#include "host/tree.hpp"
#include "plan/build.hpp"
#include "plan/enter.hpp"
#include "registry/registry.hpp"
#include "run/joined.hpp"
#include "run/launcher.hpp"
#include "spec/validate.hpp"
#include "support/ids.hpp"
#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"

namespace sandbox_test {
namespace {

using sandbox::Error;
using sandbox::Namespace;
using sandbox::Spec;
using sandbox::plan::Plan;
using sandbox::run::Fault;
using sandbox::run::Stage;

/// As errors name it. No default: a stage that is new and not listed below does not compile.
constexpr const char* stage_name(Stage stage) {
    switch (stage) {
        case Stage::none:
            return "";
        case Stage::cgroup:
            return "cgroup";
        case Stage::placeholders:
            return "placeholder";
        case Stage::pipes:
            return "pipes";
        case Stage::groups:
            return "groups";
        case Stage::clone_init:
        case Stage::clone_command:
            return "clone";
        case Stage::uid_map:
        case Stage::guest_uid_map:
            return "uid_map";
        case Stage::setgroups:
            return "setgroups";
        case Stage::gid_map:
        case Stage::guest_gid_map:
            return "gid_map";
        case Stage::handshake:
            return "handshake";
        case Stage::setup:  // a killed setup child: nothing to inject
            return "setup";
        case Stage::network:
            return "network";
        case Stage::join:  // of a command that joins a sandbox alone
            return "join";
        case Stage::joined_views:  // likewise, or one that is made where it joins
            return "join-views";
        case Stage::quota_userns:
            return "quota-userns";
        case Stage::id_mapped:
            return "idmap";
        case Stage::init_ids:
            return "ids";
        case Stage::terminal:
            return "terminal";
        case Stage::refusals:
            return "seccomp-log";
        case Stage::time_namespace:
            return "time-namespace";
        case Stage::init_prepare:
        case Stage::init_supervision:
        case Stage::init_confine:
            return "init";
    }
    return "";
}
constexpr Stage stages[] = {
    Stage::id_mapped,     Stage::init_ids,      Stage::placeholders,     Stage::pipes,         Stage::groups,
    Stage::clone_init,    Stage::uid_map,       Stage::setgroups,        Stage::gid_map,       Stage::handshake,
    Stage::init_prepare,  Stage::terminal,      Stage::time_namespace,   Stage::clone_command, Stage::network,
    Stage::guest_uid_map, Stage::guest_gid_map, Stage::init_supervision, Stage::init_confine,  Stage::refusals,
    Stage::quota_userns,  Stage::cgroup};

Plan plan_for(const Spec& spec) {
    sandbox::spec::validate(spec);
    sandbox::host::Wanted wanted;
    wanted.user_ids = wanted.group_ids = spec.map_users.has_value();
    sandbox::host::Facts facts = sandbox::host::probe(wanted);
    facts.joins_below = !spec.join.empty();
    Plan plan = sandbox::plan::build(spec, facts, sandbox::host::RealTree());
    if (spec.limits.nice) {
        // Not every machine has a cgroup for it; there is always one to be seen.
        const auto sysfs = std::ranges::find_if(plan.steps, [](const sandbox::plan::Step& step) {
            return std::holds_alternative<sandbox::plan::MountSysfs>(step);
        });
        if (sysfs != plan.steps.end()) {
            plan.steps.insert(sysfs + 1, sandbox::plan::MountCgroup{"/sys/fs/cgroup"});
        }
    }
    return plan;
}

Spec default_spec() {
    Spec spec;
    spec.command = {"true"};
    return spec;
}

/// Together they have every kind of step, and a time namespace.
std::vector<Spec> specs(const std::string& directory) {
    std::vector<Spec> all(7, default_spec());
    all[1].share = {Namespace::pid, Namespace::ipc, Namespace::uts, Namespace::cgroup};
    all[1].network = sandbox::Network::host;
    all[1].log_refusals = true;
    all[1].name = "named";
    all[2].only = sandbox::NamespaceSet{Namespace::net, Namespace::pid};
    all[2].new_session = true;
    all[3].own = {Namespace::mnt, Namespace::net};
    all[3].domainname = "example";
    all[3].init = true;
    all[3].limits.resources[sandbox::Resource::nofile] = {64, 64};
    all[3].limits.nice = 19;
    all[3].limits.oom_score = 1000;
    all[3].limits.tmp_size = 64U << 20U;
    all[4].boottime_offset = 1000;
    all[4].mounts = {
        sandbox::Tmpfs{.target = directory, .size = {}, .mode = {}},
        sandbox::FileCopy{.source = "/etc/passwd", .target = directory + "/copy", .mode = {}},
        sandbox::FileCopy{.source = "/etc/passwd", .target = "/etc/no-such-file", .mode = {}},
        sandbox::Bind{.source = "/usr", .target = directory + "/a/b", .writable = false, .optional = false},
        sandbox::Bind{.source = "/", .target = directory + "/c", .writable = true, .optional = false},
        sandbox::Bind{.source = "/usr", .target = "/etc/no-such-directory", .writable = false, .optional = false},
        sandbox::Hide{"/etc/passwd"},
        sandbox::Overlay{"/etc"}};
    std::filesystem::create_directories(directory + "/writable/a/b");
    all[5].root = "/";
    all[5].mounts = {
        sandbox::Bind{.source = directory + "/writable", .target = "/mnt", .writable = true, .optional = false},
        sandbox::Bind{.source = "/usr", .target = "/mnt/a/b", .writable = false, .optional = false},
        sandbox::Hide{"/mnt/missing"}};
    // Root maps what it likes; who is nobody else needs somebody who grants him ids.
    all[6].map_users = geteuid() == 0 ? sandbox::IdMapping(std::vector<sandbox::IdRange>{{0, 0, 1}, {1, 100000, 9}})
                                      : sandbox::IdMapping(sandbox::IdSet::automatic);
    all[6].map_groups = all[6].map_users;
    all[6].user = "1:1";
    if (!may_map_ids()) {
        all.pop_back();
    }
    return all;
}

/// The number of children, dead ones that nobody has waited for included.
std::size_t children_left() {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 && errno == ECHILD) {
        return 0;
    }
    return children_of(getpid()).size();
}

std::vector<int> blocked_signals() {
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, nullptr, &set);
    std::vector<int> blocked;
    for (int signal = 1; signal < NSIG; ++signal) {
        if (sigismember(&set, signal) == 1) {
            blocked.push_back(signal);
        }
    }
    return blocked;
}

constexpr const char* joined_name = "joined";

/// For a plan that joins a running sandbox, or its namespaces: those.
sandbox::run::Settings settings_for(const Plan& plan) {
    sandbox::run::Settings settings;
    if (!plan.inherited.empty()) {
        const auto found = sandbox::registry::find_running(joined_name);
        EXPECT_TRUE(found) << "the sandbox whose namespaces are joined has ended";
        settings.inherited.emplace();
        for (const Namespace kind : {Namespace::net, Namespace::ipc, Namespace::uts, Namespace::pid}) {
            if (found && plan.inherited.contains(kind)) {
                sandbox::run::add_inherited(*settings.inherited, {kind, joined_name}, *found);
            }
        }
    }
    if (plan.joined) {
        const auto found = sandbox::registry::find_running(plan.joined->name);
        EXPECT_TRUE(found) << "the sandbox that is joined has ended";
        if (found) {
            settings.joined = sandbox::run::open_namespaces(*found);
        }
    }
    return settings;
}

/// Starts the plan, which must fail. Without an error, or where `check` finds something, a line of text.
std::string fail(const Plan& plan, const Fault& fault, bool foreground, std::optional<Error>& error) {
    sandbox::run::Settings settings = settings_for(plan);
    settings.foreground = foreground;
    settings.fault = fault;
    try {
        sandbox::run::start(plan, std::move(settings)).wait();
        return "no error was thrown\n";
    } catch (const Error& thrown) {
        error = thrown;
    }
    return {};
}

class FaultInjection : public SandboxTest {
  protected:
    static void check_step(const Plan& plan, std::size_t index, int error_number) {
        const auto& step = plan.steps[index];
        SCOPED_TRACE("step " + std::to_string(index + 1) + " " + sandbox::plan::step_name(step) + " " +
                     sandbox::plan::step_subject(step));
        Fault fault;
        fault.step = index;
        fault.error = error_number;
        const std::optional<Error> error = check_fault(plan, fault);
        if (!error) {
            return;
        }
        // Only the last one is about the command, as shells see it.
        EXPECT_EQ(error->exit_status(), std::holds_alternative<sandbox::plan::Execute>(step) ? 126 : 125);
        ASSERT_TRUE(error->step());
        EXPECT_EQ(error->step()->index, index + 1);
        EXPECT_EQ(error->step()->name, sandbox::plan::step_name(step));
        EXPECT_EQ(error->step()->subject, sandbox::plan::step_subject(step));
        EXPECT_EQ(error->step()->error, error_number);
    }

    static void check_stage(const Plan& plan, Stage stage, int error_number) {
        SCOPED_TRACE("stage " + std::to_string(static_cast<unsigned>(stage)) + " " + stage_name(stage));
        Fault fault;
        fault.stage = stage;
        fault.error = error_number;
        const std::optional<Error> error = check_fault(plan, fault);
        if (!error) {
            return;
        }
        EXPECT_EQ(error->exit_status(), 125);
        ASSERT_TRUE(error->step());
        EXPECT_EQ(error->step()->index, 0U);
        EXPECT_EQ(error->step()->name, stage_name(stage));
        EXPECT_EQ(error->step()->error, error_number);
    }

  private:
    static std::optional<Error> check_fault(const Plan& plan, const Fault& fault) {
        const std::vector<std::string> descriptors = open_descriptors();
        const std::vector<int> blocked = blocked_signals();
        std::optional<Error> error;
        EXPECT_EQ(fail(plan, fault, false, error), "");
        if (plan.joined || !plan.inherited.empty()) {
            EXPECT_EQ(children_left(), 1U) << "the init of the sandbox that is joined";
        } else if (plan.fresh.contains(Namespace::pid)) {
            EXPECT_EQ(children_left(), 0U) << "processes, at the time of the error";
        }
        EXPECT_EQ(open_descriptors(), descriptors);
        EXPECT_EQ(blocked_signals(), blocked);
        if (error) {
            const std::string text = render(*error);
            // Where one option asked for the step, that stands first.
            EXPECT_TRUE(text.starts_with("sandbox: cannot ") || text.starts_with("sandbox: --")) << text;
            EXPECT_NE(text.find("cannot "), std::string::npos) << text;
            EXPECT_NE(text.find("EIO (Input/output error)\n"), std::string::npos) << text;
        }
        return error;
    }
};

// The test itself: with no fault, all of these plans run.
TEST_F(FaultInjection, WithoutAFaultEveryPlanRuns) {
    for (const Spec& spec : specs(directory().path())) {
        EXPECT_EQ(sandbox::run::start(plan_for(spec), {}).wait().exit_status(), 0);
    }
}

TEST_F(FaultInjection, ThePlansHaveEveryKindOfStep) {
    std::set<std::size_t> kinds;
    for (const Spec& spec : specs(directory().path())) {
        for (const sandbox::plan::Step& step : plan_for(spec).steps) {
            kinds.insert(step.index());
        }
    }
    kinds.insert(sandbox::plan::Step(sandbox::plan::JoinGuest{}).index());  // below
    if (landlock_abi() < 2) {
        kinds.insert(sandbox::plan::Step(sandbox::plan::Landlock{}).index());
    }
    if (!may_map_ids()) {
        kinds.insert(sandbox::plan::Step(sandbox::plan::ChangeOwner{}).index());
        kinds.insert(sandbox::plan::Step(sandbox::plan::ChangeIds{}).index());
    }
    EXPECT_EQ(kinds.size(), std::variant_size_v<sandbox::plan::Step>);
}

TEST_F(FaultInjection, EveryStepOfEveryPlan) {
    for (const Spec& spec : specs(directory().path())) {
        const Plan plan = plan_for(spec);
        for (std::size_t index = 0; index < plan.steps.size(); ++index) {
            check_step(plan, index, EIO);
        }
        expect_nothing_left();
    }
}

TEST_F(FaultInjection, EveryStage) {
    Spec spec = default_spec();
    spec.boottime_offset = 1000;
    spec.name = "named";
    const Plan plan = plan_for(spec);
    for (const Stage stage : stages) {
        check_stage(plan, stage, EIO);
    }
}

// What was made on the host before the failure is gone after it.
TEST_F(FaultInjection, EveryStageAndStepWithAPlaceholder) {
    const std::string place = directory() / "place";
    ASSERT_TRUE(std::filesystem::create_directory(place));
    Spec spec = default_spec();
    spec.boottime_offset = 1000;
    spec.name = "named";
    spec.mounts = {sandbox::Bind{.source = place, .target = "/mnt", .writable = true, .optional = false},
                   sandbox::Tmpfs{.target = "/mnt/new/deep", .size = {}, .mode = {}}};
    const Plan plan = plan_for(spec);
    ASSERT_EQ(plan.placeholders.size(), 2U);
    for (const Stage stage : stages) {
        check_stage(plan, stage, EIO);
        EXPECT_TRUE(std::filesystem::is_empty(place));
    }
    for (std::size_t index = 0; index < plan.steps.size(); ++index) {
        check_step(plan, index, EIO);
        EXPECT_TRUE(std::filesystem::is_empty(place));
    }
}

TEST_F(FaultInjection, EveryStageWithASharedPidNamespace) {
    Spec spec = default_spec();
    spec.boottime_offset = 1000;
    spec.name = "named";
    spec.share = {Namespace::pid};
    const Plan plan = plan_for(spec);
    for (const Stage stage : stages) {
        check_stage(plan, stage, EIO);
        expect_nothing_left();
    }
}

/// With a sandbox that runs, and that others join.
class FaultJoin : public FaultInjection {
  protected:
    void SetUp() override {
        FaultInjection::SetUp();
        ASSERT_EQ(setenv("XDG_RUNTIME_DIR", directory().path().c_str(), 1), 0);
        ASSERT_EQ(chmod(directory().path().c_str(), 0700), 0);
        Spec spec;
        spec.command = {"sleep", "1000"};
        spec.name = joined_name;
        joined_.emplace(sandbox::launch(spec));
    }
    // It goes on all the time, and can end: nothing of the failed ones is left in it.
    void TearDown() override {
        joined_->kill();
        EXPECT_EQ(joined_->wait().exit_status(), 128 + SIGKILL);
        joined_.reset();
        EXPECT_EQ(children_left(), 0U);
        unsetenv("XDG_RUNTIME_DIR");
        FaultInjection::TearDown();
    }
    template <std::size_t Count>
    static void check_all(const Plan& plan, const Stage (&stages_of_it)[Count]) {
        EXPECT_EQ(sandbox::run::start(plan, settings_for(plan)).wait().exit_status(), 0);
        for (const Stage stage : stages_of_it) {
            check_stage(plan, stage, EIO);
        }
        for (std::size_t index = 0; index < plan.steps.size(); ++index) {
            check_step(plan, index, EIO);
        }
        EXPECT_EQ(sandbox::run::start(plan, settings_for(plan)).wait().exit_status(), 0);
    }

  private:
    std::optional<sandbox::Process> joined_;
};

TEST_F(FaultJoin, EveryStageAndStepOfACommandThatEnters) {
    sandbox::EnterSpec enter;
    enter.command = {"true"};
    const auto found = sandbox::registry::find_running(joined_name);
    ASSERT_TRUE(found);
    const Plan plan = sandbox::plan::build_entering(enter, found->entry, sandbox::host::probe());
    EXPECT_TRUE(std::ranges::any_of(
        plan.steps, [](const auto& step) { return std::holds_alternative<sandbox::plan::JoinGuest>(step); }));
    check_all(plan, {Stage::pipes, Stage::clone_init, Stage::handshake, Stage::init_prepare, Stage::join,
                     Stage::clone_command, Stage::init_supervision, Stage::init_confine});
}

TEST_F(FaultJoin, EveryStageAndStepOfASandboxThatIsMadeThere) {
    for (const std::vector<Namespace>& kinds : std::vector<std::vector<Namespace>>{
             {Namespace::net, Namespace::ipc, Namespace::uts}, {Namespace::net, Namespace::pid}}) {
        Spec spec = default_spec();
        for (const Namespace kind : kinds) {
            spec.join.push_back({kind, joined_name});
        }
        check_all(plan_for(spec),
                  {Stage::pipes, Stage::clone_init, Stage::join, Stage::joined_views, Stage::uid_map, Stage::setgroups,
                   Stage::gid_map, Stage::handshake, Stage::init_prepare, Stage::clone_command, Stage::guest_uid_map,
                   Stage::guest_gid_map, Stage::init_supervision, Stage::init_confine});
    }
}

TEST_F(FaultInjection, AFailureAmongManyLeavesTheNextStartAlone) {
    const Plan plan = plan_for(default_spec());
    for (const std::size_t index : {std::size_t{0}, plan.steps.size() / 2, plan.steps.size() - 1}) {
        check_step(plan, index, EIO);
        EXPECT_EQ(sandbox::run::start(plan, {}).wait().exit_status(), 0);
    }
}

/// A new session, whose controlling terminal is on 0, 1 and 2.
bool take_terminal() {
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (setsid() < 0 || master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
        return false;
    }
    const int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    bool done = slave >= 0 && ioctl(slave, TIOCSCTTY, 0) == 0;
    for (int fd = 0; fd <= 2; ++fd) {
        done = done && dup2(slave, fd) == fd;
    }
    if (slave > 2) {
        close(slave);
    }
    return done && tcgetpgrp(0) == getpgrp();
}

std::string terminal_state() {
    termios modes{};
    if (tcgetattr(0, &modes) < 0) {
        return "none";
    }
    return describe(modes) + " group " + std::to_string(tcgetpgrp(0));
}

/// In a process that has a terminal: what is different after each failing step and stage.
std::string failures_on_a_terminal(sandbox::Tty tty) {
    if (!take_terminal()) {
        return "no terminal could be had\n";
    }
    Spec spec = default_spec();
    spec.name = "named";
    spec.foreground = true;
    spec.tty = tty;
    const Plan plan = plan_for(spec);
    if (tty == sandbox::Tty::own && !plan.terminal) {
        return "no terminal is planned\n";
    }
    const std::string before = terminal_state();
    const std::vector<int> blocked = blocked_signals();
    const std::vector<std::string> descriptors = open_descriptors();
    std::vector<Fault> faults;
    for (std::size_t index = 0; index < plan.steps.size(); ++index) {
        faults.push_back({.step = index, .stage = Stage::none, .error = EIO});
    }
    for (const Stage stage : stages) {
        if (stage != Stage::time_namespace) {
            faults.push_back({.step = {}, .stage = stage, .error = EIO});
        }
    }
    std::string found;
    for (const Fault& fault : faults) {
        std::optional<Error> error;
        std::string here = fail(plan, fault, true, error);
        here += terminal_state() == before ? "" : "the terminal: " + terminal_state() + ", before " + before + "\n";
        here += blocked_signals() == blocked ? "" : "the signal mask\n";
        here += open_descriptors() == descriptors ? "" : "the descriptors\n";
        if (!here.empty()) {
            found += (fault.step ? "step " + std::to_string(*fault.step + 1)
                                 : "stage " + std::string(stage_name(fault.stage))) +
                     ": " + here;
        }
    }
    return found;
}

void expect_all_given_back(sandbox::Tty tty) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
        std::string found;
        try {
            found = failures_on_a_terminal(tty);
        } catch (const std::exception& error) {
            found = error.what();
        }
        found += "end";
        const bool told = write(ends[1], found.data(), found.size()) == static_cast<ssize_t>(found.size());
        _exit(told ? 0 : 1);
    }
    close(ends[1]);
    std::string found;
    char chunk[4096];
    for (ssize_t got = 0; (got = read(ends[0], chunk, sizeof chunk)) > 0;) {
        found.append(chunk, static_cast<std::size_t>(got));
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
    EXPECT_EQ(found, "end");
}

TEST_F(FaultInjection, TheTerminalAndTheSignalMaskAreGivenBack) {
    expect_all_given_back(sandbox::Tty::inherited);
}

TEST_F(FaultInjection, TheTerminalAndTheSignalMaskAreGivenBackByAnOwnTerminal) {
    expect_all_given_back(sandbox::Tty::own);
}

}  // namespace
}  // namespace sandbox_test
