// For the tests of overlays: a tree with what such trees have, and what it is judged by afterwards.
#pragma once

#include <string>

#include "support/sandbox_test.hpp"

namespace sandbox_test {

/// A tree of files, hard links, symbolic links and directories, some of which hold `SECRET`.
void make_tree(const std::string& directory);

/// Everything below a directory, and itself, that a writer would change: names, types, modes, owners, links, sizes,
/// times of change, texts, inodes, extended attributes.
std::string snapshot(const std::string& directory);

/// With such a tree in work(), which is as it was when the test is over.
class OverlayTest : public SandboxTest {
  protected:
    void SetUp() override;
    void TearDown() override;
    [[nodiscard]] std::string work() const { return directory() / "project"; }
    /// What the test itself has changed.
    void accept() { before_ = snapshot(work()); }

  private:
    std::string before_;
};

}  // namespace sandbox_test
