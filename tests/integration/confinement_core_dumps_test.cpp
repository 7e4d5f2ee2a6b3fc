// --core-dumps: by default nothing inside dumps core, neither into a file nor to a program of the host.
#include <sys/resource.h>

#include <filesystem>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class ConfinementCoreDumps : public SandboxTest {
  protected:
    static std::string limits(const std::vector<std::string>& options, rlim_t soft, rlim_t hard) {
        const Result result =
            inside({probe("state")}, {.sandbox = options, .before_exec = [soft, hard] { set_limit(soft, hard); }});
        return line_starting(result.out, "core=");
    }
    static void set_limit(rlim_t soft, rlim_t hard) {
        const rlimit limit{soft, hard};
        setrlimit(RLIMIT_CORE, &limit);
    }
    /// The entries of the directory, beside a file that was there.
    [[nodiscard]] std::size_t dumps_after_a_crash(const std::vector<std::string>& options) const {
        std::vector<std::string> all{"--init", "--rw", "."};
        all.insert(all.end(), options.begin(), options.end());
        rlimit limit{};
        getrlimit(RLIMIT_CORE, &limit);
        const Result result =
            inside_shell("kill -s SEGV $$", {.sandbox = all, .directory = directory().path(), .before_exec = [&] {
                                                 set_limit(limit.rlim_max, limit.rlim_max);
                                             }});
        EXPECT_EQ(result.exit_status, 128 + SIGSEGV) << result;
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory().path()), {}));
    }
};

// 1 is too little for a file, and what keeps the kernel from starting the program of a piped core_pattern (core(5)). A
// test cannot set that pattern, which is the whole machine's.
TEST_F(ConfinementCoreDumps, TheLimitIsOne) {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_CORE, &limit), 0);
    if (limit.rlim_max == RLIM_INFINITY) {
        EXPECT_EQ(limits({}, 0, RLIM_INFINITY), "core=1 1");
        EXPECT_EQ(limits({}, RLIM_INFINITY, RLIM_INFINITY), "core=1 1");
        EXPECT_EQ(limits({"--core-dumps"}, 8192, RLIM_INFINITY), "core=8192 -1");
    }
    EXPECT_EQ(limits({"--core-dumps"}, 0, 0), "core=0 0");
    // It cannot be raised from 0.
    EXPECT_EQ(limits({}, 0, 0), "core=0 0");
}

TEST_F(ConfinementCoreDumps, ACrashLeavesNoFile) {
    EXPECT_EQ(dumps_after_a_crash({}), 0U);
    EXPECT_EQ(dumps_after_a_crash({"--landlock", "none"}), 0U);
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_CORE, &limit), 0);
    const std::string pattern = read_file("/proc/sys/kernel/core_pattern");
    if (limit.rlim_max > 65536 && pattern.find_first_of("|/@") == std::string::npos) {
        EXPECT_EQ(dumps_after_a_crash({"--core-dumps"}), 1U) << "as a control";
    }
}

TEST_F(ConfinementCoreDumps, ExplainSaysWhichStep) {
    const Result result = inside({"true"}, {.sandbox = {"--explain"}});
    rlimit limit{};
    getrlimit(RLIMIT_CORE, &limit);
    EXPECT_EQ(contains(result.out, "core-limit         1\n"), limit.rlim_max > 0) << result;
    EXPECT_FALSE(contains(inside({"true"}, {.sandbox = {"--core-dumps", "--explain"}}).out, "core-limit"));
}

}  // namespace
}  // namespace sandbox_test
