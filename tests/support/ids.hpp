// Ids that a test may map beside its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sandbox_test {

/// Whether this process may map more than its own ids: root always, others where newuidmap(1) is installed and
/// subuid(5) grants them at least 60000 ids. With SANDBOX_TESTS_MUST_RUN=1 it says yes, so that what does not work
/// fails - but for a machine without newuidmap, which SANDBOX_TESTS_WITHOUT_ID_RANGES=1 says to be one.
[[nodiscard]] bool may_map_ids();

/// Skips the running test where may_map_ids() says no. To be called in SetUp().
void require_id_ranges();

/// Options that map 0 to this process's own ids, and 1 to 60000 to others.
[[nodiscard]] std::vector<std::string> range_options();

/// What user id 1 of those is on the host.
[[nodiscard]] std::uint32_t first_subordinate();

}  // namespace sandbox_test
