#include "support/host.hpp"

#include <unistd.h>

#include <vector>

#include "support/environment.hpp"

namespace sandbox_test {
namespace {

// The binary and the probes may lie below what is covered.
constexpr const char* preparation = R"(set -eu
mount -t tmpfs host /mnt
mkdir /mnt/host
cp "$SANDBOX" /mnt/host/sandbox
cp -R "$PROBES" /mnt/host/probes
SANDBOX=/mnt/host/sandbox PROBES=/mnt/host/probes
for place in /home /srv /media; do mount -t tmpfs host "$place"; done
mount --make-rshared /
cd /
)";

}  // namespace

Result on_host_of_its_own(const std::string& script, const RunOptions& options) {
    std::vector<std::string> command{"unshare", "--mount", "--propagation", "private"};
    if (geteuid() != 0) {
        command.insert(command.end(), {"--user", "--map-root-user"});
    }
    command.insert(command.end(), {"--", "bash", "-c", preparation + script});
    RunOptions with_variables = options;
    with_variables.set.emplace("SANDBOX", sandbox_binary());
    with_variables.set.emplace("PROBES", given("SANDBOX_PROBES"));
    return run(command, with_variables);
}

}  // namespace sandbox_test
