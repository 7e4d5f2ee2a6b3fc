// What is wrong with the paths of the options that build the view: each case is an error that begins with its option,
// or works as the manual page has it. Nothing of the host changes, and no path gets to a terminal as it is.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

constexpr const char* takes_source[] = {"--ro", "--ro-try", "--rw", "--rw-try", "--device", "--device-try", "--file"};
/// What stands before the target: `--ro file:TARGET`.
struct Target {
    const char* option;
    const char* before;
};
constexpr Target takes_target[] = {
    {"--ro", "file:"}, {"--ro-try", "file:"}, {"--rw", "file:"},          {"--rw-try", "file:"},
    {"--tmpfs", ""},   {"--dir", ""},         {"--symlink", "file:"},     {"--file", "file:"},
    {"--data", "7:"},  {"--hide", ""},        {"--device", "/dev/null:"}, {"--device-try", "/dev/null:"}};

class ViewBadInput : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped() || HasFailure()) {
            return;
        }
        std::filesystem::create_directories(work() + "/dir/sub");
        std::filesystem::create_directory(work() + "/closed");
        for (const char* name : {"file", "dir/inner", "closed/file"}) {
            write_file(work() + "/" + name, "text\n");
        }
        for (const std::string& name : odd_names()) {
            write_file(work() + "/" + name, "text\n");
            std::filesystem::create_directory(work() + "/dir of " + name);
        }
        ASSERT_EQ(symlink("loop", (work() + "/loop").c_str()), 0);
        ASSERT_EQ(symlink("../loop-b", (work() + "/dir/loop-a").c_str()), 0);
        ASSERT_EQ(symlink("dir/loop-a", (work() + "/loop-b").c_str()), 0);
        ASSERT_EQ(chmod((work() + "/closed").c_str(), 0), 0);
        data_ = sandbox::sys::UniqueFd(open((work() + "/file").c_str(), O_RDONLY | O_CLOEXEC));
        before_ = tree();
    }
    void TearDown() override {
        if (!before_.empty()) {
            EXPECT_EQ(tree(), before_);
            chmod((work() + "/closed").c_str(), 0700);
        }
        data_.reset();
        SandboxTest::TearDown();
    }

    [[nodiscard]] std::string work() const { return directory() / "work"; }
    [[nodiscard]] std::string tree() const {
        return run({"find", work(), "-printf", "%P %y %m %s %i %T@ %C@ %l\\0"}).out;
    }
    static std::vector<std::string> odd_names() {
        return {"\xff\xfe", "new\nline", "\x1b[31mred\x07",
                "\xc2\x9b"
                "31m"};
    }
    static std::string long_name() { return std::string(256, 'n'); }
    static std::string long_path() {
        std::string path = "deep";
        while (path.size() <= 4096) {
            path += "/0123456789abcdef";
        }
        return path;
    }

    [[nodiscard]] Result attempt(const std::vector<std::string>& options,
                                 const std::vector<std::string>& command = {"true"}) const {
        std::vector<std::string> words{sandbox_binary()};
        words.insert(words.end(), options.begin(), options.end());
        words.emplace_back("--");
        words.insert(words.end(), command.begin(), command.end());
        lseek(data_.get(), 0, SEEK_SET);
        return run(words, {.descriptors = {{7, data_.get()}}, .directory = work()});
    }
    /// The last two of the options are the bad entry.
    void expect_error(const std::vector<std::string>& options, const std::string& why = "") const {
        const Result result = attempt(options, {"echo", "ran"});
        const std::string& option = options[options.size() - 2];
        EXPECT_EQ(result.exit_status, 125) << option << result;
        EXPECT_EQ(result.out, "") << option;
        EXPECT_TRUE(result.err.starts_with("sandbox: " + option + " ")) << option << result;
        EXPECT_TRUE(contains(result.err, why)) << option << " for " << why << result;
        expect_plain(result.err);
    }
    void expect_success(const std::vector<std::string>& options) const {
        const Result result = attempt(options);
        EXPECT_EQ(result.exit_status, 0) << options[options.size() - 2] << result;
        EXPECT_EQ(result.err, "") << options[options.size() - 2];
    }
    /// A message, its step and its fix: no line that a path has begun, and nothing that a terminal would obey.
    static void expect_plain(const std::string& text) {
        const std::vector<std::string> lines = lines_of(text);
        for (std::size_t i = 1; i < lines.size(); ++i) {
            EXPECT_TRUE(lines[i].starts_with("  step: ") || lines[i].starts_with("  fix: ")) << text;
        }
        EXPECT_TRUE(is_plain(text)) << text;
    }
    static bool is_plain(const std::string& text) {
        return std::ranges::all_of(text,
                                   [](char letter) { return letter == '\n' || (letter >= ' ' && letter <= '~'); });
    }

  private:
    std::string before_;
    sandbox::sys::UniqueFd data_;
};

TEST_F(ViewBadInput, SourcesThatAreMissing) {
    for (const std::string source : {"nothing", "./dir/../nothing", "/no/such/place", "file/below", "file/", ""}) {
        for (const std::string option : takes_source) {
            if (option.ends_with("-try") && !source.empty()) {
                expect_success({option, source + ":/srv/x"});
                expect_success({option, source});
            } else if (source.empty()) {
                const Result result = attempt({option, ":/srv/x"});
                EXPECT_EQ(result.exit_status, 125) << option << result;
                EXPECT_TRUE(contains(result.err, "--")) << result;
                expect_plain(result.err);
            } else {
                expect_error({option, source + ":/srv/x"}, source);
            }
        }
        if (!source.empty()) {
            expect_error({"--root", source}, source);
        }
    }
}

TEST_F(ViewBadInput, SourcesThatCannotBeReached) {
    for (const std::string source : {"loop", "loop/x", "loop-b", "dir/loop-a/x"}) {
        for (const std::string option : takes_source) {
            expect_error({option, source + ":/srv/x"}, "Too many levels of symbolic links");
        }
        expect_error({"--root", source}, "Too many levels of symbolic links");
    }
    for (const std::string& source : {long_name(), "dir/" + long_name() + "/x", long_path(), "/" + long_path()}) {
        for (const std::string option : takes_source) {
            expect_error({option, source + ":/srv/x"}, "255 bytes");
        }
        expect_error({"--root", source}, "255 bytes");
    }
    for (const std::string option : takes_source) {
        if (geteuid() != 0) {
            expect_error({option, "closed/file:/srv/x"}, "Permission denied");
            expect_error({option, "closed/nothing:/srv/x"}, "Permission denied");
        } else if (!option.starts_with("--device")) {
            expect_success({option, "closed/file:/srv/x"});
        }
    }
}

TEST_F(ViewBadInput, SourcesWithOddNames) {
    for (const std::string& name : odd_names()) {
        for (const std::string option : {"--ro", "--ro-try", "--rw", "--rw-try", "--file"}) {
            const Result result = attempt({option, name + ":/srv/x"}, {"cat", "/srv/x"});
            EXPECT_EQ(result.out, "text\n") << option << result;
            const Result odd = attempt({option, name + ":/srv/" + name}, {"cat", "/srv/" + name});
            EXPECT_EQ(odd.out, "text\n") << option << odd;
        }
        const std::string dir = "dir of " + name;
        expect_success(
            {"--root", dir.c_str(), "--rw", "/usr", "--ro-try", "/lib", "--ro-try", "/lib64", "--ro", "/bin"});
        for (const std::string option : {"--device", "--device-try"}) {
            expect_error({option, name + ":/srv/x"}, "as a device");
        }
        expect_error({"--file", dir + ":/srv/x"}, "a directory");
        expect_error({"--ro", "no " + name}, "No such file");
        expect_error({"--root", name}, "directory");
    }
}

TEST_F(ViewBadInput, TargetsThatAreTooLong) {
    for (const auto& [option, before] : takes_target) {
        for (const std::string& target : {"/srv/" + long_name(), "/tmp/" + long_name() + "/x", "/srv/" + long_path(),
                                          work() + "/dir/" + long_name(), work() + "/dir/" + long_path()}) {
            expect_error({option, before + target}, "255 bytes");
            expect_error({"--rw", "dir", option, before + target}, "255 bytes");
        }
    }
    expect_error({"--cwd", "/srv/" + long_name()}, "too long");
    expect_error({"--cwd", "/" + long_path()}, "too long");
    expect_error({"--symlink", long_path() + ":/srv/x"}, "4095");
    expect_success({"--symlink", long_name() + ":/srv/x"});
}

TEST_F(ViewBadInput, TargetsThatLoop) {
    for (const auto& [option, before] : takes_target) {
        for (const std::string target : {"/srv/loop-a/x", "/srv/sub/../loop/x"}) {
            // In what is shown, and made by an option.
            expect_error({"--ro", "dir:/srv", "--ro", ".:/mnt", option, std::string(before) + "/mnt/loop/x"},
                         "oo many levels of symbolic links");
            expect_error({"--dir", "/srv/sub", "--symlink", "loop-a:/srv/loop-a", "--symlink", "loop:/srv/loop", option,
                          before + target},
                         "oo many levels of symbolic links");
        }
    }
    expect_error({"--symlink", "loop:/srv/loop", "--cwd", "/srv/loop"}, "oo many levels of symbolic links");
}

TEST_F(ViewBadInput, TargetsWithOddNames) {
    for (const auto& [option, before] : takes_target) {
        for (const std::string& name : odd_names()) {
            expect_success({option, before + ("/srv/" + name)});
            expect_success({option, before + ("/tmp/a/" + name)});
            // Below a file.
            if (std::string(option) != "--hide") {
                expect_error({"--ro", name + ":/srv/" + name, option, before + ("/srv/" + name) + "/" + name},
                             "not a directory");
            }
        }
    }
    for (const std::string& name : odd_names()) {
        expect_error({"--cwd", "/srv/" + name}, "does not exist inside");
        EXPECT_EQ(attempt({"--dir", "/srv/" + name, "--cwd", "/srv/" + name}, {"pwd"}).out, "/srv/" + name + "\n");
    }
}

TEST_F(ViewBadInput, RelativeTargets) {
    for (const auto& [option, before] : takes_target) {
        if (std::string(option) == "--tmpfs") {
            expect_error({option, std::string(before) + "new"}, "absolute");
            continue;
        }
        expect_success({option, std::string(before) + "new/place"});
        expect_success({option, std::string(before) + "dir/../new"});
        if (std::string(option) != "--hide") {
            expect_error({option, std::string(before) + "nothing/../new"}, "behind a directory that does not exist");
        }
    }
    expect_error({"--cwd", "dir"}, "absolute");
    EXPECT_EQ(attempt({"--ro", "file:new/place"}, {"cat", work() + "/new/place"}).out, "text\n");
}

TEST_F(ViewBadInput, TargetsInADirectoryThatCannotBeRead) {
    for (const auto& [option, before] : takes_target) {
        const std::vector<std::string> options{option, before + work() + "/closed/new"};
        if (geteuid() == 0 || std::string(option) == "--hide") {
            expect_success(options);
        } else {
            expect_error(options, "closed");
        }
    }
}

TEST_F(ViewBadInput, FilesOverDirectoriesAndDirectoriesOverFiles) {
    for (const auto& [option, before] : takes_target) {
        const std::string name = option;
        if (name == "--hide") {
            continue;
        }
        const bool directory = name == "--tmpfs" || name == "--dir";
        for (const std::vector<std::string>& first :
             {std::vector<std::string>{"--ro", "dir:/srv"},
              {"--rw", "dir:/srv"},
              {"--tmpfs", "/srv", "--dir", "/srv/sub", "--ro", "file:/srv/inner"}}) {
            std::vector<std::string> options = first;
            options.insert(options.end(), {option, std::string(before) + (directory ? "/srv/inner" : "/srv/sub")});
            expect_error(options);
            options.back() = std::string(before) + "/srv/inner/below";
            expect_error(options, "not a directory");
        }
        if (name != "--dir") {  // it exists
            expect_error({option, std::string(before) + "/"}, "/");
        }
    }
    for (const std::string option : {"--ro", "--ro-try", "--rw", "--rw-try"}) {
        expect_error({option, "dir:/etc/passwd"}, "a directory cannot be shown over a file");
        expect_error({option, "file:/etc"}, "a file cannot be shown over a directory");
    }
}

// Later over earlier: what was mounted below is out of sight, and no error.
TEST_F(ViewBadInput, ATargetAboveWhatIsMountedAlready) {
    for (const std::vector<std::string>& above :
         {std::vector<std::string>{"--ro", "dir:/srv"}, {"--rw", "dir:/srv"}, {"--tmpfs", "/srv"}}) {
        std::vector<std::string> options{"--tmpfs", "/srv/a/b", "--ro", "file:/srv/a/c", "--data", "7:/srv/d"};
        options.insert(options.end(), above.begin(), above.end());
        const Result result = attempt(options, {"sh", "-c", "ls -A /srv; test ! -e /srv/a; test ! -e /srv/d"});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(result.out, above[0] == "--tmpfs" ? "" : "inner\nloop-a\nsub\n") << result;
    }
    // A hide is no mount: it stays.
    EXPECT_EQ(attempt({"--hide", "dir/inner", "--ro", "."}, {"cat", "dir/inner"}).out, "");
}

// It is opened for that alone: the rest of it stays out of sight.
TEST_F(ViewBadInput, ATargetInsideAHiddenDirectory) {
    for (const std::vector<std::string>& first : {std::vector<std::string>{}, {"--rw", "."}}) {
        for (const auto& [option, before] : takes_target) {
            std::vector<std::string> options = first;
            options.insert(options.end(), {"--hide", "dir", option, before + work() + "/dir/new"});
            const Result result = attempt(options, {"sh", "-c", "ls -A dir; cat dir/inner"});
            EXPECT_TRUE(result.out == "new\n" || result.out.empty()) << option << result;
            EXPECT_FALSE(contains(result.out, "text")) << option << result;
            if (result.exit_status == 125) {
                EXPECT_TRUE(result.err.starts_with("sandbox: " + std::string(option) + " ")) << result;
            } else if (std::string(option) != "--hide") {
                EXPECT_EQ(result.out, "new\n") << option << result;
            }
        }
    }
}

TEST_F(ViewBadInput, NothingOfAPathIsPrintedAsItIs) {
    for (const std::string& name : odd_names()) {
        std::vector<std::string> options;
        for (const auto& [option, before] : takes_target) {
            const std::string source = std::string(before) == "file:" ? name + ":" : before;
            options.insert(options.end(), {option, source + "/srv/" + option + name});
        }
        options.insert(options.end(), {"--cwd", "/srv/--dir" + name});
        for (const char* print : {"--explain", "--verbose"}) {
            std::vector<std::string> words = options;
            words.emplace_back(print);
            const Result result = attempt(words);
            EXPECT_EQ(result.exit_status, 0) << result;
            EXPECT_NE(result.out + result.err, "");
            EXPECT_TRUE(is_plain(result.out)) << result;
            EXPECT_TRUE(is_plain(result.err)) << result;
        }
    }
}

}  // namespace
}  // namespace sandbox_test
