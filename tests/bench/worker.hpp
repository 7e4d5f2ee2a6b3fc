// A process of its own for each measurement: with the ids it shall have, its own mounts where needed, and no memory or
// descriptors of what was measured before.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bench {

/// Who runs the commands.
struct Caller {
    std::string name;  ///< as the tables show it
    uid_t uid = 0;
    gid_t gid = 0;
};

/// Text of the worker's choice.
using Work = std::function<std::string()>;

/// Forks, becomes `caller` (after `prepare`, which still has the privileges of this process), changes to `directory`,
/// with /dev/null as descriptors 0 to 2, and returns what `work` returned there. Throws what either threw.
[[nodiscard]] std::string run_as(const Caller& caller, const std::string& directory,
                                 const std::function<void()>& prepare, const Work& work);

/// In a worker: what comes next has as much time as all before.
void go_on();

}  // namespace bench
