// What the user asked to see: --ro, --rw, --tmpfs, in the order given, over the default view. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/homes.hpp"
#include "plan/kernel_mounts.hpp"
#include "plan/view.hpp"

#include <sandbox/spec.hpp>

namespace sandbox::plan {

class UserMounts {
  public:
    UserMounts(const Spec& spec, const host::Facts& facts, const host::Tree& tree, const Homes& homes,
               KernelMounts& kernel_mounts, View& view)
        : spec_(spec), facts_(facts), tree_(tree), homes_(homes), kernel_mounts_(kernel_mounts), view_(view) {}

    /// All of Spec::mounts. Throws at the first that cannot be.
    void apply();

  private:
    void apply(const Bind& bind);
    void apply(const Tmpfs& tmpfs);
    void refuse_a_way_out(const Bind& bind) const;

    const Spec& spec_;
    const host::Facts& facts_;
    const host::Tree& tree_;
    const Homes& homes_;
    KernelMounts& kernel_mounts_;
    View& view_;
};

}  // namespace sandbox::plan
