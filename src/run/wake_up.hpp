// A launcher that stops itself with its command cannot look at the clock: it is continued by SIGCONT when the time has
// come.
#pragma once

#include "limits/watch.hpp"

#include <optional>

namespace sandbox::run {

/// For as long as it exists. SIGCONT has to be blocked in the calling thread.
class WakeUp {
  public:
    explicit WakeUp(std::optional<limits::Time> when) noexcept;
    WakeUp(const WakeUp&) = delete;
    WakeUp& operator=(const WakeUp&) = delete;
    ~WakeUp();

  private:
    int timer_ = 0;  ///< as the kernel has it
    bool made_ = false;
};

}  // namespace sandbox::run
