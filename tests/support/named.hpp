// A registry of the test's own, and the verbs that look at it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/sandbox_test.hpp"

namespace sandbox_test {

/// $XDG_RUNTIME_DIR is a directory of the test's own.
class NamesTest : public SandboxTest {
  protected:
    void SetUp() override;
    void TearDown() override;

    /// Where the entries are.
    [[nodiscard]] std::string registry() const { return runtime() + "/sandbox/named"; }
    [[nodiscard]] std::string runtime() const { return directory() / "run"; }
    /// The names of all entries, garbage included.
    [[nodiscard]] std::vector<std::string> entries() const;

    /// Runs `sandbox WORD...`.
    static Result sandbox(std::vector<std::string> words, const RunOptions& options = {});
    /// Starts `sandbox --name NAME OPTION... -- sh -c 'echo running; SCRIPT'`, and waits until it runs.
    static Running start_named(const std::string& name, const std::string& script = "exec sleep 1000",
                               const std::vector<std::string>& options = {});
    /// The names that `sandbox list` shows.
    static std::vector<std::string> listed();
    /// A number of `sandbox inspect --json NAME`.
    static long number_of(const std::string& name, const std::string& key);

  private:
    std::optional<std::string> former_;
};

}  // namespace sandbox_test
