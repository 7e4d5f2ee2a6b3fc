// Two seccomp filters: the command's, which is made before the clone (plan/filter.hpp), and init's own. seccomp(2); see
// child.hpp for the rules of this directory.
#include "run/child/steps.hpp"
#include "seccomp/architecture.hpp"
#include "sys/passing.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

namespace sandbox::run {
namespace {

constexpr sock_filter statement(unsigned code, std::uint32_t value) {
    return {static_cast<std::uint16_t>(code), 0, 0, value};
}
constexpr sock_filter jump(unsigned code, std::uint32_t value, std::uint8_t when_true, std::uint8_t when_false) {
    return {static_cast<std::uint16_t>(code), when_true, when_false, value};
}
constexpr sock_filter load(std::size_t offset) {
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
constexpr sock_filter answer(std::uint32_t action) {
    return statement(BPF_RET | BPF_K, action);
}
constexpr sock_filter equal(std::uint32_t value, std::uint8_t when_true, std::uint8_t when_false) {
    return jump(BPF_JMP | BPF_JEQ | BPF_K, value, when_true, when_false);
}

constexpr std::uint32_t init_calls[] = {
    __NR_read,        __NR_pread64, __NR_write,        __NR_epoll_pwait,     __NR_waitid,           __NR_kill,
    __NR_exit_group,  __NR_exit,    __NR_rt_sigreturn, __NR_restart_syscall, __NR_process_vm_readv,
#ifdef __NR_epoll_wait
    __NR_epoll_wait,
#endif
#ifdef __SANITIZE_ADDRESS__
    __NR_sigaltstack,  // the sanitizer's own, before each call of what does not return
#endif
};

// What the kernel returns: with a listener its descriptor, which is close-on-exec.
long load_filter(const sock_filter* filter, std::size_t length, unsigned flags) noexcept {
    sock_fprog program{};
    program.len = static_cast<unsigned short>(length);
    program.filter = const_cast<sock_filter*>(filter);
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int install(const sock_filter* filter, std::size_t length) noexcept {
    return load_filter(filter, length, 0) < 0 ? errno : 0;
}

}  // namespace

int execute(SetupState& state, const plan::Seccomp& step) noexcept {
    if (step.told.empty()) {
        return install(step.program.data(), step.program.size());
    }
    // A signal does not interrupt who waits for the answer, as it would not have interrupted the call (Linux 5.19).
    constexpr unsigned killable = 1U << 5U;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, newer than our headers
    long listener = load_filter(step.told.data(), step.told.size(), SECCOMP_FILTER_FLAG_NEW_LISTENER | killable);
    if (listener < 0 && errno == EINVAL) {
        listener = load_filter(step.told.data(), step.told.size(), SECCOMP_FILTER_FLAG_NEW_LISTENER);
    }
    if (listener < 0) {
        return errno;
    }
    // From here to the end of this function only the two calls are made that the first filter lets through. The
    // descriptor is not closed: that could wait for the launcher, and exec does it.
    const int passed[1] = {static_cast<int>(listener)};
    const int error = sys::send_descriptors(state.program.refusals, passed);
    return error != 0 ? error : install(step.rest.data(), step.rest.size());
}

int confine_init() noexcept {
    // Init may signal the command, whatever ids that has taken; nothing else of what it was.
    if (const int error = set_capabilities(1U << CAP_KILL); error != 0) {
        return error;
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return errno;
    }
    constexpr std::size_t calls = std::size(init_calls);
    sock_filter filter[calls + 6];
    std::size_t length = 0;
    filter[length++] = load(offsetof(seccomp_data, arch));
    filter[length++] = equal(seccomp::row(seccomp::native_architecture).token, 1, 0);
    filter[length++] = answer(SECCOMP_RET_KILL_PROCESS);
    filter[length++] = load(offsetof(seccomp_data, nr));
    for (std::size_t i = 0; i < calls; ++i) {
        filter[length++] = equal(init_calls[i], static_cast<std::uint8_t>(calls - i), 0);
    }
    filter[length++] = answer(SECCOMP_RET_KILL_PROCESS);
    filter[length++] = answer(SECCOMP_RET_ALLOW);
    return install(filter, length);
}

}  // namespace sandbox::run
