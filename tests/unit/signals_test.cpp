// Reading from /proc/PID/status whether a signal would have its default action: init ends or stops a command that is
// pid 1 only then.
#include "run/child/supervise.hpp"

#include <csignal>
#include <string>

#include <gtest/gtest.h>

namespace sandbox::run {
namespace {

// As the kernel writes it (proc_pid_status(5)), shortened at the ends.
std::string status_text(const std::string& blocked, const std::string& ignored, const std::string& caught) {
    return "Name:\tsleep\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t1\nNSpid:\t4711\t1\nVmRSS:\t     900 "
           "kB\nThreads:\t1\n"
           "SigQ:\t0/31234\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t" +
           blocked + "\nSigIgn:\t" + ignored + "\nSigCgt:\t" + caught +
           "\nCapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nSeccomp:\t2\n";
}

std::string mask(int signal) {
    std::string digits(16, '0');
    const int bit = signal - 1;
    digits[static_cast<std::size_t>(15 - bit / 4)] = "1248"[bit % 4];
    return digits;
}

const std::string none(16, '0');

TEST(DefaultAction, WhereNothingIsSaidOfTheSignal) {
    EXPECT_TRUE(has_default_action(status_text(none, none, none).c_str(), SIGTERM));
    EXPECT_TRUE(has_default_action(status_text(mask(SIGHUP), mask(SIGINT), mask(SIGQUIT)).c_str(), SIGTERM));
}

TEST(DefaultAction, NotWhereItIsBlockedIgnoredOrCaught) {
    for (int signal = 1; signal <= 64; ++signal) {
        EXPECT_FALSE(has_default_action(status_text(mask(signal), none, none).c_str(), signal)) << signal;
        EXPECT_FALSE(has_default_action(status_text(none, mask(signal), none).c_str(), signal)) << signal;
        EXPECT_FALSE(has_default_action(status_text(none, none, mask(signal)).c_str(), signal)) << signal;
        EXPECT_TRUE(has_default_action(status_text(none, none, none).c_str(), signal)) << signal;
        for (const int other : {signal - 1, signal + 1}) {
            if (other >= 1 && other <= 64) {
                EXPECT_TRUE(has_default_action(status_text(none, none, mask(other)).c_str(), signal)) << signal;
            }
        }
    }
}

TEST(DefaultAction, OfARealShell) {
    // An interactive bash: TERM, QUIT, TSTP, TTIN, TTOU ignored; INT, CHLD, WINCH, HUP, ALRM... caught.
    const std::string text = status_text("0000000000010000", "0000000000384004", "000000004b813efb");
    EXPECT_FALSE(has_default_action(text.c_str(), SIGTERM));
    EXPECT_FALSE(has_default_action(text.c_str(), SIGTSTP));
    EXPECT_FALSE(has_default_action(text.c_str(), SIGINT));
    EXPECT_FALSE(has_default_action(text.c_str(), SIGCHLD));
    EXPECT_TRUE(has_default_action(text.c_str(), SIGKILL));
}

TEST(DefaultAction, AllBitsSet) {
    const std::string all(16, 'f');
    for (int signal = 1; signal <= 64; ++signal) {
        EXPECT_FALSE(has_default_action(status_text(none, none, all).c_str(), signal)) << signal;
    }
}

// Not knowing must not kill: a command that catches the signal would lose its chance.
TEST(DefaultAction, NotWhereALineIsMissing) {
    for (const std::string name : {"SigBlk", "SigIgn", "SigCgt"}) {
        std::string text = status_text(none, none, none);
        const std::size_t start = text.find("\n" + name);
        text.erase(start, text.find('\n', start + 1) - start);
        EXPECT_FALSE(has_default_action(text.c_str(), SIGTERM)) << name;
    }
    EXPECT_FALSE(has_default_action("", SIGTERM));
    EXPECT_FALSE(has_default_action("Name:\tx\n", SIGTERM));
}

// The name is the command's own choice, and stands first.
TEST(DefaultAction, ANameThatPretendsIsNotBelieved) {
    std::string text = status_text(none, none, mask(SIGTERM));
    text.replace(text.find("sleep"), 5, "SigCgt:\t0000");
    EXPECT_FALSE(has_default_action(text.c_str(), SIGTERM));
    // The kernel escapes newlines in names.
    text.replace(text.find("SigCgt:\t0000"), 12, "\\nSigCgt:\t0");
    EXPECT_FALSE(has_default_action(text.c_str(), SIGTERM));
}

TEST(DefaultAction, ALineThatIsCutOff) {
    const std::string text = status_text(none, none, none);
    EXPECT_FALSE(has_default_action(text.substr(0, text.find("\nSigCgt")).c_str(), SIGTERM));
}

// As proc_pid_syscall(5) has it.
TEST(SystemCall, IsReadWithItsFirstArgument) {
    const SystemCall waiting =
        parse_system_call("128 0x7ffc45fe01c0 0x0 0x0 0x8 0x0 0x0 0x7ffc45fe00a8 0x7f1d2c6a5b0f\n");
    EXPECT_EQ(waiting.number, 128);
    EXPECT_EQ(waiting.first_argument, 0x7ffc45fe01c0U);
    EXPECT_EQ(parse_system_call("0 0x0 0x1").number, 0);
    EXPECT_EQ(parse_system_call("0 0xffffffffffffffff 0x1").first_argument, ~std::uint64_t{0});
}

TEST(SystemCall, NoneIsNone) {
    for (const char* text : {"running\n", "-1 0x7ffc45fe00a8 0x7f1d2c6a5b0f\n", ""}) {
        EXPECT_EQ(parse_system_call(text).number, -1) << text;
    }
    EXPECT_EQ(parse_system_call("34").number, 34);
    EXPECT_EQ(parse_system_call("34").first_argument, 0U);
}

}  // namespace
}  // namespace sandbox::run
