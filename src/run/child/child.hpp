// What runs between the clone and exec: init and the setup child.
//
// RULES for everything in this directory. The launcher may have had threads when it cloned us: another one may hold any
// lock of the C library. So: no allocation, no exceptions, no locks, no stdio, no locale, no getenv, no name service,
// no exit(). Data made before the clone is only read. Functions return an errno (0: done) and read it first. The
// directory is a library of its own, compiled without exceptions and RTTI; a test holds its undefined symbols against a
// list.
#pragma once

#include "plan/step.hpp"
#include "run/child/messages.hpp"

#include <cstddef>
#include <cstdint>

#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

namespace sandbox::run {

/// The command's own terminal, as init makes it.
struct TerminalProgram {
    bool of_host = false;      ///< in the devpts that stands at /dev/pts; otherwise in a new one
    bool streams[3] = {};      ///< which of descriptors 0-2 are put on it
    bool modes_known = false;  ///< otherwise the kernel's own
    termios modes{};           ///< as the caller's terminal has them
    winsize size{};            ///< likewise
    int launcher = -1;         ///< socket: both ends of the terminal go there
};

/// Three user namespaces and one of every other kind.
inline constexpr std::size_t most_joined = 10;

/// The namespaces of a running sandbox, to be joined in this order.
struct JoinProgram {
    int all[most_joined] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    std::size_t of_setup = 0;  ///< how many are joined by init: the setup user namespace and what that owns
    std::size_t count = 0;     ///< the rest by the setup child: the guest's user namespace and what that owns
};

/// Detached mounts of what shows joined namespaces, where the sandbox cannot mount that itself.
struct JoinedViews {
    int proc = -1;
    int sysfs = -1;
    int mqueue = -1;
};

/// What the intermediate process needs, which makes init where a namespace is joined (--join). intermediate.cpp
struct IntermediateProgram {
    int owner = -1;              ///< the user namespace that owns what is joined; -1: the caller's own
    int kinds[4] = {};           ///< the namespaces
    std::size_t count = 0;       ///< of them
    unsigned unmapped_user = 0;  ///< the overflow ids: what an id that is not mapped reads as (proc(5))
    unsigned unmapped_group = 0;
    bool stays = false;  ///< until init is gone, and reaps it
    bool proc = false;   ///< which views are wanted
    bool sysfs = false;
    bool mqueue = false;
    std::uint64_t init_clone_flags = 0;
    int answer = -1;  ///< write end: Born to the launcher
};

/// A detached tree that the launcher has made for a bind, or for a mount below that.
struct TreePart {
    const plan::BindMount* bind = nullptr;
    int tree = -1;
    const char* below = nullptr;  ///< its place below the first tree of the same bind, of which this is ""
};

/// Everything that init needs, made by the launcher before the clone. Pointers stay valid in the copied memory.
struct InitProgram {
    const plan::Step* steps = nullptr;
    std::size_t step_count = 0;
    char* const* arguments = nullptr;       ///< of the command
    char* const* environment = nullptr;     ///< of the command
    char** script_arguments = nullptr;      ///< room for `/bin/sh FILE ARGS...`
    std::uint64_t command_clone_flags = 0;  ///< CLONE_NEWPID or none
    std::uint64_t init_unshare_flags = 0;   ///< what init makes while the setup child works: CLONE_NEWNET or none
    bool own_pid_namespace = false;         ///< when init dies the kernel kills all
    bool command_is_pid1 = false;           ///< default actions of signals are emulated
    bool listen = false;                    ///< the terminal's signals for a command that is pid 1 are heard
    bool die_with_thread =
        false;  ///< the launcher has one thread, whose end is its own: a parent-death signal is right
    bool trace = false;
    bool inodes = false;  ///< the inodes of the command's namespaces are reported
    const char* guest_uid_map = nullptr;
    const char* guest_gid_map = nullptr;
    const char* quota_uid_map = nullptr;  ///< of the user namespace in between, or nullptr
    const char* quota_gid_map = nullptr;
    const char* time_offsets = nullptr;  ///< text for timens_offsets, or nullptr
    char* argument_area = nullptr;       ///< the launcher's argv and environment strings
    std::size_t argument_area_size = 0;

    int order = -1;               ///< read end: launcher to init
    int status = -1;              ///< write end: init to launcher
    int report = -1;              ///< write end: setup child to launcher
    int launcher = -1;            ///< pidfd of the launcher
    int parent = -1;              ///< pidfd of the launcher's parent, whose death ends the sandbox, or -1
    const int* passed = nullptr;  ///< descriptors for the command beside 0-2, in ascending order
    std::size_t passed_count = 0;
    int streams[3] = {-1, -1, -1};              ///< what replaces descriptors 0-2, or -1
    const TerminalProgram* terminal = nullptr;  ///< the command's own, or nullptr
    const JoinProgram* joined = nullptr;        ///< a running sandbox instead of new namespaces, or nullptr
    JoinedViews views;
    const TreePart* trees = nullptr;  ///< in the order of the steps
    std::size_t tree_count = 0;
    bool take_ids =
        false;          ///< the caller's ids are not mapped: init and its children are 0 of the setup user namespace
    int refusals = -1;  ///< socket: the listener of the command's filter goes there, or -1

    /// Fault injection, for tests only: this step (by index) or stage fails with this errno instead of being done.
    std::size_t fault_step = SIZE_MAX;
    Stage fault_stage = Stage::none;
    int fault_error = 0;
};

/// The launcher's argv and environment in this copy of its memory, where others could see them.
void wipe_arguments(const InitProgram& program) noexcept;

/// The body of init. Does not return.
[[noreturn]] void run_init(const InitProgram& program) noexcept;

/// The body of the intermediate process. Does not return.
[[noreturn]] void run_intermediate(const IntermediateProgram& own, InitProgram program) noexcept;

/// What the setup child has from init.
struct SetupContext {
    int cwd = -1;        ///< the caller's current directory
    int host_proc = -1;  ///< the host's /proc
    int announce = -1;   ///< write end: host pid to init, when the guest user namespace is made
    int proceed = -1;    ///< read end: init has made the network namespace; init has written the maps
    int init = -1;       ///< pidfd of init, to join its network namespace
    int terminal = -1;   ///< the command's own
    int devpts = -1;     ///< the detached mount that the terminal is in, until it is attached
    JoinedViews views;
};

/// Makes the command's own terminal, the controlling one of a session that init leads from then on. Returns an errno.
/// terminal.cpp
[[nodiscard]] int make_terminal(const TerminalProgram& program, SetupContext& context) noexcept;

/// Joins what of a running sandbox the setup user namespace owns. Returns an errno. join.cpp
[[nodiscard]] int join_namespaces(const InitProgram& program) noexcept;

/// The body of the setup child: every step of the plan, the last of which is exec. Does not return.
[[noreturn]] void run_setup(const InitProgram& program, const SetupContext& context) noexcept;

}  // namespace sandbox::run
