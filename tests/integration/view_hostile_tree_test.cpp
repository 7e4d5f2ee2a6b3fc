// A work tree that belongs to somebody hostile: symbolic links of every kind where an option has its target or its
// source. What they lead to on the host stays as it is.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

class ViewHostileTree : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped() || HasFailure()) {
            return;
        }
        std::filesystem::create_directories(victim() + "/dir/sub");
        std::filesystem::create_directories(tree() + "/deep/er");
        std::filesystem::create_directory(directory() / "spare");
        write_file(directory() / "spare/file", "own\n");
        write_file(victim() + "/file", "SECRET\n");
        write_file(victim() + "/dir/file", "SECRET\n");
        write_file(tree() + "/own", "own\n");
        const std::string magic = "/proc/self/fd/9";
        for (const auto& [name, text] : std::map<std::string, std::string>{
                 {"leaf", victim() + "/file"},
                 {"leaf-up", "../victim/file"},
                 {"parent", victim()},
                 {"parent-up", "../victim/dir"},
                 {"deep/er/up", "../../../victim"},
                 {"dangling", victim() + "/fresh"},
                 {"dangling-up", "../victim/fresh/er"},
                 {"dots", "deep/../../victim"},
                 {"chain", "parent-up"},
                 {"root", "/"},
                 {"magic-root", "/proc/self/root" + victim()},
                 {"magic-cwd", "/proc/self/cwd/../victim"},
                 {"magic-fd", magic},
                 {"magic-fd-dir", magic + "/dir"},
                 {"magic-parent", "/proc/1/root" + victim()},
             }) {
            ASSERT_EQ(symlink(text.c_str(), (tree() + "/" + name).c_str()), 0);
            links_.push_back(name);
        }
        open_ = sandbox::sys::UniqueFd(open(victim().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        data_ = sandbox::sys::UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
        victim_before_ = contents(victim());
        tree_before_ = contents(tree());
    }
    void TearDown() override {
        open_.reset();
        data_.reset();
        SandboxTest::TearDown();
    }

    [[nodiscard]] std::string tree() const { return directory() / "tree"; }
    [[nodiscard]] std::string victim() const { return directory() / "victim"; }
    [[nodiscard]] const std::vector<std::string>& links() const { return links_; }
    [[nodiscard]] static std::string contents(const std::string& place) {
        return run({"find", place, "-printf", "%P %y %m %n %s %i %T@ %C@ %l\n"}).out;
    }
    [[nodiscard]] Result start(const std::vector<std::string>& options, const std::vector<std::string>& command) const {
        std::vector<std::string> words{sandbox_binary()};
        words.insert(words.end(), options.begin(), options.end());
        words.emplace_back("--");
        words.insert(words.end(), command.begin(), command.end());
        return run(words, {.descriptors = {{7, data_.get()}, {9, open_.get()}}, .directory = tree()});
    }
    /// Runs a command that writes to the target itself, too.
    [[nodiscard]] Result attempt(const std::vector<std::string>& options, const std::string& target) const {
        const std::string script =
            R"(cat "$1"; echo x > "$1"; echo x > "$1/x"; mkdir "$1/fresh"; rm -rf "$1/file" "$1/dir"; chmod 777 "$1"
exit 0)";
        return start(options, {"sh", "-c", script, "sh", target});
    }
    void expect_untouched() {
        EXPECT_EQ(contents(victim()), victim_before_);
        EXPECT_EQ(contents(tree()), tree_before_);
    }
    void expect_answer(const std::vector<std::string>& options, const Result& result) {
        EXPECT_TRUE(result.exit_status == 0 || result.exit_status == 125) << result;
        if (result.exit_status == 125) {
            EXPECT_TRUE(result.err.starts_with("sandbox: " + options[options.size() - 2] + " ")) << result;
        }
        if (HasFailure()) {
            std::string all;
            for (const std::string& option : options) {
                all += option + " ";
            }
            FAIL() << all;
        }
    }

  private:
    std::vector<std::string> links_;
    std::string victim_before_;
    std::string tree_before_;
    sandbox::sys::UniqueFd open_;
    sandbox::sys::UniqueFd data_;
};

TEST_F(ViewHostileTree, AsTargets) {
    for (const std::string& link : links()) {
        SCOPED_TRACE(link);
        for (const char* below : {"", "/x/y"}) {
            const std::string target = tree() + "/" + link + below;
            const std::vector<std::vector<std::string>> entries{{"--ro", "own:" + target},
                                                                {"--rw", directory() / "spare:" + target},
                                                                {"--tmpfs", target},
                                                                {"--dir", target},
                                                                {"--symlink", "x:" + target},
                                                                {"--file", "own:" + target},
                                                                {"--data", "7:" + target},
                                                                {"--hide", target},
                                                                {"--device", "/dev/null:" + target},
                                                                {"--ro", "/usr:" + target},
                                                                {"--rw-try", directory() / "spare/file:" + target}};
            // Each kind of target at each link; not each with everything below it.
            for (std::size_t i = 0; i < entries.size() && !HasFailure(); ++i) {
                if (*below != '\0' && i % 3 != link.size() % 3) {
                    continue;
                }
                for (const std::vector<std::string>& first :
                     {std::vector<std::string>{"--ro", "."}, {"--rw", directory() / "spare", "--ro", victim()}}) {
                    std::vector<std::string> options = first;
                    options.insert(options.end(), entries[i].begin(), entries[i].end());
                    expect_answer(options, attempt(options, target));
                }
            }
        }
        expect_untouched();
    }
}

// In a tree that is writable the command can do what it likes, but the launcher makes nothing outside of it.
TEST_F(ViewHostileTree, AsTargetsInAWritableTree) {
    for (const std::string& link : links()) {
        SCOPED_TRACE(link);
        for (const std::vector<std::string>& entry :
             std::vector<std::vector<std::string>>{{"--ro", "own:" + link + "/x"},
                                                   {"--tmpfs", tree() + "/" + link + "/x/y"},
                                                   {"--hide", link + "/x"},
                                                   {"--dir", link + "/x"},
                                                   {"--symlink", "x:" + link + "/x"},
                                                   {"--file", "own:" + link + "/x"},
                                                   {"--data", "7:" + link + "/x"},
                                                   {"--hide", link},
                                                   {"--ro", link + "/new"},
                                                   {"--device", "/dev/null:" + link}}) {
            std::vector<std::string> options{"--rw", "."};
            options.insert(options.end(), entry.begin(), entry.end());
            expect_answer(options, start(options, {"true"}));
            if (HasFailure()) {
                return;
            }
        }
        expect_untouched();
    }
}

// A link in the current directory may not lead out of it; one that the user names by another way is the user's.
TEST_F(ViewHostileTree, AsSources) {
    for (const std::string& link : links()) {
        SCOPED_TRACE(link);
        for (const char* below : {"", "/file"}) {
            for (const char* option : {"--ro", "--rw", "--ro-try", "--rw-try", "--file"}) {
                const std::vector<std::string> options{option, link + below + ":/mnt/x"};
                const Result result = attempt(options, "/mnt/x");
                EXPECT_FALSE(contains(result.out, "SECRET")) << link << below << result;
                expect_answer(options, result);
                if (HasFailure()) {
                    return;
                }
            }
        }
        expect_untouched();
    }
    EXPECT_EQ(attempt({"--ro", "own:/mnt/x"}, "/mnt/x").out, "own\n");
}

}  // namespace
}  // namespace sandbox_test
