// A35: as much of everything as there is. The limits are those that the caller has set, and those of the private
// directories; what has none must leave the launcher, init and the host as they are.
#include <fcntl.h>
#include <poll.h>
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

/// Whether a pipe takes no more.
bool is_full(int end) {
    pollfd writable{end, POLLOUT, 0};
    return poll(&writable, 1, 0) == 0;
}

/// Each in a user namespace of its own, where nobody else's processes count (Linux 5.14), what is left of the one
/// before included. The number of those of root of the host is not limited: for root, another user runs all of this.
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
    [[nodiscard]] static std::vector<std::string> alone(const std::vector<std::string>& words) {
        std::vector<std::string> all;
        if (geteuid() == 0) {
            all = {"setpriv", "--reuid", "1000001", "--regid", "1000001", "--clear-groups", "--"};
        }
        all.insert(all.end(), {"unshare", "--user", "--map-current-user", "--"});
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
        return words;
    }

    /// Under the limits of a caller that knows what a command may need. Set in there: a new user namespace takes those
    /// of its maker for all of the user's processes outside of it.
    [[nodiscard]] static std::vector<std::string> limited(const std::vector<std::string>& words) {
        std::vector<std::string> all{"prlimit", "--nproc=100", "--as=268435456", "--nofile=64", "--fsize=268435456"};
        all.insert(all.end(), words.begin(), words.end());
        return all;
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
        const auto succeeds = [](const std::vector<std::string>& words) {
            const auto result = sandbox_test::run(alone(words));
            EXPECT_EQ(result.exit_status, 0) << result;
            return sandbox_test::contains(result.out, "\tdone\t");
        };
        const std::vector<std::string> command{probe(), "of=limits", "only=" + what};
        EXPECT_TRUE(succeeds(command)) << what << ": no control";
        EXPECT_TRUE(succeeds(sandboxed(settings().front(), command))) << what << ": nobody has limited it";
        attack.make(what, "limits",
                    [&](const Setting& setting) { return succeeds(limited(sandboxed(setting, command))); });
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
                                Running running(alone(limited(
                                    sandboxed(setting, {probe(), "of=limits", "only=" + what, "hold=1"}, options))));
                                running.expect("up\n");
                                const auto other = sandbox_test::run(alone(sandboxed(setting, {"echo", "ran"})));
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
        Running running(alone(sandboxed(setting, {"sh", "-c", "echo up >&2; exec yes"})),
                        {.descriptors = {{1, full.get()}}});
        EXPECT_TRUE(sandbox_test::wait_until([&] { return is_full(full.get()); }, "the pipe is full"));
        return clings(running);
    });
    attack.make("output that no terminal takes", "init", [&](const Setting& setting) {
        sandbox_test::Terminal terminal(alone(sandboxed(setting, {"sh", "-c", "echo up; exec yes"}, {"--tty", "new"})));
        terminal.expect("up");
        kill(terminal.pid(), SIGTERM);
        return terminal.wait() != 128 + SIGTERM;
    });
}

}  // namespace
}  // namespace sandbox_attack
