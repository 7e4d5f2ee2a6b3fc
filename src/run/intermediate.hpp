// The launcher's side of the intermediate process, which makes init where a namespace is joined.
#pragma once

#include "plan/plan.hpp"
#include "run/child/child.hpp"
#include "run/joined.hpp"

namespace sandbox::run {

/// Makes init by an intermediate process. With all signals blocked. Without Born::stage init lives, and its maps are
/// written where `namespaces.owner` is there. It is a child of the calling process, or of the intermediate process,
/// which stays in `intermediate` then, and is to be waited for behind init. All are in the cgroup of that directory. A
/// readable `signals` ends it with EINTR. -1 is none.
[[nodiscard]] Born clone_in_inherited(const plan::Plan& plan, const InheritedNamespaces& namespaces,
                                      const InitProgram& program, int signals, int cgroup, pid_t& intermediate);

/// Waits for a child without an exit signal.
void reap(pid_t child) noexcept;

}  // namespace sandbox::run
