// --help and --version.
#include "cli/help.hpp"
#include "cli/option_table.hpp"
#include "cli/verb_table.hpp"
#include "unit/source_file.hpp"

#include <sandbox/process.hpp>

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace sandbox::cli {
namespace {

/// After a change that is meant: `sandbox --help > tests/unit/golden/help.txt`.
TEST(Help, IsTheGoldenText) {
    EXPECT_EQ(help_text(), test::read_source_file("tests/unit/golden/help.txt"));
}

TEST(Help, FitsEightyColumns) {
    std::istringstream lines(help_text());
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 80U) << line;
        EXPECT_FALSE(line.ends_with(' ')) << line;
    }
}

TEST(Help, NamesEveryOption) {
    const std::string text = help_text();
    for (const Option& option : option_table) {
        const std::string entry =
            "\n  --" + std::string(option.name) + (option.takes_value() ? " " : "") + std::string(option.argument);
        const std::size_t first = std::min(text.find(entry + " "), text.find(entry + "\n"));
        EXPECT_NE(first, std::string::npos) << entry;
    }
}

TEST(Help, NamesEveryVerb) {
    const std::string text = help_text();
    for (const Verb& verb : verb_table) {
        EXPECT_NE(text.find("\n  " + std::string(verb.name) + " "), std::string::npos) << verb.name;
        EXPECT_TRUE(verb.help.ends_with('.')) << verb.name;
    }
}

TEST(Help, SaysWhatTheExitStatusesAreAndWhereMoreIs) {
    const std::string text = help_text();
    for (const std::string part : {"\n  125 ", "\n  126 ", "\n  127 ", "\n  128+N ", "sandbox(1)"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part;
    }
}

TEST(Version, IsTheProjects) {
    const std::string build = test::read_source_file("meson.build");
    EXPECT_NE(build.find("version: '" + std::string(version()) + "',"), std::string::npos) << version();
    EXPECT_EQ(version_text(), "sandbox " + std::string(version()) + "\n");
}

}  // namespace
}  // namespace sandbox::cli
