// Real work: this project's own unit tests run inside its own sandbox, offline. walkthrough_build builds it there.
#include <filesystem>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using WalkthroughRealWork = SandboxTest;
namespace fs = std::filesystem;

TEST_F(WalkthroughRealWork, TheUnitTestsPassInside) {
    const std::string build = given("SANDBOX_BUILD_DIR");
    const std::string source = given("SANDBOX_SOURCE_DIR");
    fs::create_directories(directory() / "tests");
    for (const char* program : {"unit", "golden"}) {
        const std::string path = std::string("tests/") + program;
        ASSERT_TRUE(fs::copy_file(build + "/" + path, directory() / path));
        const Result result = inside({"./" + path}, {.sandbox = {"--rw", ".", "--ro", source, "--env", "SANDBOX_*"},
                                                     .directory = directory().path()});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_TRUE(contains(result.out, "[  PASSED  ]")) << result;
    }
}

}  // namespace
}  // namespace sandbox_test
