// What the parser and --help take for granted about the option table.
#include "cli/option_table.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>

#include <gtest/gtest.h>

namespace sandbox::cli {
namespace {

TEST(OptionTable, RowsStandInTheOrderOfTheEnum) {
    for (std::size_t at = 0; at < option_table.size(); ++at) {
        EXPECT_EQ(static_cast<std::size_t>(option_table[at].id), at) << option_table[at].name;
    }
    EXPECT_EQ(option_table.size(), static_cast<std::size_t>(OptionId::help) + 1);
}

TEST(OptionTable, NamesAreUniqueAndFoundByName) {
    std::set<std::string_view> names;
    for (const Option& option : option_table) {
        EXPECT_TRUE(names.insert(option.name).second) << option.name;
        EXPECT_EQ(find_option(option.name), &option);
    }
    EXPECT_EQ(find_option(""), nullptr);
    EXPECT_EQ(find_option("hos"), nullptr);
    EXPECT_EQ(find_option("--help"), nullptr);
}

TEST(OptionTable, NamesAreLowerCaseWords) {
    for (const Option& option : option_table) {
        EXPECT_TRUE(std::ranges::all_of(option.name, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }))
            << option.name;
        EXPECT_FALSE(option.name.starts_with('-') || option.name.ends_with('-')) << option.name;
    }
}

TEST(OptionTable, SectionsAreNotTornApart) {
    EXPECT_TRUE(std::ranges::is_sorted(option_table, {}, &Option::section));
    for (const Option& option : option_table) {
        EXPECT_FALSE(heading(option.section).empty()) << option.name;
    }
}

TEST(OptionTable, HelpTextsAreSentences) {
    for (const Option& option : option_table) {
        EXPECT_TRUE(option.help.ends_with('.')) << option.name;
        EXPECT_EQ(option.help.find('\n'), std::string_view::npos) << option.name;
        EXPECT_EQ(option.help.find("  "), std::string_view::npos) << option.name;
    }
}

/// A flag may be given twice: there is nothing that the two could contradict each other in.
TEST(OptionTable, FlagsRepeat) {
    for (const Option& option : option_table) {
        EXPECT_TRUE(option.takes_value() || option.repeat == Repeat::any) << option.name;
    }
}

}  // namespace
}  // namespace sandbox::cli
