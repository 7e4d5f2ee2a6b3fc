// Why newuidmap(1) or newgidmap(1) did not map the ids.
#include "run/failure.hpp"

#include <cerrno>
#include <string>

namespace sandbox::run {

Error map_failure(const plan::Plan& plan, const HelperFailure& failure) {
    const bool users = failure.helper == "newuidmap";
    const std::string cannot = std::string("cannot map the ") + (users ? "user" : "group") + " ids: ";
    if (failure.missing) {
        return Error(cannot + failure.helper + ", which maps ids that are not the caller's own, is not in PATH")
            .at({0, users ? "uid_map" : "gid_map", "", ENOENT})
            .with_fix("install it (Debian and Ubuntu: apt-get install uidmap; Fedora: shadow-utils)");
    }
    std::string said = failure.said.substr(0, failure.said.find('\n'));
    if (said.starts_with(failure.helper + ": ")) {
        said.erase(0, failure.helper.size() + 2);
    }
    std::string maps;
    for (const plan::IdExtent& extent : users ? plan.setup_maps.users : plan.setup_maps.groups) {
        maps += ' ' + std::to_string(extent.outside) + ':' + std::to_string(extent.count);
    }
    return Error(cannot + failure.helper + ": " + (said.empty() ? "it did not, and does not say why" : said))
        .at({0, users ? "uid_map" : "gid_map", "", EPERM})
        .with_fix(std::string("see that ") + (users ? "/etc/subuid" : "/etc/subgid") + " grants" + maps +
                  ", and that " + failure.helper + " is set-user-id root or has its file capability");
}

}  // namespace sandbox::run
