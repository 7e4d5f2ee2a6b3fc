// What the user asked to see: --ro, --rw, --tmpfs and their like, in the order given, over the default view. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/homes.hpp"
#include "plan/kernel_mounts.hpp"
#include "plan/overlays.hpp"
#include "plan/sources.hpp"
#include "plan/view.hpp"

#include <sandbox/spec.hpp>

#include <string>

namespace sandbox::plan {

class UserMounts {
  public:
    UserMounts(const Spec& spec, const host::Facts& facts, const host::Tree& tree, const Sources& sources,
               const Homes& homes, KernelMounts& kernel_mounts, Overlays& overlays, const Learnt& learnt, View& view)
        : spec_(spec),
          facts_(facts),
          tree_(tree),
          sources_(sources),
          homes_(homes),
          kernel_mounts_(kernel_mounts),
          overlays_(overlays),
          learnt_(learnt),
          view_(view) {}

    /// All of Spec::mounts. Throws at the first that cannot be; the message begins with it.
    void apply();

  private:
    void apply(const Bind& bind);
    void apply(const Tmpfs& tmpfs);
    void apply(const Directory& directory);
    void apply(const Symlink& link);
    void apply(const FileCopy& file);
    void apply(const FileData& file);
    void apply(const Device& wanted);
    void apply(const sandbox::Hide& hidden);
    void apply(const Overlay& overlay);
    void hide_before(const std::string& canonical);
    /// `showing_it`: what would, as the remedy says it.
    void refuse_whole_home(const Sources::Found& found, const char* showing_it) const;
    /// A target as the view has it.
    [[nodiscard]] std::string inside(const std::string& target) const;

    const Spec& spec_;
    const host::Facts& facts_;
    const host::Tree& tree_;
    const Sources& sources_;
    const Homes& homes_;
    KernelMounts& kernel_mounts_;
    Overlays& overlays_;
    const Learnt& learnt_;
    View& view_;
    std::string asked_;  ///< the entry that is being applied, as it is written on the command line
    std::vector<const sandbox::Hide*> hidden_;  ///< before that one
    unsigned number_ = 0;                       ///< of the mount, from 1
};

/// `--overlay /`, from wherever it is named.
[[nodiscard]] bool is_whole_tree(const Overlay& overlay, const host::Facts& facts);
[[nodiscard]] bool overlays_whole_tree(const Spec& spec, const host::Facts& facts);

}  // namespace sandbox::plan
