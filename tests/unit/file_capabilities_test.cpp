// The text of a file's capabilities: for every value that there can be, and no byte of it.
#include "spec/file_capabilities.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <linux/capability.h>

namespace sandbox::spec {
namespace {

std::string attribute(std::initializer_list<std::uint32_t> words) {
    std::string text;
    for (const std::uint32_t word : words) {
        for (unsigned shift = 0; shift < 32; shift += 8) {
            text += static_cast<char>(word >> shift & 0xffU);
        }
    }
    return text;
}

constexpr std::uint32_t raw = 1U << CAP_NET_RAW;
constexpr std::uint32_t owns = 1U << CAP_CHOWN;

TEST(FileCapabilities, AreAsGetcapShowsThem) {
    static_assert(XATTR_CAPS_SZ_1 == 12 && XATTR_CAPS_SZ_2 == 20 && XATTR_CAPS_SZ_3 == 24);
    EXPECT_EQ(file_capabilities_text(attribute({VFS_CAP_REVISION_2 | 1, raw, 0, 0, 0})), "cap_net_raw=ep");
    EXPECT_EQ(file_capabilities_text(attribute({VFS_CAP_REVISION_2, raw | owns, 0, 0, 0})), "cap_chown,cap_net_raw=p");
    EXPECT_EQ(file_capabilities_text(attribute({VFS_CAP_REVISION_2 | 1, raw | owns, owns | 1U << CAP_KILL, 0, 0})),
              "cap_chown=eip cap_net_raw=ep cap_kill=ei");
    EXPECT_EQ(file_capabilities_text(attribute({VFS_CAP_REVISION_2, 0, 0, 1U << (CAP_BPF - 32), 0})), "cap_bpf=p");
    EXPECT_EQ(file_capabilities_text(attribute({VFS_CAP_REVISION_1 | 1, raw, 0})), "cap_net_raw=ep");
    EXPECT_EQ(file_capabilities_text(attribute({VFS_CAP_REVISION_3 | 1, raw, 0, 0, 0, 1000})),
              "cap_net_raw=ep [rootid=1000]");
    EXPECT_EQ(file_capabilities_text(attribute({VFS_CAP_REVISION_3 | 1, raw, 0, 0, 0, 0})), "cap_net_raw=ep");
    EXPECT_EQ(file_capabilities_text(attribute({VFS_CAP_REVISION_2 | 1, ~0U, 0, 0x1ff, 0})), "all=ep");
    EXPECT_EQ(file_capabilities_text(attribute({VFS_CAP_REVISION_2 | 1, 0, 0, 0x80000000, 0})), "63=ep");
    EXPECT_EQ(file_capabilities_text(attribute({VFS_CAP_REVISION_2 | 1, 0, 0, 0, 0})), "empty capabilities");
}

TEST(FileCapabilities, WhatIsNoneIsSaidToBe) {
    for (const std::string& value :
         {std::string(), std::string(3, '\x1b'), std::string(20, '\x1b'), attribute({VFS_CAP_REVISION_2, raw, 0, 0}),
          attribute({VFS_CAP_REVISION_2, raw, 0, 0, 0, 0}), attribute({0, raw, 0}),
          attribute({0x04000000, raw, 0, 0, 0, 0}), attribute({0xff000000, raw, 0, 0, 0, 0, 0})}) {
        EXPECT_EQ(file_capabilities_text(value), "capabilities of an unknown form");
    }
    std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same in each run
    for (int time = 0; time < 2000; ++time) {
        std::string value(random() % 30, '\0');
        std::ranges::generate(value, [&] { return static_cast<char>(random()); });
        if (value.size() > 3) {
            value[3] = static_cast<char>(random() % 5);
        }
        const std::string text = file_capabilities_text(value);
        EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_,= []"), std::string::npos) << text;
        EXPECT_NE(text, "");
    }
}

}  // namespace
}  // namespace sandbox::spec
