// The last of the suite: what the attacks have found stands in sandbox(7), byte by byte.
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "attack/table.hpp"
#include "support/environment.hpp"

namespace sandbox_attack {
namespace {

/// The text between two lines of comment, or nothing.
struct Part {
    std::size_t start = 0;
    std::size_t end = 0;
};
Part find_part(const std::string& page, const std::string& name) {
    const std::string first = ".\\\" From here: " + name + ", as tests/attack writes it.\n";
    const std::string last = ".\\\" To here: " + name + ".\n";
    const std::size_t start = page.find(first);
    const std::size_t end = page.find(last);
    if (start == std::string::npos || end == std::string::npos) {
        ADD_FAILURE() << "the manual page has no part for the " << name;
        return {};
    }
    return {start + first.size(), end};
}

// Only part of the suite has run: what it found has to stand in the page, and no more can be said.
bool ran_whole() {
    return testing::GTEST_FLAG(filter) == "*" || testing::GTEST_FLAG(filter).empty();
}

void hold(std::string& page, const std::string& name, const std::string& text) {
    const Part part = find_part(page, name);
    const std::string written = page.substr(part.start, part.end - part.start);
    if (ran_whole()) {
        EXPECT_TRUE(written == text) << "the " << name << " is another one; SANDBOX_UPDATE_GOLDEN=1 writes it:\n"
                                     << text;
        page.replace(part.start, part.end - part.start, text);
        return;
    }
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at) + 1;
        const std::string line = text.substr(at, end - at);
        EXPECT_NE(written.find(line), std::string::npos) << "is not in the " << name << ": " << line;
        at = end;
    }
}

TEST(ZTable, StandsInTheManualPage) {
    const std::string path = sandbox_test::given("SANDBOX_SOURCE_DIR") + "/man/sandbox.7";
    const std::string before = sandbox_test::read_file(path);
    std::string page = before;
    hold(page, "table of layers", table_of_layers());
    hold(page, "list of single layers", list_of_single_layers());
    const char* const update = std::getenv("SANDBOX_UPDATE_GOLDEN");
    if (update != nullptr && std::string(update) == "1" && page != before) {
        sandbox_test::write_file(path, page);
    }
}

}  // namespace
}  // namespace sandbox_attack
