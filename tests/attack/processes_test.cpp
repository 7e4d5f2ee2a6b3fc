// A17 to A21: the processes outside, init and the launcher.
#include <chrono>
#include <csignal>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack/attack.hpp"
#include "support/stepper.hpp"

namespace sandbox_attack {
namespace {

using sandbox_test::Running;

/// A process of the host, with a number that no process inside has.
class Victim {
  public:
    Victim() {
        for (int tries = 0; tries < 1000 && (!process_ || process_->pid() < 300); ++tries) {
            process_.emplace(std::vector<std::string>{sandbox_test::probe("attack_processes"), "hold"});
        }
        process_->expect("up\n");
    }
    [[nodiscard]] std::string argument() const { return "victim=" + std::to_string(process_->pid()); }
    [[nodiscard]] bool lives() const { return kill(process_->pid(), 0) == 0; }

  private:
    std::optional<Running> process_;
};

using Processes = sandbox_test::SandboxTest;

/// `sandbox OPTION... -- COMMAND...` under a setting, with the probes shown.
std::vector<std::string> sandboxed(const Setting& setting, const std::vector<std::string>& command,
                                   std::vector<std::string> options = {}) {
    options.insert(options.end(), setting.options.begin(), setting.options.end());
    return sandbox_test::sandbox_command(command, options);
}

TEST_F(Processes, A17_ProcessesOutside) {
    const Victim victim;
    Attack attack("A17", "processes outside");
    attack.make({.program = "attack_processes", .arguments = {victim.argument()}, .ground = "plain"});
    attack.make("kill everything", "namespaces", [&victim](const Setting& setting) {
        sandbox_test::inside({"sh", "-c", "kill -9 -1"}, {.sandbox = setting.options});
        return !victim.lives();
    });
}

TEST_F(Processes, A18_InitOfTheSandbox) {
    const Victim victim;
    Attack attack("A18", "init and the launcher");
    attack.make({.program = "attack_processes",
                 .arguments = {"of=init", "victim=1"},
                 .run = {.sandbox = {"--init"}},
                 .ground = "plain",
                 .outside = {"of=init", victim.argument()}});
    for (const std::string what : {"signals", "limits", "schedule"}) {
        attack.make("forge the status by " + what, "init", [&what](const Setting& setting) {
            std::vector<std::string> options{"--init", "--ro", sandbox_test::given("SANDBOX_PROBES")};
            options.insert(options.end(), setting.options.begin(), setting.options.end());
            const auto result =
                sandbox_test::inside({"sh", "-c", sandbox_test::probe("pester") + " 1 " + what + " >/dev/null; exit 7"},
                                     {.sandbox = options});
            return result.exit_status != 7;
        });
    }
}

TEST_F(Processes, A19_SecretsOfTheCaller) {
    const std::string variable = "SANDBOX_ATTACK_SECRET=told";
    Running victim({sandbox_test::probe("attack_processes"), "hold", "word-of-the-attack"},
                   {.set = {{"SANDBOX_ATTACK_SECRET", "told"}}});
    victim.expect("up\n");
    Attack("A19", "secrets in environ and cmdline")
        .make({.program = "attack_secrets",
               .arguments = {"variable=" + variable, "word=word-of-the-attack"},
               .run = {.sandbox = {"--init", "--tmpfs", "/run/word-of-the-attack"},
                       .set = {{"SANDBOX_ATTACK_SECRET", "told"}}},
               .ground = "plain"});
}

/// Whether a child of this process, which is the subreaper, does not end in time. It is killed then.
bool somebody_lives_on(std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        const auto children = sandbox_test::children_of(getpid());
        if (children.empty()) {
            return false;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            for (const auto& child : children) {
                kill(child.pid, SIGKILL);
                waitpid(child.pid, nullptr, 0);
            }
            return true;
        }
        poll(nullptr, 0, 2);
    }
}

// Whatever is left is a child of this test, and found.
TEST_F(Processes, A20_OutlivingTheSandbox) {
    Attack attack("A20", "outliving the sandbox");
    const std::string orphans = sandbox_test::probe("orphans");
    {
        // What the attempts rest on: outside, an orphan lives on.
        Running alone({orphans, "leave", "1"});
        alone.expect("up\n");
        alone.wait();
        EXPECT_TRUE(somebody_lives_on(std::chrono::milliseconds(100)));
    }
    const auto left = [] { return somebody_lives_on(sandbox_test::patience); };
    attack.make("leave daemons behind", "init", [&](const Setting& setting) {
        sandbox_test::run(sandboxed(setting, {orphans, "leave", "20"}));
        return left();
    });
    attack.make("leave daemons behind, beside init", "init", [&](const Setting& setting) {
        sandbox_test::run(sandboxed(setting, {orphans, "leave", "20"}, {"--init"}));
        return left();
    });
    attack.make("live on when the launcher is killed", "init", [&](const Setting& setting) {
        {
            Running running(sandboxed(setting, {orphans, "hold", "20"}));
            running.expect("up\n");
            running.send(SIGKILL);
            running.wait();
        }
        return left();
    });
    attack.make("fork in a loop while being killed", "init", [&](const Setting& setting) {
        {
            Running running(
                sandboxed(setting, {"sh", "-c", "trap '' TERM HUP INT; ulimit -u 200; echo up; while :; do : & done"}));
            running.expect("up\n");
            running.send(SIGKILL);
            running.wait();
        }
        return left();
    });
    attack.make("stop everything", "init", [&](const Setting& setting) {
        {
            Running running(sandboxed(setting, {"sh", "-c", "sleep 1000 & echo up; kill -STOP -1; wait"}));
            running.expect("up\n");
            running.send(SIGKILL);
            running.wait();
        }
        return left();
    });
}

// process_death_test has 200 points, and other ways to start it.
TEST_F(Processes, A21_TheLauncherKilledAtAnyPoint) {
    Attack attack("A21", "the launcher killed at any point");
    const std::vector<std::string> command{sandbox_test::probe("orphans"), "leave", "3"};
    attack.make("live on", "init", [&](const Setting& setting) {
        constexpr unsigned points = 12;
        const unsigned stops = sandbox_test::count_stops(sandboxed(setting, command));
        EXPECT_GT(stops, 20U) << "this is no run of a sandbox";
        bool left = false;
        for (unsigned point = 0; point < points; ++point) {
            {
                sandbox_test::Stepper launcher(sandboxed(setting, command));
                launcher.advance(point * stops / points);
                launcher.kill_program();
            }
            left = somebody_lives_on(sandbox_test::patience) || left;
        }
        return left;
    });
}

}  // namespace
}  // namespace sandbox_attack
