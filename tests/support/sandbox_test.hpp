// What nearly every integration test is made with: the fixture, and the helpers that it includes.
#pragma once

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "support/environment.hpp"
#include "support/leftovers.hpp"
#include "support/processes.hpp"
#include "support/run.hpp"

namespace sandbox_test {

/// A test that runs sandboxes: skipped where that is impossible, with a directory of its own, and failed when anything
/// is left at the end.
class SandboxTest : public testing::Test {
  protected:
    void SetUp() override {
        require_userns();
        leftovers_.emplace();
        directory_.emplace();
    }
    void TearDown() override {
        if (leftovers_) {
            leftovers_->check();
        }
        directory_.reset();  // behind those that are about to end, and may write there
    }

    /// Below /tmp: a sandbox sees it only when told, or as the current directory.
    [[nodiscard]] const TemporaryDirectory& directory() const { return *directory_; }
    /// For a check in the middle of a test.
    void expect_nothing_left() { leftovers_->check(); }

  private:
    std::optional<TemporaryDirectory> directory_;
    std::optional<NoLeftovers> leftovers_;
};

}  // namespace sandbox_test
