// The library, as a program with threads uses it.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include <sandbox/sandbox.hpp>

#include "support/sandbox_test.hpp"

namespace sandbox_test {
namespace {

using sandbox::Bind;
using sandbox::Outcome;
using sandbox::Process;
using sandbox::Spec;

class LibraryProcess : public SandboxTest {
  protected:
    // A spec whose probes can be seen inside.
    static Spec spec_for(std::vector<std::string> command) {
        Spec spec;
        spec.command = std::move(command);
        spec.mounts.emplace_back(
            Bind{.source = given("SANDBOX_PROBES"), .target = "", .writable = false, .optional = false});
        spec.cwd = "/";
        return spec;
    }
};

Spec exits_with(int status) {
    Spec spec;
    spec.command = {"/bin/sh", "-c", "exit " + std::to_string(status)};
    spec.cwd = "/";
    return spec;
}

TEST_F(LibraryProcess, TheOutcomeIsTheCommandsStatus) {
    Process process = sandbox::launch(exits_with(7));
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.kind, Outcome::Kind::exited);
    EXPECT_EQ(outcome.value, 7);
    EXPECT_EQ(outcome.exit_status(), 7);
    EXPECT_EQ(process.wait().value, 7);
}

TEST_F(LibraryProcess, ASignalEndsTheCommand) {
    Process process = sandbox::launch(spec_for({"/bin/sleep", "100"}));
    EXPECT_GT(process.pid(), 0);
    EXPECT_EQ(kill(process.pid(), 0), 0);
    process.signal(SIGTERM);
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.kind, Outcome::Kind::signaled);
    EXPECT_EQ(outcome.value, SIGTERM);
    EXPECT_EQ(outcome.exit_status(), 128 + SIGTERM);
    process.signal(SIGTERM);
}

TEST_F(LibraryProcess, KillEndsEverything) {
    Process process = sandbox::launch(spec_for({probe("orphans"), "hold", "5"}));
    process.kill();
    EXPECT_NE(process.wait().exit_status(), 0);
    EXPECT_TRUE(children_of(getpid()).empty());
}

TEST_F(LibraryProcess, TheDestructorKillsAndWaits) {
    pid_t pid = 0;
    {
        const Process process = sandbox::launch(spec_for({probe("orphans"), "hold", "5"}));
        pid = process.pid();
        EXPECT_EQ(kill(pid, 0), 0);
    }
    EXPECT_EQ(kill(pid, 0), -1);
    EXPECT_TRUE(children_of(getpid()).empty());
}

TEST_F(LibraryProcess, AMovedProcessIsStillTheOne) {
    std::optional<Process> outer;
    {
        Process process = sandbox::launch(exits_with(9));
        outer.emplace(std::move(process));
    }
    EXPECT_EQ(outer->wait().value, 9);
    *outer = sandbox::launch(spec_for({"/bin/sleep", "100"}));
    *outer = sandbox::launch(exits_with(8));
    EXPECT_EQ(outer->wait().value, 8);
}

TEST_F(LibraryProcess, TwoSandboxesAtOnceAreIndependent) {
    Process first = sandbox::launch(spec_for({"/bin/sleep", "100"}));
    Process second = sandbox::launch(exits_with(3));
    EXPECT_EQ(second.wait().value, 3);
    EXPECT_EQ(kill(first.pid(), 0), 0);
    first.signal(SIGINT);
    EXPECT_EQ(first.wait().exit_status(), 128 + SIGINT);
}

TEST_F(LibraryProcess, ManyThreadsLaunchAtOnce) {
    constexpr int thread_count = 8;
    constexpr int runs = 10;
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int index = 0; index < thread_count; ++index) {
        threads.emplace_back([index, &right] {
            for (int run = 0; run < runs; ++run) {
                const int status = index * runs + run;
                right += sandbox::launch(exits_with(status)).wait().value == status ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(right, thread_count * runs);
}

// A parent-death signal is for the thread that forked, not for its process.
TEST_F(LibraryProcess, ASandboxOutlivesTheThreadThatLaunchedIt) {
    for (const bool die_with_parent : {false, true}) {
        for (const bool init : {false, true}) {
            std::optional<Process> process;
            std::thread([&] {
                Spec spec = spec_for({"/bin/sleep", "100"});
                spec.die_with_parent = die_with_parent;
                spec.init = init;
                process.emplace(sandbox::launch(spec));
            }).join();
            // An init that is to die of the end of the thread does so before it can pass this on.
            process->signal(SIGTERM);
            const Outcome outcome = process->wait();
            EXPECT_EQ(outcome.kind, Outcome::Kind::signaled);
            EXPECT_EQ(outcome.value, SIGTERM);
        }
    }
}

TEST_F(LibraryProcess, ASandboxOfAnotherThreadCanBeWaitedFor) {
    std::optional<Process> process;
    std::thread([&] { process.emplace(sandbox::launch(exits_with(5))); }).join();
    Outcome outcome;
    std::thread([&] { outcome = process->wait(); }).join();
    EXPECT_EQ(outcome.value, 5);
}

TEST_F(LibraryProcess, NoDescriptorIsLeftOpen) {
    const std::vector<std::string> before = open_descriptors();
    for (int times = 0; times < 20; ++times) {
        sandbox::launch(exits_with(0)).wait();
        const Process ended_by_its_destructor = sandbox::launch(spec_for({"/bin/sleep", "100"}));
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LibraryProcess, NoDescriptorIsLeftOpenByFailures) {
    std::vector<Spec> failing(5, exits_with(0));
    failing[0].command = {"/no/such/command"};
    failing[1].mounts.emplace_back(
        Bind{.source = "/no/such/source", .target = "/mnt", .writable = false, .optional = false});
    failing[2].hostname = std::string(1000, 'x');
    failing[3].root = "/no/such/root";
    failing[4].cwd = "/no/such/directory";
    const std::vector<std::string> before = open_descriptors();
    for (const Spec& spec : failing) {
        for (int times = 0; times < 5; ++times) {
            EXPECT_THROW((void)sandbox::launch(spec), sandbox::Error);
        }
        EXPECT_TRUE(children_of(getpid()).empty());
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LibraryProcess, AMissingCommandIs127AndSaysWhich) {
    Spec spec = exits_with(0);
    spec.command = {"/no/such/command"};
    try {
        sandbox::launch(spec).wait();
        FAIL() << "it was launched";
    } catch (const sandbox::Error& error) {
        EXPECT_EQ(error.exit_status(), 127);
        EXPECT_NE(std::string(error.what()).find("/no/such/command"), std::string::npos) << error.what();
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
}

TEST_F(LibraryProcess, ExhaustedDescriptorsAreAnErrorAndNothingIsLeft) {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const std::vector<std::string> open_before = open_descriptors();
    unsigned failed = 0;
    for (rlim_t more = 0; more < 25; ++more) {
        const rlimit few{open_before.size() + more, before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        try {
            EXPECT_EQ(sandbox::launch(exits_with(6)).wait().value, 6);
        } catch (const sandbox::Error&) {
            ++failed;
        }
        setrlimit(RLIMIT_NOFILE, &before);
        EXPECT_EQ(open_descriptors(), open_before) << more;
        EXPECT_TRUE(children_of(getpid()).empty()) << more;
    }
    EXPECT_GT(failed, 0U);
}

TEST_F(LibraryProcess, TheCallersSignalsAndDirectoryAreUntouched) {
    sigset_t before;
    sigset_t after;
    struct sigaction action_before {};
    struct sigaction action_after {};
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    sigaction(SIGCHLD, nullptr, &action_before);
    const std::string directory_before = std::filesystem::current_path();
    sandbox::launch(exits_with(0)).wait();
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    sigaction(SIGCHLD, nullptr, &action_after);
    for (int number = 1; number < NSIG; ++number) {
        EXPECT_EQ(sigismember(&before, number), sigismember(&after, number)) << number;
    }
    EXPECT_EQ(action_before.sa_handler, action_after.sa_handler);
    EXPECT_EQ(std::filesystem::current_path(), directory_before);
}

TEST_F(LibraryProcess, OtherChildrenOfTheCallerAreNotReaped) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(23);
    }
    sandbox::launch(exits_with(0)).wait();
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 23);
}

TEST_F(LibraryProcess, ATraceNamesTheStepsAndTheNamespaces) {
    Spec spec = exits_with(0);
    spec.trace = true;
    Process process = sandbox::launch(spec);
    process.wait();
    EXPECT_FALSE(process.trace().steps.empty());
    const auto& pid_namespace = process.trace().namespaces[static_cast<std::size_t>(sandbox::Namespace::pid)];
    EXPECT_NE(pid_namespace.inside, 0U);
    EXPECT_NE(pid_namespace.inside, pid_namespace.outside);
}

TEST_F(LibraryProcess, RefusalsAreCounted) {
    Spec spec = spec_for({probe("calls")});
    spec.log_refusals = true;
    Process process = sandbox::launch(spec);
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.exit_status(), 0);
    const auto& all = process.refusals();
    const auto bpf = std::ranges::find(all, "bpf", &sandbox::Refusal::call);
    ASSERT_NE(bpf, all.end());
    EXPECT_EQ(bpf->error, EPERM);
    EXPECT_EQ(bpf->times, 1U);
    EXPECT_EQ(bpf->program, "calls");
    EXPECT_GT(bpf->pid, 0);

    Process silent = sandbox::launch(spec_for({probe("calls")}));
    silent.wait();
    EXPECT_TRUE(silent.refusals().empty());
}

TEST_F(LibraryProcess, ARefusedCallThatNobodyAnswersDoesNotKeepTheSandboxAlive) {
    Spec spec = exits_with(0);
    spec.command = {"/bin/sh", "-c", "mount -t tmpfs none /mnt"};
    spec.log_refusals = true;
    const Process process = sandbox::launch(spec);
    EXPECT_GT(process.pid(), 0);
}

TEST_F(LibraryProcess, ATenLineProgramRunsACommand) {
    const Result result =
        run({given("SANDBOX_BUILD_DIR") + "/tests/integration/library_user", "sh", "-c", "hostname; exit 6"});
    EXPECT_EQ(result.exit_status, 6) << result;
    EXPECT_EQ(result.out, "sandbox\n") << result;
}

}  // namespace
}  // namespace sandbox_test
