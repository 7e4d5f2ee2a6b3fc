// Steps about namespaces and what belongs to them: quotas, the guest user namespace, network, names. See child.hpp.
#include "run/child/steps.hpp"
#include "run/child/walk.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <cstring>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace sandbox::run {

int execute(SetupState&, const plan::NewCgroupNamespace&) noexcept {
    return ::unshare(CLONE_NEWCGROUP) < 0 ? errno : 0;
}

int execute(SetupState&, const plan::NewSessionKeyring&) noexcept {
    // A kernel built without keys has none to protect.
    return sys::join_session_keyring() < 0 && errno != ENOSYS ? errno : 0;
}

// Init is gone, or could not do its part and has said so itself: there is nothing to report.
void await_init(const SetupState& state) noexcept {
    char answer = 0;
    if (::read(state.context.proceed, &answer, 1) != 1) {
        ::_exit(125);
    }
}

int execute(SetupState& state, const plan::JoinNetwork&) noexcept {
    await_init(state);
    // A pidfd stands for the namespaces of its process since Linux 5.8 (setns(2)).
    return ::setns(state.context.init, CLONE_NEWNET) < 0 ? errno : 0;
}

int execute(SetupState&, const plan::LoopbackUp&) noexcept {
    return raise_loopback();
}

int raise_loopback() noexcept {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    // Addresses 127.0.0.1 and ::1 come with the interface going up.
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    int error = ::ioctl(fd, SIOCGIFFLAGS, &request) < 0 ? errno : 0;
    if (error == 0) {
        request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
        error = ::ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? errno : 0;
    }
    ::close(fd);
    return error;
}

int execute(SetupState& state, const plan::Sysctl& step) noexcept {
    // The host's own /proc may be mounted read-only (in a container): the fresh one is preferred.
    const int proc = state.proc >= 0 ? state.proc : state.context.host_proc;
    const int directory = ::openat(proc, "sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return errno;
    }
    const int error = write_file(directory, step.path.c_str(), step.value.c_str());
    ::close(directory);
    return error;
}

int execute(SetupState& state, const plan::KeepQuotaDirectory&) noexcept {
    const int proc = state.proc >= 0 ? state.proc : state.context.host_proc;
    state.quotas = ::openat(proc, "sys/user", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return state.quotas < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::Quota& step) noexcept {
    const int error = write_file(state.quotas, step.file.c_str(), step.value.c_str());
    // A kernel that lacks the namespace kind lacks the file, too: nothing can be made then.
    return error == ENOENT ? 0 : error;
}

int execute(SetupState& state, const plan::EnterQuotaUserns&) noexcept {
    return ::unshare(CLONE_NEWUSER) < 0 ? errno : announce_guest(state);
}

int execute(SetupState& state, const plan::EnterGuest& step) noexcept {
    if (::syscall(SYS_unshare, step.clone_flags) < 0) {
        return errno;
    }
    return announce_guest(state);
}

int announce_guest(const SetupState& state) noexcept {
    // Init finds us by the number that the host's /proc has for us.
    char pid[24];
    const ssize_t length = ::readlinkat(state.context.host_proc, "self", pid, sizeof pid - 1);
    if (length < 0) {
        return errno;
    }
    if (::write(state.context.announce, pid, static_cast<std::size_t>(length)) != length) {
        return errno;
    }
    if (state.program.joined == nullptr) {
        await_init(state);  // the maps
    }
    return 0;
}

int execute(SetupState&, const plan::SetHostname& step) noexcept {
    return ::sethostname(step.value.data(), step.value.size()) < 0 ? errno : 0;
}

int execute(SetupState&, const plan::SetDomainname& step) noexcept {
    return ::setdomainname(step.value.data(), step.value.size()) < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::AwaitInit&) noexcept {
    await_init(state);
    return 0;
}

}  // namespace sandbox::run
