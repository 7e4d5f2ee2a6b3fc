// A thread that no signal reaches, while it makes a process.
#pragma once

#include <csignal>

namespace sandbox::sys {

/// All signals of the calling thread are blocked from construction to destruction: no handler of a caller's runs in a
/// process that is cloned meanwhile, which starts with all of them blocked and never restores the mask.
class BlockedSignals {
  public:
    BlockedSignals() noexcept {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &former_);
    }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;
    ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

  private:
    sigset_t former_{};
};

}  // namespace sandbox::sys
