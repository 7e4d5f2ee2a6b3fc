// A35: as much of everything as there is. The limits are those that the caller has set, and those of the private
// directories; what has none must leave the launcher, init and the host as they are.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "attack/attack.hpp"
#include "support/terminal.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_attack {
namespace {

namespace fs = std::filesystem;
using sandbox_test::Running;

/// Tasks of a user, of all sandboxes and tests.
rlim_t tasks_of(uid_t uid) {
    rlim_t count = 0;
    for (const auto& process : sandbox_test::all_processes()) {
        struct stat state {};
        std::error_code gone;
        const std::string path = "/proc/" + std::to_string(process.pid) + "/task";
        if (stat(path.c_str(), &state) == 0 && state.st_uid == uid) {
            for (auto entry = fs::directory_iterator(path, gone); !gone && entry != fs::directory_iterator();
                 entry.increment(gone)) {
                ++count;
            }
        }
    }
    return count;
}

/// Whether a pipe takes no more.
bool is_full(int end) {
    pollfd writable{end, POLLOUT, 0};
    return poll(&writable, 1, 0) == 0;
}

/// The number of processes of root of the host is not limited: for root, another user runs all of this.
class Exhaustion : public sandbox_test::SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped() || HasFailure()) {
            return;
        }
        ASSERT_EQ(chmod(directory().path().c_str(), 0755), 0);
        fs::copy_file(sandbox_test::sandbox_binary(), directory() / "sandbox");
        fs::copy_file(sandbox_test::probe("attack_exhaustion"), probe());
        for (const std::string& path : {directory() / "sandbox", probe()}) {
            ASSERT_EQ(chmod(path.c_str(), 0755), 0);
        }
    }
    [[nodiscard]] std::string probe() const { return directory() / "probe"; }
    /// Of this process alone: others may run the same test, and what they start would count.
    [[nodiscard]] static uid_t user() { return geteuid() == 0 ? 1'000'000 + static_cast<uid_t>(getpid()) : geteuid(); }

    [[nodiscard]] static std::vector<std::string> as_user(const std::vector<std::string>& words) {
        std::vector<std::string> all;
        if (geteuid() == 0) {
            const std::string id = std::to_string(user());
            all = {"setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--"};
        }
        all.insert(all.end(), words.begin(), words.end());
        return all;
    }
    [[nodiscard]] std::vector<std::string> sandboxed(const Setting& setting, const std::vector<std::string>& command,
                                                     const std::vector<std::string>& options = {}) const {
        std::vector<std::string> words{directory() / "sandbox", "--ro", probe()};
        words.insert(words.end(), setting.options.begin(), setting.options.end());
        words.insert(words.end(), options.begin(), options.end());
        words.emplace_back("--");
        words.insert(words.end(), command.begin(), command.end());
        return as_user(words);
    }

    /// The limits of a caller that knows what a command may need.
    [[nodiscard]] static std::function<void()> limited() {
        const rlim_t tasks = tasks_of(user()) + 100;
        return [tasks] {
            constexpr rlim_t size = 256U << 20U;
            for (const auto& [resource, value] : {std::pair<__rlimit_resource, rlim_t>{RLIMIT_NPROC, tasks},
                                                  {RLIMIT_AS, size},
                                                  {RLIMIT_NOFILE, 64},
                                                  {RLIMIT_FSIZE, size}}) {
                const rlimit both{value, value};
                setrlimit(resource, &both);
            }
        };
    }
    /// Whether the launcher does not end by SIGTERM, as it should.
    static bool clings(Running& running) {
        running.send(SIGTERM);
        return running.wait().exit_status != 128 + SIGTERM;
    }
};

TEST_F(Exhaustion, A35_LimitsOfTheCaller) {
    Attack attack("A35", "using up what there is");
    for (const std::string what : {"processes", "threads", "memory", "descriptors", "the size of files"}) {
        const auto succeeds = [&](const std::vector<std::string>& words, const std::function<void()>& limits) {
            const auto result = sandbox_test::run(words, {.before_exec = limits});
            EXPECT_EQ(result.exit_status, 0) << result;
            return sandbox_test::contains(result.out, "\tdone\t");
        };
        const std::vector<std::string> command{probe(), "of=limits", "only=" + what};
        EXPECT_TRUE(succeeds(as_user(command), {})) << what << ": no control";
        EXPECT_TRUE(succeeds(sandboxed(settings().front(), command), {})) << what << ": nobody has limited it";
        attack.make(what, "limits",
                    [&](const Setting& setting) { return succeeds(sandboxed(setting, command), limited()); });
    }
}

TEST_F(Exhaustion, A35_PrivateDirectories) {
    Attack("A35", "using up what there is")
        .make({.program = "attack_exhaustion", .run = {.sandbox = {"--tmpfs", "/mnt:size=1M"}}, .ground = "own"});
}

// Whatever it has taken, the launcher ends it, and the host starts another one meanwhile.
TEST_F(Exhaustion, A35_LauncherAndHostGoOn) {
    Attack attack("A35", "using up what there is");
    for (const std::string what : {"processes", "descriptors"}) {
        for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}}) {
            attack.make("starve " + std::string(options.empty() ? "the launcher" : "init") + " of " + what, "init",
                        [&](const Setting& setting) {
                            bool left = false;
                            {
                                Running running(
                                    sandboxed(setting, {probe(), "of=limits", "only=" + what, "hold=1"}, options),
                                    {.before_exec = limited()});
                                running.expect("up\n");
                                const auto other = sandbox_test::run(sandboxed(setting, {"echo", "ran"}));
                                EXPECT_EQ(other.out, "ran\n") << other;
                                left = clings(running);
                            }
                            expect_nothing_left();
                            return left;
                        });
        }
    }
    attack.make("output that nobody reads", "init", [&](const Setting& setting) {
        std::array<int, 2> ends{};
        EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
        const sandbox::sys::UniqueFd unread(ends[0]);
        const sandbox::sys::UniqueFd full(ends[1]);
        Running running(sandboxed(setting, {"sh", "-c", "echo up >&2; exec yes"}), {.descriptors = {{1, full.get()}}});
        EXPECT_TRUE(sandbox_test::wait_until([&] { return is_full(full.get()); }, "the pipe is full"));
        return clings(running);
    });
    attack.make("output that no terminal takes", "init", [&](const Setting& setting) {
        sandbox_test::Terminal terminal(sandboxed(setting, {"sh", "-c", "echo up; exec yes"}, {"--tty", "new"}));
        terminal.expect("up");
        kill(terminal.pid(), SIGTERM);
        return terminal.wait() != 128 + SIGTERM;
    });
}

}  // namespace
}  // namespace sandbox_attack
