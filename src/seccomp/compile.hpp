// Lists of calls to a program of the kernel's filter machine, by libseccomp: at build time (generate.cpp), and before
// the clone where the user has changed the lists.
#pragma once

#include "seccomp/architecture.hpp"
#include "seccomp/calls.hpp"

#include <vector>

#include <linux/filter.h>

namespace sandbox::seccomp {

/// Instructions of bpf(4), the classic ones; seccomp(2) takes at most 4096.
using Program = std::vector<sock_filter>;

/// Answers by the number of the call alone, ENOSYS for what is in neither list; to be put behind check_arguments(),
/// which answers for foreign tables. Names that libseccomp does not know, or that `architecture` has no number for, are
/// passed over. Throws std::system_error.
[[nodiscard]] Program compile(Architecture architecture, const Calls& calls);

}  // namespace sandbox::seccomp
