// What a new process of the tests gets, whoever started the tests: default signals, and only the descriptors meant.
#pragma once

#include <csignal>
#include <map>

namespace sandbox_test {

/// To be called between fork and exec: no signal is blocked or ignored; of all descriptors only those of `descriptors`
/// (number there -> number here) will pass the exec.
void make_fresh(const std::map<int, int>& descriptors);

/// While it lives, writing to a pipe that nobody reads fails with EPIPE and nothing else.
class WithoutSigpipe {
  public:
    WithoutSigpipe();
    WithoutSigpipe(const WithoutSigpipe&) = delete;
    WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;
    ~WithoutSigpipe();

  private:
    sigset_t before_{};
};

}  // namespace sandbox_test
