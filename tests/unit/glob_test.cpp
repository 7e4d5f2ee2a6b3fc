// Patterns of --hide.
#include "plan/glob.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sandbox::plan {
namespace {

TEST(Glob, Matches) {
    for (const auto& [pattern, name] :
         std::initializer_list<std::pair<const char*, const char*>>{{"*", "a"},
                                                                    {"*", ".env"},
                                                                    {"*", ""},
                                                                    {".env*", ".env"},
                                                                    {".env*", ".env.local"},
                                                                    {"*.pem", "key.pem"},
                                                                    {"*.pem", ".pem"},
                                                                    {"a*b*c", "aXbYbZc"},
                                                                    {"?", "x"},
                                                                    {"?", "\xc3\xa4"},
                                                                    {"a?c", "abc"},
                                                                    {"[abc]", "b"},
                                                                    {"[a-z]x", "qx"},
                                                                    {"[!a-z]", "7"},
                                                                    {"[^a-z]", "-"},
                                                                    {"[]a]", "]"},
                                                                    {"[a-]", "-"},
                                                                    {"[", "["},
                                                                    {"[ab", "[ab"},
                                                                    {"\\*", "*"},
                                                                    {"\\[x]", "[x]"},
                                                                    {"a\\\\b", "a\\b"},
                                                                    {"**", "anything"},
                                                                    {"\xff*", "\xff\xfe"}}) {
        EXPECT_TRUE(matches(pattern, name)) << pattern << " " << name;
    }
}

TEST(Glob, DoesNotMatch) {
    for (const auto& [pattern, name] :
         std::initializer_list<std::pair<const char*, const char*>>{{"", "a"},
                                                                    {"a", ""},
                                                                    {"?", ""},
                                                                    {"*.pem", "key.pem.txt"},
                                                                    {"a*b*c", "aXbYbZ"},
                                                                    {"[abc]", "d"},
                                                                    {"[!a-z]", "q"},
                                                                    {"\\*", "a"},
                                                                    {"a", "A"},
                                                                    {"a?", "a"},
                                                                    {"??", "\xc3\xa4"},
                                                                    {"[a-c]", ""}}) {
        EXPECT_FALSE(matches(pattern, name)) << pattern << " " << name;
    }
}

// No pattern takes long: a star is tried again, but never all of them.
TEST(Glob, ManyStarsEnd) {
    std::string pattern;
    for (int i = 0; i < 60; ++i) {
        pattern += "*a";
    }
    EXPECT_FALSE(matches(pattern + "b", std::string(4000, 'a')));
}

TEST(Glob, APatternHasSomethingOfOne) {
    for (const char* text : {"*", "a/b?", "[", "x\\\\*"}) {
        EXPECT_TRUE(is_pattern(text)) << text;
    }
    for (const char* text : {"", "a/b", "\\*", "\\?\\[", "a\\"}) {
        EXPECT_FALSE(is_pattern(text)) << text;
    }
    EXPECT_EQ(unquoted("a\\*b\\\\c\\"), "a*b\\c\\");
}

}  // namespace
}  // namespace sandbox::plan
