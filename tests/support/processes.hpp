// The processes of the machine, as /proc shows them, and waiting for something to become true.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace sandbox_test {

struct ProcessState {
    pid_t pid = 0;
    pid_t parent = 0;
    pid_t group = 0;
    char state = '?';  ///< the letter of ps(1): R S D T Z ...
    std::string name;
};

/// All processes that can be seen; those that end meanwhile are passed over.
std::vector<ProcessState> all_processes();
std::vector<ProcessState> children_of(pid_t pid);
/// Children, their children and so on.
std::vector<ProcessState> descendants_of(pid_t pid);

/// The one descendant with this name, waited for. A pid of 0, and a failed test, when it does not come.
ProcessState await_descendant(pid_t of, const std::string& name);
/// Waits until a process is in one of the states of ps(1) that `states` lists.
bool await_state(pid_t pid, const std::string& states);

/// Waits until a process has executed this: what it is called has changed a moment before.
bool await_command_line(pid_t pid, const std::vector<std::string>& words);

/// Waits until `condition` holds. For what the kernel tells nobody about; fails the test, with `what`, when it does not
/// come true within a bound.
bool wait_until(const std::function<bool()>& condition, const std::string& what);

/// Waits for the next tick of the clock: a file gets the time of the last one, so that what is written within one tick
/// looks as if it had been written at once.
void await_tick();

/// How long the tests wait for what ought to come at once.
inline constexpr std::chrono::seconds patience{120};

}  // namespace sandbox_test
