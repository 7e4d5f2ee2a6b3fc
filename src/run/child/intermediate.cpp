// The intermediate process: makes init in the user namespace of a namespace that is joined (--join).
//
// A namespace can be joined only with capabilities over the user namespace that owns it, and whoever has left the
// caller's cannot come back: so init is made from in there, as a child of the launcher all the same (CLONE_PARENT).
// What shows a joined namespace - proc, sysfs, mqueue - can be mounted only by who has these capabilities, too: that
// does another process, in a mount namespace of its own, and leaves detached mounts in the common table of descriptors.
//
// In a joined pid namespace it stays, outside, as the parent of init: one whose launcher is gone might be reaped by
// nobody, and would keep that namespace from ending. Otherwise it ends. See child.hpp for the rules.
#include "run/child/child.hpp"
#include "run/child/steps.hpp"
#include "run/child/walk.hpp"
#include "sys/clone.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <csignal>

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace sandbox::run {
namespace {

struct Views {
    int error = EPIPE;  // who makes them was killed
    JoinedViews trees;
};

[[noreturn]] void answer(const IntermediateProgram& own, const Born& born) noexcept {
    [[maybe_unused]] const ssize_t written = ::write(own.answer, &born, sizeof born);
    ::_exit(0);
}

void check(const IntermediateProgram& own, const InitProgram& program, Stage stage, int error, pid_t init) noexcept {
    if (stage == program.fault_stage) {
        error = program.fault_error;
    }
    if (error == 0) {
        return;
    }
    if (init > 0 && own.stays) {
        siginfo_t info{};
        ::kill(init, SIGKILL);
        while (::waitid(P_PID, static_cast<id_t>(init), &info, WEXITED | __WALL) < 0 && errno == EINTR) {
        }
        init = -1;
    }
    answer(own, {init, stage, error});
}

// The caller's own id where it has one there, else root: what is not mapped makes no user namespace.
int take_ids(unsigned unmapped_user, unsigned unmapped_group) noexcept {
    if (::getegid() == unmapped_group && ::syscall(SYS_setresgid, 0, 0, 0) < 0) {
        return errno;
    }
    if (::geteuid() == unmapped_user && ::syscall(SYS_setresuid, 0, 0, 0) < 0) {
        return errno;
    }
    // A change of ids makes undumpable: the maps of an undumpable process's child cannot be written.
    return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ? errno : 0;
}

int join(const IntermediateProgram& own) noexcept {
    if (own.owner >= 0) {
        if (::setns(own.owner, CLONE_NEWUSER) < 0) {
            return errno;
        }
        if (const int error = take_ids(own.unmapped_user, own.unmapped_group); error != 0) {
            return error;
        }
    }
    for (std::size_t i = 0; i < own.count; ++i) {
        if (::setns(own.kinds[i], 0) < 0) {
            return errno;
        }
    }
    return 0;
}

int make_views(const IntermediateProgram& own, JoinedViews& trees) noexcept {
    const char* const no_options[] = {nullptr};
    constexpr unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    // A mount asks for capabilities over the owner of the mount namespace, also one that is never attached.
    int error = ::unshare(CLONE_NEWNS) < 0 ? errno : 0;
    if (error == 0 && own.proc) {
        error = make_fresh("proc", no_options, attributes, trees.proc);
    }
    if (error == 0 && own.sysfs) {
        error = make_fresh("sysfs", no_options, attributes | MOUNT_ATTR_RDONLY, trees.sysfs);
    }
    if (error == 0 && own.mqueue) {
        error = make_fresh("mqueue", no_options, attributes, trees.mqueue);
    }
    return error;
}

// By a child, the first that is in the joined pid namespace: proc is of its mounter's.
int take_views(const IntermediateProgram& own, JoinedViews& trees) noexcept {
    if (!own.proc && !own.sysfs && !own.mqueue) {
        return 0;
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) {
        return errno;
    }
    clone_args arguments{};
    arguments.flags = CLONE_FILES;
    arguments.exit_signal = SIGCHLD;
    const pid_t child = sys::clone_process(arguments);
    Views views;
    if (child == 0) {
        // Others are in that pid namespace, and may stop this one.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        views.error = make_views(own, views.trees);
        [[maybe_unused]] const ssize_t written = ::write(ends[1], &views, sizeof views);
        ::_exit(0);
    }
    int error = child < 0 ? errno : 0;
    if (error == 0) {
        siginfo_t info{};
        while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED) < 0 && errno == EINTR) {
        }
        ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
        [[maybe_unused]] const ssize_t got = ::read(ends[0], &views, sizeof views);
        error = views.error;
        trees = views.trees;
    }
    ::close(ends[0]);
    ::close(ends[1]);
    return error;
}

// The digits of a number behind what is there; a text of 32 characters has room for every one of them.
std::size_t append(char (&text)[32], std::size_t length, unsigned number) noexcept {
    unsigned divisor = 1;
    while (number / divisor >= 10) {
        divisor *= 10;
    }
    for (; divisor > 0; divisor /= 10) {
        text[length++] = static_cast<char>('0' + number / divisor % 10);
    }
    return length;
}

// "0 ID 1": the one id that the new user namespace has.
int write_single_map(int directory, const char* file, unsigned id) noexcept {
    char text[32] = "0 ";
    const std::size_t length = append(text, 2, id);
    text[length] = ' ';
    text[length + 1] = '1';
    return write_file(directory, file, text);
}

void write_maps(const IntermediateProgram& own, const InitProgram& program, pid_t init) noexcept {
    char path[32] = "/proc/";
    append(path, 6, static_cast<unsigned>(init));
    const int directory = ::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(own, program, Stage::uid_map, directory < 0 ? errno : write_single_map(directory, "uid_map", ::geteuid()),
          init);
    check(own, program, Stage::setgroups, write_file(directory, "setgroups", "deny"), init);
    check(own, program, Stage::gid_map, write_single_map(directory, "gid_map", ::getegid()), init);
}

// Holds nothing and may do nothing meanwhile. The name is for ps(1).
[[noreturn]] void stay(pid_t init) noexcept {
    sys::close_range(0, ~0U, 0);
    ::prctl(PR_SET_NAME, "sandbox-reaper", 0, 0, 0);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (::chdir("/") < 0 || set_capabilities(0) != 0) {
        ::kill(init, SIGKILL);
    }
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(init), &info, WEXITED | __WALL) < 0 && errno == EINTR) {
    }
    ::_exit(0);
}

}  // namespace

void run_intermediate(const IntermediateProgram& own, InitProgram program) noexcept {
    wipe_arguments(program);
    check(own, program, Stage::join, join(own), -1);
    check(own, program, Stage::joined_views, take_views(own, program.views), -1);
    clone_args arguments{};
    // Without an exit signal, as the intermediate process itself: both are the launcher's, who alone waits for them.
    arguments.flags = own.init_clone_flags | (own.stays ? 0 : CLONE_PARENT) | CLONE_CLEAR_SIGHAND;
    const pid_t init = sys::clone_process(arguments);
    if (init == 0) {
        ::close(own.answer);
        run_init(program);
    }
    check(own, program, Stage::clone_init, init < 0 ? errno : 0, -1);
    if (own.owner >= 0) {
        write_maps(own, program, init);
    }
    if (!own.stays) {
        answer(own, {init, Stage::none, 0});
    }
    const Born born{init, Stage::none, 0};
    [[maybe_unused]] const ssize_t written = ::write(own.answer, &born, sizeof born);
    stay(init);
}

}  // namespace sandbox::run
