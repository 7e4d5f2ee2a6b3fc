// What libseccomp made of the lists of calls when this was built.
#pragma once

#include "seccomp/calls.hpp"

#include <span>

#include <linux/filter.h>

namespace sandbox::seccomp {

struct Compiled {
    Profile profile;
    Opened opened;
    std::span<const sock_filter> program;
};

namespace compiled {
#include "seccomp_compiled.inc"
}  // namespace compiled

}  // namespace sandbox::seccomp
