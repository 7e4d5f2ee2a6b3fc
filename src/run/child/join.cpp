// Joining the namespaces of a running sandbox (setns(2)), instead of making new ones. See child.hpp for the rules.
//
// The setup user namespace is first: in it we have the capabilities for all that it owns. Its pid namespace is that of
// the children which are made after that; init itself stays outside, where nobody of the sandbox sees it. What the
// guest's user namespace owns is joined by the setup child, behind that one.
#include "run/child/steps.hpp"

#include <cerrno>
#include <csignal>

#include <sched.h>
#include <sys/prctl.h>

namespace sandbox::run {
namespace {

int join(const JoinProgram& joined, std::size_t from, std::size_t to) noexcept {
    for (std::size_t i = from; i < to; ++i) {
        if (::setns(joined.all[i], 0) < 0) {
            return errno;
        }
    }
    return 0;
}

}  // namespace

int join_namespaces(const InitProgram& program) noexcept {
    // The memory is the launcher's until exec: nobody inside may read it, with whatever capabilities there.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return join(*program.joined, 0, program.joined->of_setup);
}

int execute(SetupState& state, const plan::JoinGuest&) noexcept {
    const JoinProgram& joined = *state.program.joined;
    if (const int error = join(joined, joined.of_setup, joined.count); error != 0) {
        return error;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);  // the change of credentials took it off
    return announce_guest(state);
}

}  // namespace sandbox::run
