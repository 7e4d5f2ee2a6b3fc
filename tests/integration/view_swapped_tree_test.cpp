// A directory that somebody swaps for a symbolic link, as fast as the kernel can, while sandboxes start with options
// that lead through it (RENAME_EXCHANGE). Whatever a launcher meets, the link's target on the host stays as it is.
#include <sys/stat.h>

#include <array>
#include <deque>
#include <filesystem>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class ViewSwappedTree : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped() || HasFailure()) {
            return;
        }
        std::filesystem::create_directories(tree() + "/dir/sub");
        std::filesystem::create_directories(victim() + "/sub");
        for (const std::string& place : {tree() + "/dir", victim()}) {
            write_file(place + "/file", "text\n");
            write_file(place + "/sub/file", "text\n");
        }
        ASSERT_EQ(symlink("../victim", (tree() + "/link").c_str()), 0);
    }
    [[nodiscard]] std::string tree() const { return directory() / "tree"; }
    [[nodiscard]] std::string victim() const { return directory() / "victim"; }
    [[nodiscard]] static std::string contents(const std::string& place) {
        return run({"find", place, "-printf", "%P %y %m %n %s %i %T@ %C@ %l\n"}).out;
    }
    /// Names alone: what is swapped changes its times.
    [[nodiscard]] static std::string names(const std::string& place) {
        return run({"sh", "-c", "find \"$1\" -printf '%P %y %m %s %i\\n' | sort", "sh", place}).out;
    }
};

TEST_F(ViewSwappedTree, WhileAThousandSandboxesStart) {
    constexpr unsigned starts = 1000;
    constexpr std::size_t at_once = 2;
    const std::string dir = tree() + "/dir";
    const std::vector<std::vector<std::string>> sets{
        {"--rw", tree(), "--ro", tree() + "/file:" + dir + "/new", "--tmpfs", dir + "/sub/tmp"},
        {"--rw", tree(), "--hide", dir + "/sub/.env", "--hide", dir + "/file", "--ro", dir + "/hooks"},
        {"--rw", tree(), "--dir", dir + "/made/deep", "--file", tree() + "/file:" + dir + "/sub/copy"},
        {"--rw", tree() + ":/srv", "--tmpfs", "/srv/dir/sub", "--ro", "/etc/passwd:/srv/dir/a/b"},
        {"--ro", tree(), "--tmpfs", dir + "/new", "--symlink", "x:" + dir + "/sub/link", "--hide", dir + "/sub"},
        {"--ro", tree(), "--ro", victim(), "--file", tree() + "/file:" + dir + "/file", "--hide", dir + "/sub/*"},
        {"--rw", dir + "/sub:/srv", "--ro", dir + "/file:/mnt/file"},
        {"--rw-try", dir + ":/srv", "--tmpfs", "/srv/sub", "--hide", "/srv/new"},
    };
    write_file(tree() + "/file", "text\n");
    const std::string names_before = names(tree());
    const std::string victim_before = contents(victim());

    Running swapping({probe("swap"), dir, tree() + "/link"},
                     {.input = "", .keep_input_open = true, .timeout = std::chrono::minutes(10)});
    swapping.expect("swapping\n");
    std::array<unsigned, 2> ends{};
    std::deque<Running> running;
    for (unsigned start = 0; start < starts || !running.empty();) {
        if (start < starts && running.size() < at_once) {
            // /srv or the tree: the command has nothing to do with it, the launchers do.
            running.push_back(start_inside({"true"}, {.sandbox = sets[start % sets.size()], .directory = tree()}));
            ++start;
            continue;
        }
        const Result result = running.front().wait();
        running.pop_front();
        ASSERT_TRUE(result.exit_status == 0 || result.exit_status == 125) << result;
        if (result.exit_status == 125) {
            ASSERT_TRUE(result.err.starts_with("sandbox: ")) << result;
        }
        ++ends[result.exit_status == 0 ? 0 : 1];
    }
    swapping.close_input();
    const Result swapped = swapping.wait();
    EXPECT_EQ(swapped.exit_status, 0) << swapped;
    EXPECT_GT(std::stoul("0" + trimmed(swapped.out.substr(swapped.out.find('\n')))), starts);

    EXPECT_EQ(contents(victim()), victim_before);
    EXPECT_EQ(run({sandbox_binary(), "gc"}).exit_status, 0);
    EXPECT_EQ(names(tree()), names_before);
    EXPECT_GT(ends[0], 0U);
    EXPECT_GT(ends[1], 0U) << "no start has met a swap: the test tests nothing";
    RecordProperty("started", static_cast<int>(ends[0]));
    RecordProperty("refused", static_cast<int>(ends[1]));
}

}  // namespace
}  // namespace sandbox_test
