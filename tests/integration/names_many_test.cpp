// Many sandboxes with names, side by side, under one user.
#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "support/named.hpp"
#include "support/stepper.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class NamesMany : public NamesTest {};

bool is_zombie(pid_t pid) {
    return contains(read_file("/proc/" + std::to_string(pid) + "/stat"), ") Z ");
}

TEST_F(NamesMany, AThousandStartsAndStopsSixtyFourAtATime) {
    constexpr int all = 1000;
    constexpr int at_once = 64;
    int ended = 0;
    for (int begun = 0; begun < all;) {
        std::vector<Running> running;
        for (; static_cast<int>(running.size()) < at_once && begun < all; ++begun) {
            running.push_back(start_inside({"sleep", "1000"}, {.sandbox = {"--name", "n" + std::to_string(begun)}}));
        }
        EXPECT_TRUE(wait_until([&] { return listed().size() == running.size(); }, "all of a round"));
        std::vector<std::string> stop = {"stop"};
        for (std::size_t i = 0; i < running.size(); ++i) {
            stop.push_back("n" + std::to_string(begun - static_cast<int>(i) - 1));
        }
        EXPECT_EQ(sandbox(stop).exit_status, 0);
        for (Running& one : running) {
            ended += one.wait().exit_status == 143 ? 1 : 0;
        }
        EXPECT_TRUE(listed().empty());
        EXPECT_TRUE(entries().empty());
    }
    EXPECT_EQ(ended, all);
}

// Of many that want one name, one gets it.
TEST_F(NamesMany, ANameIsGivenOnceAtATime) {
    for (int round = 0; round < 5; ++round) {
        std::vector<Running> running;
        for (int i = 0; i < 16; ++i) {
            running.push_back(start_inside({"sh", "-c", "read line"},
                                           {.sandbox = {"--name", "one"}, .input = "", .keep_input_open = true}));
        }
        // The others have been refused by then.
        EXPECT_TRUE(wait_until(
            [&] {
                std::size_t alive = 0;
                for (const Running& one : running) {
                    alive += kill(one.pid(), 0) == 0 && !is_zombie(one.pid()) ? 1 : 0;
                }
                return alive == 1 && listed().size() == 1;
            },
            "one of them"));
        int refused = 0;
        for (Running& one : running) {
            one.close_input();
            const Result result = one.wait();
            refused += result.exit_status == 125 && contains(result.err, "the name is taken") ? 1 : 0;
        }
        EXPECT_EQ(refused, 15);
    }
}

// Killed at any system call: what is left is recognised, and the name can be used again.
TEST_F(NamesMany, LaunchersThatAreKilledLeaveNoName) {
    const std::vector<std::string> command = sandbox_command({"true"}, {"--name", "victim"});
    const unsigned stops = count_stops(command);
    constexpr unsigned points = 100;
    std::size_t left = 0;
    for (unsigned point = 0; point < points && !HasFailure(); ++point) {
        SCOPED_TRACE("killed at point " + std::to_string(point));
        {
            Stepper launcher(command);
            launcher.advance(point * stops / points);
            launcher.kill_program();
        }
        left += entries().size();
        EXPECT_TRUE(wait_until(
            [] {
                return inside({"true"}, {.sandbox = {"--name", "victim"}}).exit_status == 0;
            },
            "the name of a sandbox whose launcher was killed"));
        EXPECT_TRUE(entries().empty());
    }
    EXPECT_GT(left, 10U) << "no point had an entry: the test tests nothing";
}

}  // namespace
}  // namespace sandbox_test
