// Real work: this project builds and passes its unit tests inside its own sandbox, offline, and what it built runs.
#include <chrono>
#include <filesystem>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using WalkthroughBuild = SandboxTest;
namespace fs = std::filesystem;

TEST_F(WalkthroughBuild, TheProjectBuildsAndPassesItsUnitTestsInside) {
    const std::string source = given("SANDBOX_SOURCE_DIR");
    for (const char* part : {"include", "src", "tests", "man"}) {
        fs::copy(source + "/" + part, directory() / part, fs::copy_options::recursive);
    }
    for (const char* file : {"meson.build", "meson_options.txt"}) {
        fs::copy_file(source + "/" + file, directory() / file);
    }
    const Result result = inside_shell(
        "export PATH=/usr/local/bin:/usr/bin:/bin CCACHE_DISABLE=1 && meson setup build -Dtests=enabled "
        "-Doptimization=0 "
        "&& ninja -C build -j 2 sandbox tests/unit && meson test -C build --no-rebuild --verbose unit && "
        "build/sandbox --explain -- true | head -n 1",
        {.sandbox = {"--rw", "."}, .directory = directory().path(), .timeout = std::chrono::minutes(30)});
    ASSERT_EQ(result.exit_status, 0) << result;
    EXPECT_TRUE(contains(result.out, "[  PASSED  ]")) << result;
    EXPECT_TRUE(contains(result.out, "namespaces:")) << result;
    EXPECT_EQ(run({directory() / "build/sandbox", "--", "echo", "built inside"}).out, "built inside\n");
}

}  // namespace
}  // namespace sandbox_test
