#include "support/host.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>
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
for place in /home /srv /media; do
    if [ -n "${PLACES-}" ]; then
        mkdir "$PLACES$place"
        mount --bind "$PLACES$place" "$place"
    else
        mount -t tmpfs host "$place"
    fi
done
mount --make-rshared /
cd /
)";

// Since Linux 6.3 the ids of a tmpfs can be mapped, which is what root's sandboxes do.
bool may_map_ids_of_tmpfs() {
    utsname system{};
    ::uname(&system);
    int major = 0;
    int minor = 0;
    return std::sscanf(system.release, "%d.%d", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 3));
}

}  // namespace

Result on_host_of_its_own(const std::string& script, const RunOptions& options) {
    std::vector<std::string> command{"unshare", "--mount", "--propagation", "private"};
    if (geteuid() != 0) {
        command.insert(command.end(), {"--user", "--map-root-user"});
    }
    command.insert(command.end(), {"--", "bash", "-c", preparation + script});
    RunOptions with_variables = options;
    std::optional<TemporaryDirectory> places;
    if (geteuid() == 0 && !may_map_ids_of_tmpfs()) {
        with_variables.set.emplace("PLACES", places.emplace().path());
    }
    with_variables.set.emplace("SANDBOX", sandbox_binary());
    with_variables.set.emplace("PROBES", given("SANDBOX_PROBES"));
    return run(command, with_variables);
}

}  // namespace sandbox_test
