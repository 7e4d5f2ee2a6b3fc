// The line that a run with --changes ends with at a terminal: how much there is, and what to type next.
#include <filesystem>
#include <string>

#include "support/overlays.hpp"
#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

class ChangesLine : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        fs::create_directories(tree());
        write_file(tree() + "/old", "1\n");
        write_file(tree() + "/older", "1\n");
    }
    void TearDown() override {
        run({"chmod", "-R", "u+rwX", directory().path()});
        SandboxTest::TearDown();
    }
    [[nodiscard]] std::string tree() const { return directory() / "tree"; }

    /// What a run shows on the terminal that is its stdin, stdout and stderr, but for what `redirected` says. Beside
    /// the tree, with the directory of changes given as it is.
    struct Shown {
        int status;
        std::string text;
    };
    [[nodiscard]] Shown at_terminal(const std::string& kept, const std::string& script,
                                    const std::string& redirected = "", const std::string& more = "") const {
        Terminal terminal({"/bin/sh", "-c",
                           "cd \"$1\" && exec \"$0\" --overlay tree \"--changes=$2\" --cwd \"$1/tree\" " + more +
                               " -- sh -c \"$3\" " + redirected,
                           sandbox_binary(), directory().path(), kept, script});
        const int status = terminal.wait();
        return {status, terminal.shown()};
    }
};

constexpr const char* some = "echo 2 >old; rm -f older; echo n >new; echo n >newer; mkdir -p d";

TEST_F(ChangesLine, TellsHowMuchThereIsAndWhatToDo) {
    const Shown shown = at_terminal("kept", some);
    EXPECT_EQ(shown.text,
              "sandbox: 3 added, 1 modified, 1 deleted; see: sandbox diff kept; keep: sandbox apply kept\r\n");
    EXPECT_EQ(shown.status, 0);
    // All of it, of all runs.
    EXPECT_EQ(at_terminal("kept", "echo out; rm new").text,
              "out\r\nsandbox: 2 added, 1 modified, 1 deleted; see: sandbox diff kept; keep: sandbox apply kept\r\n");
    EXPECT_EQ(run({sandbox_binary(), "diff", "--stat", directory() / "kept"}).out.substr(0, 34),
              "added     2\nmodified  1\ndeleted   ");
}

TEST_F(ChangesLine, TheStatusIsTheCommands) {
    EXPECT_EQ(at_terminal("kept", "echo x >new; exit 7").status, 7);
    EXPECT_EQ(at_terminal("kept", "kill -9 $$", "", "--init").status, 137);
    EXPECT_EQ(at_terminal("kept", "exit 0").status, 0);
}

TEST_F(ChangesLine, SaysThatThereIsNothing) {
    EXPECT_EQ(at_terminal("kept", "true").text, "sandbox: nothing changed\r\n");
}

TEST_F(ChangesLine, IsOnStandardErrorAndOnATerminalAlone) {
    EXPECT_TRUE(contains(at_terminal("kept", some, ">/dev/null").text, "see: sandbox diff"));
    EXPECT_EQ(at_terminal("kept", some, "2>/dev/null").text, "");
    EXPECT_EQ(at_terminal("kept", some, "2>&1 | cat").text, "");
    EXPECT_TRUE(contains(at_terminal("kept", some, "</dev/null >/dev/null").text, "see: sandbox diff"));
    EXPECT_EQ(at_terminal("kept", some, "", "--quiet").text, "");
    const Result elsewhere =
        run({sandbox_binary(), "--overlay", tree(), "--changes", directory() / "kept", "--", "true"});
    EXPECT_EQ(elsewhere.out + elsewhere.err, "");
    Terminal thrown_away({sandbox_binary(), "--overlay", tree(), "--", "touch", tree() + "/x"});
    EXPECT_EQ(thrown_away.wait(), 0);
    EXPECT_EQ(thrown_away.shown(), "");
}

// Whatever its name: both commands are pasted into a shell, and find it.
TEST_F(ChangesLine, CanBePasted) {
    const std::string long_name(250, 'l');
    for (const std::string& name :
         {std::string("a b"), std::string("it's \"$HOME\" `x` $(y) \\ *?[a]{b,c};&|<>#!~"), std::string("~"),
          std::string("-x"), std::string("#x"), std::string("=x"), std::string("new\nline"),
          std::string("\x1b]0;x\x07\x1b[31m'\\"), std::string("\xc2\x9b\xff\xe2\x80\xae"),
          std::string("gr\xc3\xbc\xc3\x9f"), long_name, long_name + "/" + long_name + "/" + std::string(200, '\'')}) {
        SCOPED_TRACE(name);
        fs::create_directories(fs::path(directory() / name).parent_path());
        write_file(tree() + "/old", "1\n");
        const Shown shown = at_terminal(name, "echo 2 >old");
        ASSERT_EQ(shown.status, 0) << shown.text;
        const std::string see = "sandbox: 1 modified; see: ";
        const std::string keep = "; keep: ";
        ASSERT_TRUE(shown.text.starts_with(see) && shown.text.ends_with("\r\n")) << shown.text;
        for (const char* drives : {"\x1b", "\x07", "\xc2\x9b", "\xff", "\xe2\x80\xae"}) {
            EXPECT_FALSE(contains(shown.text, drives)) << shown.text;
        }
        const std::string line = shown.text.substr(0, shown.text.size() - 2);
        EXPECT_FALSE(contains(line, "\n"));
        const std::size_t middle = line.rfind(keep + "sandbox apply");
        ASSERT_NE(middle, std::string::npos) << line;
        const std::string script = "sandbox() { \"$SANDBOX\" \"$@\"; }\n";
        const RunOptions options{.set = {{"SANDBOX", sandbox_binary()}}, .directory = directory().path()};
        const Result diff = run({"bash", "-c", script + line.substr(see.size(), middle - see.size())}, options);
        EXPECT_EQ(diff.out, "modified  " + tree() + "/old\n") << diff;
        const Result apply = run({"bash", "-c", script + line.substr(middle + keep.size())}, options);
        EXPECT_EQ(apply.exit_status, 0) << apply;
        EXPECT_EQ(read_file(tree() + "/old"), "2\n");
    }
}

}  // namespace
}  // namespace sandbox_test
