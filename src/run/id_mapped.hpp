// Idmapped mounts (mount_setattr(2)), which give the files of a tree other owners inside than on disk.
//
// The kernel makes one for who has CAP_SYS_ADMIN over the user namespace that owns the file system: for the launcher,
// when it is root of the host, and never for init. So the launcher clones what is to be shown, before it clones init,
// and the setup child gets the detached trees as descriptors and attaches them.
#pragma once

#include "plan/plan.hpp"
#include "run/child/child.hpp"
#include "sys/fd.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sandbox::run {

/// The lines of a map by which ids on disk are shown as those of `block`, whose first is 0 inside: each as its own
/// number, but for `owner`, which changes places with `command`. Pure.
[[nodiscard]] std::vector<plan::IdExtent> owner_map(const plan::IdExtent& block, std::uint32_t owner,
                                                    std::uint32_t command);

class IdMappedTrees {
  public:
    /// Makes all that the plan asks for. `self`: a pidfd of the calling process. Throws Error.
    IdMappedTrees(const plan::Plan& plan, int self);

    /// In the order of the steps; the descriptors stay this object's.
    [[nodiscard]] const std::vector<TreePart>& parts() const noexcept { return parts_; }

  private:
    struct Shown;  ///< a bind that is being made

    [[nodiscard]] int user_namespace(const Shown& shown);
    void make(const Shown& shown);
    void make_lower(const Shown& shown);
    void make_written(const Shown& shown);
    void make_one_by_one(const Shown& shown, int user_namespace);
    void add_single(const Shown& shown, int user_namespace, bool part, sys::UniqueFd tree, const std::string& path,
                    const std::string& type, const std::string& rest = {});
    void add(const Shown& shown, sys::UniqueFd tree, const std::string& below);

    const plan::Plan& plan_;
    int self_;
    std::map<std::pair<std::string, std::string>, sys::UniqueFd> user_namespaces_;  ///< by the texts of their maps
    std::deque<sys::UniqueFd> trees_;
    std::deque<std::string> places_;  ///< TreePart::below
    std::vector<TreePart> parts_;
    std::size_t aside_ = 0;  ///< how many trees are out of the way of other descriptors
};

}  // namespace sandbox::run
