// Interfaces of the kernel (proc, sysfs...) in what is shown of the host: covered, read-only or refused. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/view.hpp"

#include <string>

namespace sandbox::plan {

class KernelMounts {
  public:
    KernelMounts(const host::Facts& facts, const host::Tree& tree, View& view, Plan& plan)
        : facts_(facts), tree_(tree), view_(view), plan_(plan) {}

    /// What is mounted below a source comes with it. Another proc of the host shows the host's processes: it is
    /// covered. Other kernel interfaces stay readable.
    void guard(const std::string& canonical, const std::string& target, bool writable);
    /// Throws where the source itself lies in one.
    void refuse_source(const std::string& canonical, bool writable) const;
    /// Throws where devices cannot be opened at that path: the flag of the host's mount cannot be taken off.
    void refuse_without_devices(const std::string& canonical) const;

  private:
    [[nodiscard]] const host::MountEntry* holder_of(const std::string& canonical) const;

    const host::Facts& facts_;
    const host::Tree& tree_;
    View& view_;
    Plan& plan_;
};

/// Masks and read-only binds of /proc and /sys: files of the host that ask for kuid 0, not for a capability.
void protect_kernel_trees(Plan& plan, const host::Facts& facts);

/// Root inside has no network capability; what it would need one for is opened to everybody inside.
void open_network_to_all(Plan& plan, const host::Facts& facts);

}  // namespace sandbox::plan
