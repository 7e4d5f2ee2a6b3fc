#include "run/intermediate.hpp"

#include "host/tree.hpp"
#include "spec/namespaces.hpp"
#include "sys/clone.hpp"
#include "sys/fd.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <charconv>
#include <string>

#include <poll.h>
#include <sys/wait.h>

namespace sandbox::run {
namespace {

unsigned overflow_id(const char* file) {
    unsigned id = 65534;  // as the kernel has it by default
    const std::string text = host::read_text(file);
    std::from_chars(text.data(), text.data() + text.size(), id);
    return id;
}

}  // namespace

void reap(pid_t child) noexcept {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | __WALL) < 0 && errno == EINTR) {
    }
}

Born clone_in_inherited(const plan::Plan& plan, const InheritedNamespaces& namespaces, const InitProgram& program,
                        int signals, int cgroup, pid_t& intermediate) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) {
        return {-1, Stage::pipes, errno};
    }
    const sys::UniqueFd reader = sys::above_streams(ends[0]);
    sys::UniqueFd writer = sys::above_streams(ends[1]);
    IntermediateProgram own;
    own.owner = namespaces.owner.get();
    for (const sys::UniqueFd& kind : namespaces.kinds) {
        if (kind) {
            own.kinds[own.count++] = kind.get();
        }
    }
    own.unmapped_user = overflow_id("/proc/sys/kernel/overflowuid");
    own.unmapped_group = overflow_id("/proc/sys/kernel/overflowgid");
    own.stays = plan.inherited.contains(Namespace::pid);
    own.proc = plan.inherited.contains(Namespace::pid);
    own.sysfs = plan.inherited.contains(Namespace::net);
    own.mqueue = plan.inherited.contains(Namespace::ipc);
    own.init_clone_flags = plan.init_clone_flags;
    own.answer = writer.get();
    clone_args arguments{};
    arguments.flags = CLONE_CLEAR_SIGHAND;
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup);
    }
    const pid_t child = reader && writer ? sys::clone_process(arguments) : -1;
    if (child == 0) {
        if (cgroup >= 0 && (arguments.flags & CLONE_INTO_CGROUP) == 0) {
            ::_exit(125);  // it makes init at once: too late to be moved
        }
        run_intermediate(own, program);
    }
    if (child < 0) {
        return {-1, Stage::clone_init, errno};
    }
    writer.reset();
    pollfd watched[] = {{reader.get(), POLLIN, 0}, {signals, POLLIN, 0}};
    while (::poll(watched, 2, -1) < 0) {
    }
    Born born{-1, Stage::join, EINTR};
    if (watched[0].revents != 0 && ::read(reader.get(), &born, sizeof born) != static_cast<ssize_t>(sizeof born)) {
        born = {-1, Stage::join, ESRCH};  // it was killed
    }
    if (own.stays && born.init > 0) {
        intermediate = child;
        return born;
    }
    ::kill(child, SIGKILL);
    reap(child);
    return born;
}

}  // namespace sandbox::run
