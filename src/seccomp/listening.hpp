// A filter whose refusals are told to a listener (seccomp_unotify(2)), which gives them their errno. Pure.
//
// The listener is a descriptor that the loading process gets and has to hand over, while it is under the filter. So
// there are two: one that lets the calls through which that takes, and is loaded first, and one that is about these
// calls alone, and closes the gap.
#pragma once

#include "seccomp/compile.hpp"

namespace sandbox::seccomp {

/// Instructions that each of the two has more than the filter that it is made of.
inline constexpr std::size_t most_added = 4;

struct Listening {
    Program
        told;  ///< to be loaded with SECCOMP_FILTER_FLAG_NEW_LISTENER: what fails by `program` waits for the listener
    Program rest;  ///< to be loaded behind it: `program` for sendmsg(2) and seccomp(2); what it refuses is told nobody
};

/// For this machine.
[[nodiscard]] Listening listening(const Program& program);

}  // namespace sandbox::seccomp
