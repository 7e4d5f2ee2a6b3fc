// subuid(5), and what getsubids(1) prints.
#include "host/subids.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::host {
namespace {

using Blocks = std::vector<IdBlock>;

TEST(Subids, LinesOfTheNameAndOfTheNumber) {
    const std::string text = "ann:100000:65536\nbob:165536:65536\n1000:500000:10\nann:600000:1\n";
    EXPECT_EQ(parse_subids(text, "ann", 1000), (Blocks{{100000, 65536}, {500000, 10}, {600000, 1}}));
    EXPECT_EQ(parse_subids(text, "", 1000), (Blocks{{500000, 10}}));
    EXPECT_EQ(parse_subids(text, "an", 1), Blocks{});
    EXPECT_EQ(parse_subids("ann:1:2", "ann", 1000), (Blocks{{1, 2}})) << "without a newline at its end";
}

TEST(Subids, LinesThatAreNone) {
    for (const std::string line :
         {"", ":", "ann", "ann:", "ann:1", "ann:1:", "ann::5", "ann:-1:5", "ann:1:0", "ann: 1:5", "ann:1:5 ",
          "ann:1:5:6", "ann:0x1:5", "ann:4294967296:1", "ann:4294967290:6", "# ann:1:5", " ann:1:5"}) {
        EXPECT_EQ(parse_subids(line + "\nann:7:8\n", "ann", 1000), (Blocks{{7, 8}})) << line;
    }
    EXPECT_EQ(parse_subids("ann:4294967289:6", "ann", 1000), (Blocks{{4294967289, 6}}));
    EXPECT_EQ(parse_subids(":1:5\n", "", 1000), Blocks{}) << "a caller without a name is not the empty one";
}

TEST(Subids, WhatGetsubidsPrints) {
    EXPECT_EQ(parse_getsubids("0: ann 100000 65536\n1: ann 500000 10\n"), (Blocks{{100000, 65536}, {500000, 10}}));
    EXPECT_EQ(parse_getsubids("0: a b 1 2\n"), (Blocks{{1, 2}})) << "a name may hold a blank";
    EXPECT_EQ(parse_getsubids("Error fetching ranges\n"), Blocks{});
    EXPECT_EQ(parse_getsubids("5\n\n \n"), Blocks{});
    EXPECT_EQ(parse_getsubids(""), Blocks{});
}

}  // namespace
}  // namespace sandbox::host
