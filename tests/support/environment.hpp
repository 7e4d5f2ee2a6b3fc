// What the tests are given: where the binary and the probes are, a directory of their own, and whether the machine lets
// anybody make user namespaces.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox_test {

/// An environment variable that the build sets for the tests. Throws when it is missing.
std::string given(const char* name);

/// The path of the binary under test.
std::string sandbox_binary();
/// What is added to a sandbox's options where the whole program runs with root's own ids (SANDBOX_TESTS_REAL_IDS=1).
std::vector<std::string> ids_of_this_run(const std::vector<std::string>& options);
/// The path of a program of tests/probe.
std::string probe(const std::string& name);
/// `sandbox OPTION... -- COMMAND...`. A command that is a probe gets the probes' directory shown inside, wherever the
/// build directory lies.
std::vector<std::string> sandbox_command(const std::vector<std::string>& command,
                                         const std::vector<std::string>& options = {});

/// Skips the running test where user namespaces cannot be made; with SANDBOX_TESTS_MUST_RUN=1 that is a failure. To be
/// called in SetUp().
void require_userns();

/// The Landlock version of the kernel, 0 where there is none.
int landlock_abi();

/// A directory of the test's own, removed at the end.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory();

    [[nodiscard]] const std::string& path() const { return path_; }
    /// The path of an entry in it.
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

}  // namespace sandbox_test
