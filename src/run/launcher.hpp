// The launcher: starts a plan and supervises it from outside.
//
// Theory of operation. Three processes:
//   launcher   the calling process, outside. Makes init with clone3 (user namespace first, always), writes the id maps
//   of the
//              setup user namespace while init waits on the order pipe, says "go", and then waits.
//   init       init.cpp. In the setup user namespace, pid 1 of the outer pid namespace. Makes the command's process.
//   command    setup.cpp until exec: executes the plan's steps, enters the guest user namespace, becomes the command.
// Pipes, all close-on-exec:
//   order      launcher -> init      go, abort, signals. End of file: the launcher is dead, and so is the sandbox.
//   status     init -> launcher      a stage that failed; the command's pid, stops, end.
//   report     command -> launcher   the step that failed, or `executing` and end of file: exec closed it.
//   announce, proceed                between command and init: the guest user namespace exists; its maps are written.
// What the guest could write to is none of these: its side of each is closed before it runs.
#pragma once

#include "plan/plan.hpp"
#include "run/child/messages.hpp"

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
    Fault fault;
};

/// Starts the plan. Throws Error when the command did not come to run; nothing is left behind then.
[[nodiscard]] Process start(const plan::Plan& plan, const Settings& settings);

}  // namespace sandbox::run
