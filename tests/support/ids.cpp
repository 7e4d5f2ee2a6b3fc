#include "support/ids.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "host/probe.hpp"

namespace sandbox_test {
namespace {

constexpr std::uint32_t ids_of_root = 100000;

bool is_set(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && std::string(value) == "1";
}

sandbox::host::Facts facts() {
    sandbox::host::Wanted wanted;
    wanted.user_ids = wanted.group_ids = true;
    return sandbox::host::probe(wanted);
}

}  // namespace

bool may_map_ids() {
    if (geteuid() == 0) {
        return true;
    }
    if (is_set("SANDBOX_TESTS_WITHOUT_ID_RANGES")) {
        return false;
    }
    if (is_set("SANDBOX_TESTS_MUST_RUN")) {
        return true;
    }
    const sandbox::host::Facts found = facts();
    const auto is_large = [](const sandbox::host::IdBlock& block) { return block.count >= 60000; };
    return std::ranges::any_of(found.users.subordinate.blocks, is_large) &&
           std::ranges::any_of(found.group_ids.subordinate.blocks, is_large);
}

void require_id_ranges() {
    if (!may_map_ids()) {
        GTEST_SKIP() << "no ids are granted to this user, or newuidmap is missing";
    }
}

std::vector<std::string> range_options() {
    if (geteuid() != 0) {
        return {"--map-users", "auto"};
    }
    std::vector<std::string> options;
    for (const char* kind : {"--map-users", "--map-groups"}) {
        for (const std::string& range : {std::string("0:0:1"), "1:" + std::to_string(ids_of_root) + ":65535"}) {
            options.emplace_back(kind);
            options.push_back(range);
        }
    }
    return options;
}

std::uint32_t first_subordinate() {
    return geteuid() == 0 ? ids_of_root : facts().users.subordinate.blocks.at(0).start;
}

}  // namespace sandbox_test
