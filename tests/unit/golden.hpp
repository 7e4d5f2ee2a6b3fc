// Texts held against files of tests/unit/golden/. After a change that is meant, SANDBOX_UPDATE_GOLDEN=1 writes the
// files anew, and the tests that did so fail: read the difference, then run them again without it.
#pragma once

#include <string>

namespace sandbox::test {

/// Fails the test unless `text` is, byte by byte, tests/unit/golden/NAME.txt.
void expect_golden(const std::string& name, const std::string& text);

/// What to change in one plan's text to have another's: lines with - and +, each group behind the line before it. The
/// numbers of the steps are left out.
[[nodiscard]] std::string difference(const std::string& before, const std::string& after);

}  // namespace sandbox::test
