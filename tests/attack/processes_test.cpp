// A17 to A21: the processes outside, init and the launcher.
#include <csignal>

#include "attack/attack.hpp"

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

}  // namespace
}  // namespace sandbox_attack
