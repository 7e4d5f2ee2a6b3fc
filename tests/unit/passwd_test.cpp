// passwd(5) and group(5), also of a tree that anybody may have written.
#include "spec/passwd.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::spec {
namespace {

const std::string passwd =
    "root:x:0:0::/root:/bin/sh\nann:x:1000:50:Ann:/home/ann:/bin/sh\nnumber:x:1x:0::/:\n"
    "second:x:1000:7::/other:/bin/sh\nshort:x:5\n";
const std::string group = "bin:x:2:bob,ann\nstaff:x:50:\nann:x:1000:annette\nodd:x:y:ann\nlast:x:9:ann";

TEST(Passwd, ByNameAndByNumber) {
    EXPECT_EQ(find_user(passwd, "ann")->uid, 1000U);
    EXPECT_EQ(find_user(passwd, "ann")->gid, 50U);
    EXPECT_EQ(find_user(passwd, "ann")->home, "/home/ann");
    EXPECT_EQ(find_user(passwd, 1000)->name, "ann") << "the first line counts";
    EXPECT_FALSE(find_user(passwd, "an"));
    EXPECT_FALSE(find_user(passwd, ""));
    EXPECT_FALSE(find_user(passwd, "number")) << "its id is none";
    EXPECT_FALSE(find_user(passwd, 5)) << "it has no group";
    EXPECT_FALSE(find_user("", 0));
}

TEST(Passwd, Groups) {
    EXPECT_EQ(find_group(group, "staff"), 50U);
    EXPECT_FALSE(find_group(group, "odd"));
    EXPECT_FALSE(find_group(group, ""));
    EXPECT_EQ(groups_with(group, "ann"), (std::vector<std::uint32_t>{2, 9}));
    EXPECT_EQ(groups_with(group, "an"), std::vector<std::uint32_t>{});
}

TEST(Passwd, Numbers) {
    EXPECT_EQ(id_of("4294967294"), 4294967294U);
    for (const char* text : {"", "-1", "4294967295", "1 ", "0x1", "ann"}) {
        EXPECT_FALSE(id_of(text)) << text;
    }
}

}  // namespace
}  // namespace sandbox::spec
