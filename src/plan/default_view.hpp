// The tree that the command sees, before the user's own mounts: system directories, private places, homes, cwd. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/command.hpp"
#include "plan/homes.hpp"
#include "plan/kernel_mounts.hpp"
#include "plan/overlays.hpp"
#include "plan/sources.hpp"
#include "plan/view.hpp"

#include <sandbox/spec.hpp>

#include <set>
#include <string>
#include <vector>

namespace sandbox::plan {

/// Builds the default view (or, with Spec::root, the one over that directory) and then applies the user's mounts.
class DefaultView {
  public:
    DefaultView(const Spec& spec, const host::Facts& facts, const host::Tree& tree, const Homes& homes,
                const Sources& sources, const Aliases& aliases, const Learnt& learnt, Plan& plan);
    void build();

    /// Throws Error where the plan, which is complete, would wait for a file system that does not answer.
    void refuse_silence() const;

    [[nodiscard]] std::string home() const;
    [[nodiscard]] const std::string& cwd() const { return cwd_; }
    /// What this round has learnt for the next; nothing when the plan is complete.
    [[nodiscard]] Learnt news() const;
    [[nodiscard]] const std::vector<std::string>& writable() const { return view_.writable(); }

  private:
    void make_root();
    void note_owners();
    void make_devices();
    void make_proc();
    void make_sys();
    [[nodiscard]] bool is_apart(Namespace kind) const;
    void make_private_places();
    void make_home(const std::string& standard);
    [[nodiscard]] bool is_home_place(const std::string& path) const;
    void hide_homes();
    void show_home();
    void hide_credentials();
    void hide_system_credentials();
    void hide_state();
    void show_cwd();
    void show_resolver_files();
    void choose_cwd();
    [[nodiscard]] Inside inside() const;

    const Spec& spec_;
    const host::Facts& facts_;
    const host::Tree& tree_;
    NamespaceSet fresh_;
    const Homes& homes_;
    const Sources& sources_;
    const Learnt& learnt_;
    std::set<std::string> skeletons_;
    std::set<std::string> hidden_paths_;
    View view_;
    KernelMounts kernel_mounts_;
    Overlays overlays_;
    bool whole_;  ///< --overlay /
    std::string cwd_ = "/";
    Plan& plan_;
};

}  // namespace sandbox::plan
