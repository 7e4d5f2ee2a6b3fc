#include "support/named.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "support/text.hpp"

namespace sandbox_test {

void NamesTest::SetUp() {
    SandboxTest::SetUp();
    if (const char* former = getenv("XDG_RUNTIME_DIR")) {
        former_ = former;
    }
    ASSERT_EQ(mkdir(runtime().c_str(), 0700), 0);
    setenv("XDG_RUNTIME_DIR", runtime().c_str(), 1);
}

void NamesTest::TearDown() {
    if (former_) {
        setenv("XDG_RUNTIME_DIR", former_->c_str(), 1);
    } else {
        unsetenv("XDG_RUNTIME_DIR");
    }
    SandboxTest::TearDown();
}

std::vector<std::string> NamesTest::entries() const {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(registry(), error)) {
        names.push_back(entry.path().filename());
    }
    return names;
}

Result NamesTest::sandbox(std::vector<std::string> words, const RunOptions& options) {
    words.insert(words.begin(), sandbox_binary());
    return run(words, options);
}

Running NamesTest::start_named(const std::string& name, const std::string& script,
                               const std::vector<std::string>& options) {
    std::vector<std::string> all = {"--name", name};
    all.insert(all.end(), options.begin(), options.end());
    Running running = start_inside({"sh", "-c", "echo running; " + script}, {.sandbox = all});
    running.expect("running\n");
    EXPECT_EQ(sandbox({"inspect", name}).exit_status, 0);  // waits until the launcher has taken note
    return running;
}

std::vector<std::string> NamesTest::listed() {
    const Result result = sandbox({"list"});
    EXPECT_EQ(result.exit_status, 0) << result;
    std::vector<std::string> names;
    for (const std::string& line : lines_of(result.out)) {
        names.push_back(words_of(line).at(0));
    }
    EXPECT_FALSE(names.empty()) << result;
    if (!names.empty()) {
        EXPECT_EQ(names.front(), "NAME");
        names.erase(names.begin());
    }
    return names;
}

long NamesTest::number_of(const std::string& name, const std::string& key) {
    const Result result = sandbox({"inspect", "--json", name});
    EXPECT_EQ(result.exit_status, 0) << result;
    return atol(line_starting(result.out, "  \"" + key + "\": ").substr(key.size() + 6).c_str());
}

}  // namespace sandbox_test
