// Whoever dies, whenever: nothing of the sandbox outlives it.
#include <sys/syscall.h>

#include <csignal>

#include "support/sandbox_test.hpp"
#include "support/stepper.hpp"

namespace sandbox_test {
namespace {

using StartedBy = Stepper::StartedBy;

constexpr unsigned points = 200;

// Leaves processes behind that cling to life, so that a sandbox which is not torn down would show.
std::vector<std::string> clinging_sandbox(const std::vector<std::string>& options = {}) {
    return sandbox_command({probe("orphans"), "leave", "3"}, options);
}

class ProcessDeath : public SandboxTest {
  protected:
    void kill_launcher_at_200_points(const std::vector<std::string>& command, StartedBy by = StartedBy::this_thread) {
        const unsigned stops = count_stops(command);
        ASSERT_GT(stops, 20U) << "this is no run of a sandbox";
        for (unsigned point = 0; point < points && !HasFailure(); ++point) {
            const unsigned stop = point * stops / points;
            SCOPED_TRACE("killed at stop " + std::to_string(stop) + " of " + std::to_string(stops));
            {
                Stepper launcher(command, by);
                launcher.advance(stop);
                launcher.kill_program();
            }
            expect_nothing_left();
        }
    }
};

TEST_F(ProcessDeath, ALauncherThatIsKilledLeavesNothing) {
    kill_launcher_at_200_points(clinging_sandbox());
}

TEST_F(ProcessDeath, ALauncherThatIsKilledLeavesNothingBesideInit) {
    kill_launcher_at_200_points(clinging_sandbox({"--init"}));
}

TEST_F(ProcessDeath, ALauncherFromAThreadThatEndsLeavesNothing) {
    kill_launcher_at_200_points(clinging_sandbox(), StartedBy::a_thread_that_ends);
}

TEST_F(ProcessDeath, ALauncherThatDiesWithItsParentLeavesNothing) {
    kill_launcher_at_200_points(clinging_sandbox({"--die-with-parent"}));
}

// A command that lives for ever and has cleared its parent-death signal, as has everything that it started.
TEST_F(ProcessDeath, ACommandWithoutAParentDeathSignalDiesWithTheLauncher) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}}) {
        for (int times = 0; times < 20; ++times) {
            {
                Running running = start_inside({probe("orphans"), "hold", "5"}, {.sandbox = options});
                running.expect("up\n");
                running.send(SIGKILL);
                EXPECT_EQ(running.wait().signal, SIGKILL);
            }
            expect_nothing_left();
        }
    }
}

TEST_F(ProcessDeath, ALauncherFromAThreadThatEndsRunsToTheEnd) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--die-with-parent"}}) {
        Stepper launcher(sandbox_command({probe("ends"), "exit", "7"}, options), StartedBy::a_thread_that_ends);
        launcher.let_go();
        EXPECT_EQ(launcher.wait(), 7);
    }
}

// Its parent dies at every point after the launcher can know who that is: earlier nobody could tell.
TEST_F(ProcessDeath, AParentThatDiesTakesTheSandboxWithIt) {
    const std::vector<std::string> command = sandbox_command({probe("orphans"), "hold", "3"}, {"--die-with-parent"});
    const unsigned stops = count_stops(clinging_sandbox({"--die-with-parent"}));
    // Then the launcher waits for ever.
    const auto command_is_up = [] {
        int sleeping = 0;
        for (const ProcessState& process : descendants_of(getpid())) {
            sleeping += process.name == "orphans" && process.state == 'S' ? 1 : 0;
        }
        return sleeping == 4;
    };
    constexpr unsigned parent_points = 50;
    for (unsigned point = 0; point < parent_points && !HasFailure(); ++point) {
        SCOPED_TRACE("parent killed at point " + std::to_string(point));
        {
            Stepper launcher(command, StartedBy::a_parent);
            ASSERT_TRUE(launcher.advance_past(SYS_getppid)) << "the launcher never asked for its parent";
            launcher.advance(point * stops / parent_points, command_is_up);
            launcher.kill_parent();
            launcher.let_go();
            launcher.wait();
        }
        expect_nothing_left();
    }
}

TEST_F(ProcessDeath, AParentThatDiesLaterTakesTheSandboxWithIt) {
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{"--die-with-parent"}, {"--die-with-parent", "--init"}}) {
        std::string script;
        for (const std::string& word : sandbox_command({probe("orphans"), "hold", "3"}, options)) {
            script += "'" + word + "' ";
        }
        Running parent({"sh", "-c", script + "; :"});
        parent.expect("up\n");
        parent.send(SIGKILL);
        // Ends only when the sandbox has closed stdout.
        EXPECT_EQ(parent.wait().signal, SIGKILL);
    }
}

TEST_F(ProcessDeath, WithoutTheOptionASandboxOutlivesItsParent) {
    std::string script;
    for (const std::string& word : sandbox_command({probe("signals"), "sigwait", std::to_string(SIGUSR1)})) {
        script += "'" + word + "' ";
    }
    Running parent({"sh", "-c", script + "; :"});
    parent.expect("ready\n");
    const std::vector<ProcessState> launchers = children_of(parent.pid());
    ASSERT_EQ(launchers.size(), 1U);
    ASSERT_EQ(kill(parent.pid(), SIGKILL), 0);
    ASSERT_EQ(kill(launchers[0].pid, SIGUSR1), 0);
    EXPECT_NE(parent.wait().out.find("caught"), std::string::npos);
}

}  // namespace
}  // namespace sandbox_test
