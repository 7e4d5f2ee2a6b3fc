// The promise that nothing is left: processes, namespaces, mounts, descriptors.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace sandbox_test {

/// Remembers what there is, and check() compares. Makes the test program the subreaper, so that whatever a sandbox
/// leaves behind becomes its child. A namespace lives as long as a process, a mount or a descriptor holds it, so it is
/// covered by those three; other sandboxes of this machine do not disturb.
class NoLeftovers {
  public:
    NoLeftovers();
    /// Waits, bounded, for processes that are about to end; then fails the test for each thing that is left. A process
    /// that is left is killed, so that it does not spoil the next test.
    void check();

  private:
    std::set<pid_t> children_;
    std::string mounts_;
    std::vector<std::string> descriptors_;
};

/// The descriptors of this process: `number -> what it is`.
std::vector<std::string> open_descriptors();

}  // namespace sandbox_test
