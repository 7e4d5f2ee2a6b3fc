// Real work: this project's own unit tests run inside its own sandbox, offline. walkthrough_build builds it there.
#include <filesystem>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using WalkthroughRealWork = SandboxTest;
namespace fs = std::filesystem;

TEST_F(WalkthroughRealWork, TheUnitTestsPassInside) {
    // Those of the build that this test is of, whichever binary it tests.
    const fs::path programs = fs::path(given("SANDBOX_PROBES")).parent_path();
    const std::string source = given("SANDBOX_SOURCE_DIR");
    for (const char* program : {"unit", "golden"}) {
        ASSERT_TRUE(fs::copy_file(programs / program, directory() / program));
        const Result result =
            inside({std::string("./") + program},
                   {.sandbox = {"--rw", ".", "--ro", source, "--env", "SANDBOX_*"}, .directory = directory().path()});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_TRUE(contains(result.out, "[  PASSED  ]")) << result;
    }
}

}  // namespace
}  // namespace sandbox_test
