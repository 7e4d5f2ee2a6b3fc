// The caller's supplementary groups, put aside for the moment of the clone.
//
// In its user namespace init cannot drop them: setgroups(2) is denied there before the gid_map is written, as it has to
// be (CVE-2014-8989). Where the caller may drop them - as real root - it is done before, for the calling thread alone:
// the C library's setgroups(3) would change every thread.
#pragma once

#include <vector>

#include <sys/types.h>

namespace sandbox::run {

class GroupsAside {
  public:
    /// Remembers them. Returns an errno.
    [[nodiscard]] int remember();
    /// Returns an errno; then nothing has changed.
    [[nodiscard]] int drop() const noexcept;
    /// Returns an errno.
    [[nodiscard]] int restore() const noexcept;

  private:
    std::vector<gid_t> groups_;
};

}  // namespace sandbox::run
