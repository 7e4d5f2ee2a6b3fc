// What is left of the capabilities over the guest's user namespace. capabilities(7); see child.hpp for the rules.
#include "run/child/steps.hpp"

#include <cerrno>

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandbox::run {
namespace {

// Until the kernel knows no more: it may have capabilities that no header of ours names. Needs CAP_SETPCAP.
int cut_bounding_set(std::uint64_t keep) noexcept {
    for (unsigned capability = 0; capability < 64; ++capability) {
        if ((keep >> capability & 1U) != 0) {
            continue;
        }
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
            return errno == EINVAL && capability > CAP_SETPCAP ? 0 : errno;
        }
    }
    return 0;
}

// With nothing left, user id 0 is no reason to give anything at an exec, and nothing can be made ambient: for good.
// Otherwise the bits stay at 0: the bounding set and no_new_privs are what limits, and programs that change their user
// id rely on what the kernel does then.
int lock_securebits() noexcept {
    constexpr unsigned long bits =
        SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    return ::prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0 ? errno : 0;
}

}  // namespace

int set_capabilities(std::uint64_t set) noexcept {
    __user_cap_header_struct header{};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    __user_cap_data_struct data[2] = {};
    for (unsigned word = 0; word < 2; ++word) {
        data[word].effective = data[word].permitted = static_cast<std::uint32_t>(set >> (32U * word));
    }
    return ::syscall(SYS_capset, &header, &data) < 0 ? errno : 0;
}

// The process has every capability over the user namespace that it has just made; at the exec, user id 0 gets what the
// bounding set leaves of them, any other id gets none.
int execute(SetupState&, const plan::Capabilities& step) noexcept {
    int error = cut_bounding_set(step.set.bits());
    if (error == 0 && step.set.empty()) {
        error = lock_securebits();
    }
    if (error == 0 && ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) {
        error = errno;
    }
    return error != 0 ? error : set_capabilities(step.set.bits());
}

// All three ids of each kind at once, and groups first: afterwards there is no capability left that would allow it. The
// kernel takes the effective capabilities when user id 0 is left, and the permitted ones as well but for KEEPCAPS,
// which ends with exec.
int execute(SetupState&, const plan::ChangeIds& step) noexcept {
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) {
        return errno;
    }
    // The raw calls: those of the C library stop the process's other threads, of which it believes the launcher's to
    // be.
    if (step.set_groups && ::syscall(SYS_setgroups, step.groups.size(), step.groups.data()) < 0) {
        return errno;
    }
    if (::syscall(SYS_setresgid, step.group, step.group, step.group) < 0 ||
        ::syscall(SYS_setresuid, step.user, step.user, step.user) < 0) {
        return errno;
    }
    __user_cap_header_struct header{};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    __user_cap_data_struct data[2] = {};
    if (::syscall(SYS_capget, &header, &data) < 0) {
        return errno;
    }
    for (auto& word : data) {
        word.effective = word.permitted;
    }
    return ::syscall(SYS_capset, &header, &data) < 0 ? errno : 0;
}

}  // namespace sandbox::run
