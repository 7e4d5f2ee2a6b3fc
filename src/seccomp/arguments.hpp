// The part of a filter that looks at arguments. It stands in front of what libseccomp compiles, which knows numbers
// alone, and either refuses or passes on. Pure.
//
// Written by hand, as every comparison here is of the low 32 bits, which is what the kernel takes of an int, and of
// anything but some values, which libseccomp has no rule for: two rules of one call may not overlap.
#pragma once

#include "seccomp/architecture.hpp"
#include "seccomp/compile.hpp"

#include <cstdint>
#include <vector>

namespace sandbox::seccomp {

/// What the arguments of a call may be. The terminal's ioctls (TIOCSTI, TIOCLINUX, TIOCSETD) are always refused.
struct Arguments {
    /// CLONE_NEW* that clone(2) and unshare(2) are refused.
    std::uint32_t refused_namespaces = 0;
    bool check_sockets = false;
    std::vector<std::uint32_t> families;   ///< AF_* that socket(2) makes; others get EAFNOSUPPORT
    std::vector<std::uint32_t> protocols;  ///< NETLINK_* that it makes if AF_NETLINK is there; others EPROTONOSUPPORT
    bool check_personality = false;        ///< none but harmless ones
    bool new_session_keyring = false;      ///< keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL) is allowed whatever follows
};

/// A program without an end: what is not answered runs on into what is appended. Foreign system call tables get ENOSYS.
[[nodiscard]] Program check_arguments(Architecture architecture, const Arguments& arguments);

}  // namespace sandbox::seccomp
