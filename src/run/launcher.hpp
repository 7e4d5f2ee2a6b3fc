// The launcher: starts a plan and supervises it from outside.
//
// Theory of operation. The processes:
//   launcher   the calling process, outside. Makes init with clone3 (user namespace first, always), writes the id maps
//   of the
//              setup user namespace while init waits for the order, says "go", and then waits.
//   init       init.cpp. In the setup user namespace, pid 1 of the outer pid namespace. Makes the command's process,
//   then the
//              network namespace while that one mounts, writes the guest's id maps, gives up all it can, and waits.
//   command    setup.cpp until exec: executes the plan's steps, enters the guest user namespace, becomes the command.
//   listener   listener.cpp. A child of init, where there is a terminal and the command is pid 1.
// The pipes, all close-on-exec:
//   order      launcher -> init      go, abort, signals.
//   status     init -> launcher      a stage that failed; that the command runs, and its pid; its stops, its end.
//   report     command -> launcher   the step that failed, or that exec comes next; with --verbose the time of each.
//   announce   command -> init       the guest user namespace exists; closed by exec.
//   proceed    init -> command       the network namespace exists; the guest's id maps are written; init is confined.
// With --seccomp-log a socket, command -> launcher: the listener of the command's filter, once.
// The launcher's death is seen by its pidfd, init's by another: the end of a pipe proves nothing while a process that
// another thread of the launcher forked holds a copy. None of these descriptors is left in the command.
#pragma once

#include "changes/store.hpp"
#include "changes/thrown_away.hpp"
#include "plan/plan.hpp"
#include "registry/registry.hpp"
#include "report/reporter.hpp"
#include "run/child/messages.hpp"
#include "run/joined.hpp"

#include <sandbox/process.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace sandbox::run {

/// For tests: the step or stage that fails with `error` instead of being done.
struct Fault {
    std::optional<std::size_t> step;
    Stage stage = Stage::none;
    int error = 0;
};

struct Settings {
    bool foreground = false;
    bool trace = false;
    bool die_with_parent = false;
    Fault fault = {};
    std::shared_ptr<report::Reporter> reporter = {};            ///< of a run that is to be reported
    std::unique_ptr<registry::Registration> registration = {};  ///< of a sandbox with a name
    registry::Running described = {};                           ///< what is said there when the command runs
    std::optional<changes::Store> changes = {};                 ///< where the plan keeps what is written
    std::unique_ptr<changes::ThrownAway> thrown_away = {};      ///< where it puts what is thrown away
    std::optional<JoinedNamespaces> joined = {};                ///< for a plan that joins a running sandbox
    std::optional<InheritedNamespaces> inherited = {};          ///< for one with namespaces of others (Spec::join)
};

/// Starts the plan. Throws Error when the command did not come to run; nothing is left behind then.
[[nodiscard]] Process start(plan::Plan plan, Settings settings);

}  // namespace sandbox::run
