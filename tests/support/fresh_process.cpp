#include "support/fresh_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace sandbox_test {

void make_fresh(const std::map<int, int>& descriptors) {
    for (int number = 1; number < NSIG; ++number) {
        signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);

    syscall(SYS_close_range, 3U, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    // Out of the way first: one's source may be another's number. Not a map: nothing may be allocated here.
    constexpr int out_of_the_way = 100;
    constexpr int most = 16;
    int moved[most];
    int count = 0;
    for (const auto& [there, here] : descriptors) {
        if (count < most) {
            moved[count++] = fcntl(here, F_DUPFD_CLOEXEC, out_of_the_way);
        }
    }
    int index = 0;
    for (const auto& [there, here] : descriptors) {
        if (index < count) {
            dup2(moved[index++], there);
        }
    }
}

WithoutSigpipe::WithoutSigpipe() {
    sigset_t sigpipe;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &before_);
}

WithoutSigpipe::~WithoutSigpipe() {
    sigset_t sigpipe;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    const timespec at_once{};
    sigtimedwait(&sigpipe, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace sandbox_test
